import { recordsOfLine } from '../dead-letter/dead-letter-reader.js';
import { isCausedByDevice } from '../dead-letter/park-codes.js';
import { type ParkedHead, parkedHead } from '../dead-letter/parked-head.js';
import { endsWithSeal, isSeal, wholeBytes, wholeLines } from '../dead-letter/parked-record.js';
import type { ReplayJournal } from '../dead-letter/replay-journal.js';
import type { SenderBytes } from '../dead-letter/sender-bytes.js';
import { senderKey } from '../lib/sender.js';
import { TimeSlice } from '../lib/time-slice.js';

/** Records that are parked and can be read, by the code they are parked under now. */
export interface FoundRecords {
  /** Those that no replay has parked again. */
  readonly first: Map<string, number>;
  readonly again: Map<string, number>;
}

/** What is wrong with one parked file. */
export interface FileDamage {
  /** Lines that cannot be read. */
  readonly lines: number;
  /** The byte offset of the first of them, or of the end of a file that was cut. */
  readonly firstAt: number;
  /** The file was longer once. */
  readonly isCut: boolean;
}

export interface FilePlace {
  readonly number: number;
  /** A newer file follows, so that this one must have a seal. */
  readonly isSealed: boolean;
}

/**
 * Reads one parked file to its end, counts the records that are still parked into `found`, and the bytes of their
 * senders into `senders`. Resolves with what is wrong with it.
 */
export async function inspectFile(
  file: Buffer,
  { number, isSealed }: FilePlace,
  journal: ReplayJournal,
  found: FoundRecords,
  senders: SenderBytes | undefined,
): Promise<FileDamage | undefined> {
  const slice = new TimeSlice();
  let damaged = 0;
  let firstAt: number | undefined;
  const onDamaged = (at: number) => {
    damaged += 1;
    noteAt(at);
  };
  const noteAt = (at: number) => {
    firstAt = firstAt === undefined ? at : Math.min(firstAt, at);
  };
  const count = (at: number, bytes: number, first: ParkedHead) => {
    const state = journal.state(at);
    if (state === 'final') return;
    const { code } = state ?? first;
    const counts = state === undefined ? found.first : found.again;
    counts.set(code, (counts.get(code) ?? 0) + 1);
    if (isCausedByDevice(code)) senders?.add(number, senderKey(first), bytes);
  };
  let last: Buffer | undefined;
  let isOfThisVersion = file.length === 0;
  for (const line of wholeLines(file)) {
    if (slice.isOver) await slice.yield();
    last = line.bytes;
    if (isSeal(line.bytes)) continue;
    isOfThisVersion = line.bytes[2] !== ID_LETTER;
    const head = parkedHead(line.bytes);
    if (head !== undefined) {
      count(line.at, line.bytes.length, head);
      continue;
    }
    for (const { at, parked } of recordsOfLine(line, onDamaged, noteAt)) {
      count(at, line.bytes.length, parked);
    }
  }
  const hasSeal = last !== undefined && endsWithSeal(last);
  const whole = wholeBytes(file);
  if (whole < file.length) onDamaged(whole);
  const isCut = isSealed && !hasSeal && isOfThisVersion;
  if (!isCut && firstAt === undefined) return undefined;
  return { lines: damaged, firstAt: firstAt ?? file.length, isCut };
}

/** The first letter of the first key in a line of version 0.1, `id`: that version wrote no seal. */
const ID_LETTER = 'i'.charCodeAt(0);
