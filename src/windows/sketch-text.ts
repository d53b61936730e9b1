import type { SketchBins } from '../sink/field-summary.js';

/** The bins of a sketch as a text for a hidden field of a row: `bin:count` in the order of the bins. */
export function sketchText(bins: SketchBins): string {
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, count]) => `${bin}:${count}`)
    .join(' ');
}

/** Undefined for a text that `sketchText` did not write. */
export function parseSketch(text: string): SketchBins | undefined {
  const bins = new Map<number, number>();
  if (text === '') return bins;
  for (const pair of text.split(' ')) {
    const [bin, count] = pair.split(':').map(Number);
    if (!Number.isInteger(bin) || !Number.isInteger(count)) return undefined;
    bins.set(bin!, count!);
  }
  return bins;
}
