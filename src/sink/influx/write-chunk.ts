import type { RefusalCode } from '../sink.js';
import { findRefusedLines, type Verdict } from './bisect.js';
import type { LineProblem } from './response.js';

export interface LineRefusal extends LineProblem {
  readonly code: Exclude<RefusalCode, 'not-expressible'>;
}

/** Why the same lines are about to be sent once more. */
export type PauseCause = 'confirm' | 'store-at-fault' | 'too-many-refused';

/** What writing a chunk needs of the sink. */
export interface ChunkPort {
  post(lines: readonly string[]): Promise<Verdict>;
  /** Writes a known-good line of our own. */
  takesHealthLine(): Promise<boolean>;
  /** Rejects with SINK_ABORTED. `attempt` counts from 0 for each cause. */
  pause(cause: PauseCause, attempt: number, words: string): Promise<void>;
  /** See InfluxSinkOptions. */
  readonly maxRefusedShare: number;
}

/** A few refused lines are bad lines, whatever share of a small request they are. */
const MIN_LINES_OF_A_SHARE = 20;

/**
 * Writes one request's worth of lines; resolves with those the store will never take, by line.
 * 1. A line is given up only when it was refused alone (or named by the store), and alone again after a pause.
 * 2. No line is given up while the store refuses a known-good line: then all of it is kept and tried again.
 * 3. If a suspect is taken at the second try, the rest is written again in order: a later line of the same
 *    identity must have the last word.
 */
export async function writeChunk(lines: readonly string[], port: ChunkPort): Promise<readonly LineRefusal[]> {
  const post = (piece: readonly string[]) => port.post(piece);
  let refusals: LineRefusal[] = [];
  let faults = 0;
  let holds = 0;
  for (;;) {
    const givenUp = new Set(refusals.map(({ line }) => line));
    const lineOf = indicesWithout(lines.length, givenUp);
    if (lineOf.length === 0) return refusals;
    const left = givenUp.size === 0 ? lines : lineOf.map((line) => lines[line]!);
    const found = await findRefusedLines(left, post, () => port.takesHealthLine());
    if (found === undefined) {
      await port.pause('store-at-fault', faults++, 'it refuses a line known to be good as well');
      continue;
    }
    const confirmed: LineRefusal[] = found.tooLarge.map(({ line, reason }) => ({
      line: lineOf[line]!,
      reason,
      code: 'store-too-large',
    }));
    const suspects = found.refused.map(({ line, reason }) => ({ line: lineOf[line]!, reason }));
    const second = suspects.length === 0 ? NOTHING : await tryAgain(lines, suspects, port);
    if (second === undefined) {
      await port.pause('store-at-fault', faults++, 'it refuses a line known to be good as well');
      continue;
    }
    refusals = [...refusals, ...confirmed, ...second.refused];
    const share = refusals.length / lines.length;
    if (refusals.length >= MIN_LINES_OF_A_SHARE && share > port.maxRefusedShare) {
      const words = `it refuses ${refusals.length} of ${lines.length} lines: ${refusals[0]!.reason}`;
      refusals = [];
      await port.pause('too-many-refused', holds++, words);
      continue;
    }
    if (second.takenCount === 0) return refusals.sort((a, b) => a.line - b.line);
  }
}

interface SecondTry {
  readonly refused: readonly LineRefusal[];
  readonly takenCount: number;
}

const NOTHING: SecondTry = { refused: [], takenCount: 0 };

/** Sends each suspect alone once more; undefined when the store fails the known-good line meanwhile. */
async function tryAgain(
  lines: readonly string[],
  suspects: readonly LineProblem[],
  port: ChunkPort,
): Promise<SecondTry | undefined> {
  await port.pause('confirm', 0, suspects[0]!.reason);
  if (!(await port.takesHealthLine())) return undefined;
  const refused: LineRefusal[] = [];
  let takenCount = 0;
  for (const { line, reason } of suspects) {
    const verdict = await port.post([lines[line]!]);
    if (verdict.kind === 'written') takenCount++;
    else if (verdict.kind === 'too-large')
      refused.push({ line, reason: verdict.reason, code: 'store-too-large' });
    // Words of the first refusal where the store named the line; alone it may say less.
    else refused.push({ line, reason: reason || verdict.reason, code: 'store-refused' });
  }
  return { refused, takenCount };
}

function indicesWithout(count: number, left: ReadonlySet<number>): number[] {
  const indices: number[] = [];
  for (let i = 0; i < count; i++) if (!left.has(i)) indices.push(i);
  return indices;
}
