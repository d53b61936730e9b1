import type { RejectionCode } from '../sink.js';
import type { LineProblem } from './response.js';

/** A few refused lines are bad lines, whatever share of a small request they are. */
const MIN_LINES_OF_A_SHARE = 20;

const STORE_AT_FAULT = 'it refuses a line known to be good as well';

/** The store's final verdict on one request; outages and configuration faults are over by then. */
export type Verdict =
  | { readonly kind: 'written' }
  /** `lines`: the refused lines where the store names them; it has written all others of the request then. */
  | { readonly kind: 'refused'; readonly reason: string; readonly lines?: readonly LineProblem[] }
  | { readonly kind: 'too-large'; readonly reason: string };

export interface LineRejection extends LineProblem {
  readonly code: Exclude<RejectionCode, 'not-expressible'>;
}

/** Why there is a pause before the same lines are sent again. */
export type PauseCause = 'confirm' | 'store-at-fault' | 'too-many-refused';

/** The operations of the sink that writing a chunk needs. */
export interface ChunkPort {
  post(lines: readonly string[]): Promise<Verdict>;
  /** Writes a line of our own that is known to be good, and resolves with whether the store accepted it. */
  acceptsHealthLine(): Promise<boolean>;
  /** Rejects with SINK_ABORTED. `attempt` counts from 0 for each cause. */
  pause(cause: PauseCause, attempt: number, reason: string): Promise<void>;
  /** See InfluxSinkOptions. */
  readonly maxRefusedShare: number;
}

/**
 * Writes the lines of one request and resolves with those that the store will never accept, sorted by line.
 * 1. A line is rejected only when the store refused it alone (or named it), and again alone after a pause.
 * 2. No line is rejected while the store refuses a known-good line: then all lines are kept and sent again.
 * 3. If the store accepts a suspect at the second try, the other lines are written again in order: a later line
 *    with the same identity must win.
 */
export async function writeChunk(
  lines: readonly string[],
  port: ChunkPort,
): Promise<readonly LineRejection[]> {
  let rejections: LineRejection[] = [];
  let faults = 0;
  let holds = 0;
  for (;;) {
    const rejected = new Set(rejections.map(({ line }) => line));
    const lineOf = indicesWithout(lines.length, rejected);
    if (lineOf.length === 0) return rejections;
    const remaining = rejected.size === 0 ? lines : lineOf.map((line) => lines[line]!);
    const found = await findRefusedLines(remaining, port);
    if (found === undefined) {
      await port.pause('store-at-fault', faults++, STORE_AT_FAULT);
      continue;
    }
    const suspects = found.refused.map(({ line, reason }) => ({ line: lineOf[line]!, reason }));
    const second = suspects.length === 0 ? NO_SUSPECTS : await tryAgain(lines, suspects, port);
    if (second === undefined) {
      await port.pause('store-at-fault', faults++, STORE_AT_FAULT);
      continue;
    }
    const tooLarge = found.tooLarge.map(
      ({ line, reason }): LineRejection => ({ line: lineOf[line]!, reason, code: 'store-too-large' }),
    );
    rejections = [...rejections, ...tooLarge, ...second.rejections];
    const share = rejections.length / lines.length;
    if (rejections.length >= MIN_LINES_OF_A_SHARE && share > port.maxRefusedShare) {
      const reason = `it refuses ${rejections.length} of ${lines.length} lines: ${rejections[0]!.reason}`;
      rejections = [];
      await port.pause('too-many-refused', holds++, reason);
      continue;
    }
    if (second.acceptedCount === 0) return rejections.sort((a, b) => a.line - b.line);
  }
}

interface FoundLines {
  /** Lines that the store refused once, alone or by naming them. */
  readonly refused: readonly LineProblem[];
  /** Lines that are too large even alone. */
  readonly tooLarge: readonly LineProblem[];
}

/**
 * Writes the lines and finds those that the store refuses: it sends the halves of a refused request in order, down
 * to single lines. This is safe because writing a line again changes nothing. It takes about 2 × log2(n) requests
 * per bad line.
 *
 * The first refusal is checked with a known-good line: a store that refuses it too is at fault itself, and the
 * result is undefined. InfluxDB 3 answers some of its own failures with 400.
 */
async function findRefusedLines(lines: readonly string[], port: ChunkPort): Promise<FoundLines | undefined> {
  const refused: LineProblem[] = [];
  const tooLarge: LineProblem[] = [];
  let isKnownSound = false;
  // A stack: the first half of a piece goes on top of its second half.
  const pieces: [from: number, to: number][] = [[0, lines.length]];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const [from, to] = piece;
    const verdict = await port.post(lines.slice(from, to));
    if (verdict.kind === 'written') continue;
    if (verdict.kind === 'refused' && !isKnownSound) {
      if (!(await port.acceptsHealthLine())) return undefined;
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

interface SecondTry {
  readonly rejections: readonly LineRejection[];
  readonly acceptedCount: number;
}

const NO_SUSPECTS: SecondTry = { rejections: [], acceptedCount: 0 };

/** Sends each suspect alone once more; resolves with undefined when the store meanwhile refuses the known-good line. */
async function tryAgain(
  lines: readonly string[],
  suspects: readonly LineProblem[],
  port: ChunkPort,
): Promise<SecondTry | undefined> {
  await port.pause('confirm', 0, suspects[0]!.reason);
  if (!(await port.acceptsHealthLine())) return undefined;
  const rejections: LineRejection[] = [];
  let acceptedCount = 0;
  for (const { line, reason } of suspects) {
    const verdict = await port.post([lines[line]!]);
    if (verdict.kind === 'written') acceptedCount++;
    else if (verdict.kind === 'too-large') {
      rejections.push({ line, reason: verdict.reason, code: 'store-too-large' });
    }
    // The first reason is kept: where the store named the line, the answer to the line alone may say less.
    else rejections.push({ line, reason: reason || verdict.reason, code: 'store-refused' });
  }
  return { rejections, acceptedCount };
}

function indicesWithout(count: number, omitted: ReadonlySet<number>): number[] {
  const indices: number[] = [];
  for (let i = 0; i < count; i++) if (!omitted.has(i)) indices.push(i);
  return indices;
}
