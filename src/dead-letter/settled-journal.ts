import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.js';
import { journalFileName } from './dead-letter-files.js';
import type { ParkCode } from './park-codes.js';
import { wholeBytes, wholeLines } from './parked-lines.js';
import type { ParkedPoint, ParkedRecord } from './parked-record.js';
import { type SettledFate, SettledSums, type SettledTotals } from './settled-totals.js';
import { TimeSlice } from './time-slice.js';

/** Parked again: why, in the words of the last replay. */
export type ParkedAgain = Pick<ParkedRecord, 'code' | 'reason' | 'rule' | 'refusedPoints'>;

/** What a replay or purge made of one parked record. */
export type SettledAs =
  | { readonly to: 'written' }
  | { readonly to: 'filtered'; readonly rule: string }
  | ({ readonly to: 'parked' } & ParkedAgain)
  | { readonly to: 'purged' };

/** One line of a journal: the move of one record from one fate to another. */
export interface SettledLine {
  /** Byte offset of the record's line in the parked file of the same number. */
  readonly at: number;
  readonly id: string;
  /** The code it was parked under until now. */
  readonly from: string;
  readonly settledAtMs: number;
  readonly fate: SettledAs;
}

/** `final`: it is parked no more. */
export type LineState = 'final' | ParkedAgain;

/**
 * Where the records of one parked file stand, from the lines of its journal in their order. A line that is no move
 * from where its record stands changes nothing, so that reading is exact whatever was written twice.
 */
export class SettledFile {
  readonly #states = new Map<number, LineState>();
  readonly #sums = new SettledSums();
  #finals = 0;

  /** `wholeBytes`: of the journal without its torn tail. None is an empty one. */
  static async read(
    folder: string,
    number: number,
  ): Promise<{ file: SettledFile; wholeBytes: number; bytes: number }> {
    const file = new SettledFile();
    let journal: Buffer;
    try {
      journal = await readFile(join(folder, journalFileName(number)));
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'ENOENT') return { file, wholeBytes: 0, bytes: 0 };
      throw thrown;
    }
    const slice = new TimeSlice();
    for (const { bytes } of wholeLines(journal)) {
      if (slice.isOver) await slice.yield();
      const line = parseSettledLine(bytes.toString('utf8'));
      if (line !== undefined) file.apply(line);
    }
    return { file, wholeBytes: wholeBytes(journal), bytes: journal.length };
  }

  /** Absent: as it was parked first. */
  state(at: number): LineState | undefined {
    return this.#states.get(at);
  }

  /** Nothing was settled. */
  get isEmpty(): boolean {
    return this.#states.size === 0;
  }

  /** Records that are parked no more. */
  get finals(): number {
    return this.#finals;
  }

  totals(): SettledTotals {
    return this.#sums.totals();
  }

  apply({ at, from, fate }: SettledLine): void {
    const before = this.#states.get(at);
    if (before === 'final' || (before !== undefined && before.code !== from)) return;
    this.#sums.move(from, sumOf(fate), before !== undefined);
    if (fate.to === 'parked') {
      const { to: _to, ...again } = fate;
      this.#states.set(at, again);
      return;
    }
    this.#states.set(at, 'final');
    this.#finals += 1;
  }
}

function sumOf(fate: SettledAs): SettledFate {
  return fate.to === 'parked' ? { to: 'parked', code: fate.code } : fate;
}

export function settledLine({ at, id, from, settledAtMs, fate }: SettledLine): string {
  const settledAt = new Date(settledAtMs).toISOString();
  return `${JSON.stringify({ at, id, settledAt, from, ...fate })}\n`;
}

function parseSettledLine(text: string): SettledLine | undefined {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { at, id, from, settledAt } = json;
  const fate = fateOf(json);
  if (typeof at !== 'number' || typeof id !== 'string' || typeof from !== 'string' || fate === undefined) {
    return undefined;
  }
  return { at, id, from, settledAtMs: Date.parse(String(settledAt)), fate };
}

function fateOf({ to, rule, code, reason, refusedPoints }: Record<string, unknown>): SettledAs | undefined {
  if (to === 'written' || to === 'purged') return { to };
  if (to === 'filtered' && typeof rule === 'string') return { to, rule };
  if (to !== 'parked' || typeof code !== 'string') return undefined;
  return {
    to,
    code: code as ParkCode,
    reason: String(reason),
    ...(typeof rule === 'string' ? { rule } : {}),
    ...(Array.isArray(refusedPoints) ? { refusedPoints: refusedPoints as ParkedPoint[] } : {}),
  };
}

/** The record as it is parked now: one that was parked again says why in the words of the last time. */
export function asParkedNow(parked: ParkedRecord, state: ParkedAgain | undefined): ParkedRecord {
  if (state === undefined) return parked;
  const { rule: _rule, refusedPoints: _refused, ...first } = parked;
  return { ...first, ...state };
}
