import { join } from 'node:path';
import { systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import { TimeSlice } from '../lib/time-slice.js';
import { checkedLine, objectOfLine } from './checked-line.js';
import { journalFileName } from './dead-letter-files.js';
import type { ParkCode } from './park-codes.js';
import {
  type ParkedLine,
  type ParkedPoint,
  type ParkedRecord,
  partsOfLine,
  wholeBytes,
  wholeLines,
} from './parked-record.js';
import { type ReplayOutcomeKind, ReplaySums, type ReplayTotals, UNREADABLE } from './replay-totals.js';

/** The key in a journal line for the time of the replay: its stored name since format 0.1. */
const REPLAYED_AT_KEY = 'settledAt';

/** The first key of a line of version 0.1. */
const FIRST_KEY = 'at';

/** Why the last replay has parked a record again. */
export type ParkedAgain = Pick<ParkedRecord, 'code' | 'reason' | 'rule' | 'refusedPoints'>;

/** What a replay or purge made of one parked record. */
export type ReplayOutcome =
  | { readonly to: 'written' }
  | { readonly to: 'filtered'; readonly rule: string }
  | ({ readonly to: 'parked' } & ParkedAgain)
  | { readonly to: 'purged' }
  | { readonly to: 'dropped' };

/** The new outcome of one parked record. */
export interface JournalEntry {
  /** Byte offset of the record's line in the parked file of the same number. */
  readonly at: number;
  /** In a line that several records share, that of the first. */
  readonly id: string;
  /** The code it was parked under until then. */
  readonly from: string;
  readonly replayedAtMs: number;
  readonly outcome: ReplayOutcome;
}

/** `final`: the record is no longer parked. */
export type RecordState = 'final' | ParkedAgain;

/**
 * The state of each record of one parked file, from the entries of its journal in their order. An entry that does not start
 * from the present state of its record changes nothing, so the result is exact even if a line was written twice.
 */
export class ReplayJournal {
  readonly #states = new Map<number, RecordState>();
  readonly #sums = new ReplaySums();
  #finalRecords = 0;
  #damage: JournalDamage | undefined;

  /**
   * Reads the journal; a missing file is an empty journal. `wholeBytes` is its length without a torn tail, `bytes` its
   * length on disk.
   */
  static async read(
    folder: string,
    number: number,
  ): Promise<{ journal: ReplayJournal; wholeBytes: number; bytes: number }> {
    const journal = new ReplayJournal();
    let file: Buffer;
    try {
      file = await readFile(join(folder, journalFileName(number)));
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'ENOENT') return { journal, wholeBytes: 0, bytes: 0 };
      throw thrown;
    }
    const slice = new TimeSlice();
    for (const whole of wholeLines(file)) {
      if (slice.isOver) await slice.yield();
      const entries = parseJournalLine(whole.bytes);
      if (entries === undefined) journal.#applyParts(whole);
      else for (const entry of entries) journal.apply(entry);
    }
    if (wholeBytes(file) < file.length) journal.#noteDamage(wholeBytes(file));
    return { journal, wholeBytes: wholeBytes(file), bytes: file.length };
  }

  /** Lines that cannot be read: their records count as parked again, which is harmless. Absent when there are none. */
  get damage(): JournalDamage | undefined {
    return this.#damage;
  }

  /** The state of the record whose line begins at `at`; absent while it is as it was parked first. */
  state(at: number): RecordState | undefined {
    return this.#states.get(at);
  }

  /** True when no record was replayed or purged. */
  get isEmpty(): boolean {
    return this.#states.size === 0;
  }

  /** How many records are no longer parked. */
  get finalRecords(): number {
    return this.#finalRecords;
  }

  totals(): ReplayTotals {
    return this.#sums.totals();
  }

  apply({ at, from, outcome }: JournalEntry): void {
    const before = this.#states.get(at);
    if (before === 'final') return;
    if (from === UNREADABLE) {
      // A line that could not be read was given up with its file: the ledger counts its record as unreadable.
      this.#states.set(at, 'final');
      this.#finalRecords += 1;
      return;
    }
    if (before !== undefined && before.code !== from) return;
    this.#sums.count(from, kindOf(outcome), before !== undefined);
    if (outcome.to === 'parked') {
      const { to: _to, ...again } = outcome;
      this.#states.set(at, again);
      return;
    }
    this.#states.set(at, 'final');
    this.#finalRecords += 1;
  }

  #applyParts(damaged: ParkedLine): void {
    const parts = partsOfLine(damaged, FIRST_KEY);
    let isWhole = parts.length > 1;
    for (const { at, bytes } of parts) {
      const entries = parseJournalLine(bytes);
      if (entries !== undefined) {
        for (const entry of entries) this.apply(entry);
        continue;
      }
      isWhole = false;
      this.#noteDamage(at);
    }
    // Only a line feed is damaged.
    if (isWhole) this.#noteDamage(damaged.at);
  }

  #noteDamage(at: number): void {
    this.#damage = { firstAt: this.#damage?.firstAt ?? at, lines: (this.#damage?.lines ?? 0) + 1 };
  }
}

