import type { FieldTypeConflict, RejectionCode } from '../sink.js';
import type { ChunkPort } from './chunk-port.js';
import { findRefusedLines } from './find-refused-lines.js';
import type { LineProblem } from './response.js';

/** A few refused lines are bad lines, whatever share of a small request they are. */
const MIN_LINES_OF_A_SHARE = 20;

const STORE_AT_FAULT = 'it refuses a line known to be good as well';

export interface LineRejection extends LineProblem {
  readonly code: Extract<RejectionCode, `store-${string}`>;
  readonly conflict?: FieldTypeConflict;
}

/**
 * Writes the lines of one request and resolves with those that the store will never accept, sorted by line.
 * 1. A line is rejected only when the store refused it alone (or named it), and again alone after a pause; or when the store
 *    named a field of it, the type it has and the type it must have: such words are no fault of the moment.
 * 2. No other line is rejected while the store refuses a known-good line: then all lines are kept and sent again.
 * 3. If the store accepts a suspect at the second try, or a line behind later ones, the other lines are written again in
 *    order: a later line with the same identity must win.
 *
 * @param count the lines are numbered from 0
 */
export async function writeChunk(count: number, port: ChunkPort): Promise<readonly LineRejection[]> {
  let rejections: LineRejection[] = [];
  let faults = 0;
  let holds = 0;
  for (;;) {
    const rejected = new Set(rejections.map(({ line }) => line));
    const remaining = numbersWithout(count, rejected);
    if (remaining.length === 0) return rejections;
    const found = await findRefusedLines(remaining, port);
    if (found === undefined) {
      await port.pause('store-at-fault', faults++, STORE_AT_FAULT);
      continue;
    }
    const suspects = found.refused;
    const second = suspects.length === 0 ? NO_SUSPECTS : await tryAgain(suspects, port);
    if (second === undefined) {
      await port.pause('store-at-fault', faults++, STORE_AT_FAULT);
      continue;
    }
    const tooLarge = found.tooLarge.map((one): LineRejection => ({ ...one, code: 'store-too-large' }));
    const conflicting = found.conflicting.map((one): LineRejection => ({ ...one, code: 'store-refused' }));
    rejections = [...rejections, ...tooLarge, ...conflicting, ...second.rejections];
    const counted = withoutConflicts(rejections);
    if (counted.length >= MIN_LINES_OF_A_SHARE && counted.length / count > port.maxRefusedShare) {
      const reason = `it refuses ${counted.length} of ${count} lines: ${counted[0]!.reason}`;
      rejections = [];
      await port.pause('too-many-refused', holds++, reason);
      continue;
    }
    if (second.acceptedCount === 0 && !found.isOutOfOrder) {
      return rejections.sort((a, b) => a.line - b.line);
    }
  }
}

/** A conflict of types is for the policy to resolve; it does not show that store or configuration are at fault. */
export function withoutConflicts(rejections: readonly LineRejection[]): readonly LineRejection[] {
  return rejections.filter(({ conflict }) => conflict === undefined);
}

interface SecondTry {
  readonly rejections: readonly LineRejection[];
  readonly acceptedCount: number;
}

const NO_SUSPECTS: SecondTry = { rejections: [], acceptedCount: 0 };

/** Sends each suspect alone once more; resolves with undefined when the store meanwhile refuses the known-good line. */
async function tryAgain(suspects: readonly LineProblem[], port: ChunkPort): Promise<SecondTry | undefined> {
  await port.pause('confirm', 0, suspects[0]!.reason);
  if (!(await port.acceptsHealthLine())) return undefined;
  const rejections: LineRejection[] = [];
  let acceptedCount = 0;
  for (const { line, reason } of suspects) {
    const verdict = await port.post([line]);
    if (verdict.kind === 'written') acceptedCount++;
    else if (verdict.kind === 'too-large') {
      rejections.push({ line, reason: verdict.reason, code: 'store-too-large' });
    }
    // The first reason is kept: where the store named the line, the answer to the line alone may say less.
    else rejections.push({ line, reason: reason || verdict.reason, code: 'store-refused' });
  }
  return { rejections, acceptedCount };
}

function numbersWithout(count: number, omitted: ReadonlySet<number>): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) if (!omitted.has(i)) numbers.push(i);
  return numbers;
}
