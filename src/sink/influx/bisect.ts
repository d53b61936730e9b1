import type { LineProblem } from './response.js';

/** The store's final word on one request; availability and configuration faults are over by then. */
export type Verdict =
  | { readonly kind: 'written' }
  /** `lines`: the refused ones where the store names them; all others of the request are written then. */
  | { readonly kind: 'refused'; readonly reason: string; readonly lines?: readonly LineProblem[] | undefined }
  | { readonly kind: 'too-large'; readonly reason: string };

export interface FoundLines {
  /** Refused when sent alone (or named by the store), once. */
  readonly refused: readonly LineProblem[];
  /** Too large when sent alone. */
  readonly tooLarge: readonly LineProblem[];
}

/**
 * Writes the lines and finds those the store does not take: halves of a refused request are sent in order, down
 * to single lines. Safe because writing a line again changes nothing. About 2 × log2(n) requests a bad line.
 *
 * `storeIsSound` is asked at the first refusal: a store that refuses a known-good line too is at fault itself,
 * and then nothing is found (undefined). InfluxDB 3 says 400 for some of its own failures.
 */
export async function findRefusedLines(
  lines: readonly string[],
  post: (lines: readonly string[]) => Promise<Verdict>,
  storeIsSound: () => Promise<boolean>,
): Promise<FoundLines | undefined> {
  const refused: LineProblem[] = [];
  const tooLarge: LineProblem[] = [];
  let isKnownSound = false;
  // The next piece is at the end: the first half of a piece goes on top of its second half.
  const pieces: [from: number, to: number][] = [[0, lines.length]];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const [from, to] = piece;
    const verdict = await post(lines.slice(from, to));
    if (verdict.kind === 'written') continue;
    if (verdict.kind === 'refused' && !isKnownSound) {
      if (!(await storeIsSound())) return undefined;
      isKnownSound = true;
    }
    if (verdict.kind === 'refused' && verdict.lines !== undefined) {
      refused.push(...verdict.lines.map(({ line, reason }) => ({ line: from + line, reason })));
      continue;
    }
    if (to - from === 1) {
      (verdict.kind === 'refused' ? refused : tooLarge).push({ line: from, reason: verdict.reason });
      continue;
    }
    const middle = from + Math.ceil((to - from) / 2);
    pieces.push([middle, to], [from, middle]);
  }
  return { refused, tooLarge };
}
