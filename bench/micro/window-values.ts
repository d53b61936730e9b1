import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Point } from '../../src/sink/point.js';
import { CLIMATE, climatePoints, INSTANT_SINK, openIdleWindows } from '../windows/idle-windows.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

const SERIES = 2_000;
const DAY_MS = 86_400_000;

/** What it costs a value that its windows are noted before it is written, beside a store that takes it at once. */
export async function compareWindowValues(directory: string, sizes: RoundSizes): Promise<Comparison[]> {
  const folder = await mkdtemp(join(directory, 'sluice-bench-windows-'));
  const windows = await openIdleWindows(folder, '0');
  const never = new AbortController().signal;
  const sink = windows.around(INSTANT_SINK);
  const values = SERIES * CLIMATE.fields.size;
  const writing = (to: Pick<typeof sink, 'write'>, points: readonly Point[]) => async () => {
    await to.write(points, never);
    return values;
  };
  try {
    const comparisons: Comparison[] = [];
    for (const [name, points] of [
      ['windows: note a value', climatePoints(SERIES, () => 0)],
      // Groups of a window that has closed: 500 in each.
      ['windows: note a late value', climatePoints(SERIES, (nth) => DAY_MS + (nth % 4) * CLIMATE.sizeMs)],
    ] as const) {
      const names = { name, alternative: 'the write alone, which does nothing' };
      comparisons.push(await compare(names, writing(sink, points), writing(INSTANT_SINK, points), sizes));
    }
    return comparisons;
  } finally {
    await windows.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