/** Damaged lines of a journal: how many, and the byte offset of the first. */
export interface JournalDamage {
  readonly firstAt: number;
  readonly lines: number;
}

/** The record as it is parked now: if a replay has parked it again, with the reason of the last one. */
export function asParkedNow(parked: ParkedRecord, state: ParkedAgain | undefined): ParkedRecord {
  if (state === undefined) return parked;
  const { rule: _rule, refusedPoints: _refused, ...first } = parked;
  return { ...first, ...state };
}

/**
 * The lines for some entries. Records that leave the dead letter for the same reason share a line with the distances between
 * them: the reserve of a full disk has room for the purge of a whole file, and for a line of each record it would not.
 */
export function journalLines(entries: readonly JournalEntry[]): string {
  const lines: { readonly first: JournalEntry; last: number; readonly more: number[] }[] = [];
  const shared = new Map<string, (typeof lines)[number]>();
  for (const entry of entries) {
    const key = hasNoDetails(entry.outcome)
      ? `${entry.outcome.to} ${entry.replayedAtMs} ${entry.from}`
      : undefined;
    const line = key === undefined ? undefined : shared.get(key);
    if (line !== undefined) {
      line.more.push(entry.at - line.last);
      line.last = entry.at;
      continue;
    }
    const fresh = { first: entry, last: entry.at, more: [] };
    lines.push(fresh);
    if (key !== undefined) shared.set(key, fresh);
  }
  return lines.map(({ first, more }) => textOf(first, more)).join('');
}

function hasNoDetails({ to }: ReplayOutcome): boolean {
  return to === 'purged' || to === 'dropped';
}

function textOf({ at, id, from, replayedAtMs, outcome }: JournalEntry, more: readonly number[]): string {
  const replayedAt = new Date(replayedAtMs).toISOString();
  const rest = more.length === 0 ? {} : { more };
  return checkedLine({ at, id, [REPLAYED_AT_KEY]: replayedAt, from, ...outcome, ...rest });
}

/** The entries of a line; `undefined` when it cannot be read. */
function parseJournalLine(line: Buffer): JournalEntry[] | undefined {
  const json = objectOfLine(line, FIRST_KEY);
  if (json === undefined) return undefined;
  const { at, id, from, [REPLAYED_AT_KEY]: replayedAt, more = [] } = json;
  const outcome = outcomeOf(json);
  if (typeof at !== 'number' || typeof id !== 'string' || typeof from !== 'string' || outcome === undefined) {
    return undefined;
  }
  if (!Array.isArray(more) || !more.every(Number.isSafeInteger)) return undefined;
  const first = { at, id, from, replayedAtMs: Date.parse(String(replayedAt)), outcome };
  const entries: JournalEntry[] = [first];
  let last = at;
  for (const distance of more as number[]) {
    last += distance;
    entries.push({ ...first, at: last });
  }
  return entries;
}

function outcomeOf(json: Record<string, unknown>): ReplayOutcome | undefined {
  const { to, rule, code, reason, refusedPoints } = json;
  if (to === 'written' || to === 'purged' || to === 'dropped') return { to };
  if (to === 'filtered' && typeof rule === 'string') return { to, rule };
  if (to !== 'parked' || typeof code !== 'string') return undefined;
  return {
    to,
    code: code as ParkCode,
    reason: String(reason),
    rule: typeof rule === 'string' ? rule : undefined,
    refusedPoints: Array.isArray(refusedPoints) ? (refusedPoints as ParkedPoint[]) : undefined,
  };
}

function kindOf(outcome: ReplayOutcome): ReplayOutcomeKind {
  return outcome.to === 'parked' ? { to: 'parked', code: outcome.code } : outcome;
}
