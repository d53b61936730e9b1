import type { StateTables } from '../../lib/state-tables.js';
import { TextHash } from '../../lib/text-hash.js';
import type { MappingWarningCounts, Reading } from '../mapped.js';
import type { Getter } from '../reference.js';
import { KeyTimes } from './key-times.js';
import { hashKey } from './message-key.js';
import { tableOfRule } from './rule-tables.js';

interface DuplicatesParts {
  readonly rule: string;
  readonly key: readonly Getter[];
  readonly withinMs: number;
  readonly maxKeys: number;
}

/** The key of the bucket that is filled, and of when it began. */
const FILLED = 'filled';
const NS_PER_MS = 1_000_000n;

/** A bucket: keys with the time of their message, in ms since the bucket began. */
interface Bucket {
  readonly number: number;
  readonly beganMs: number;
  readonly keys: KeyTimes;
}

interface Buckets {
  readonly current: Bucket;
  readonly before: Bucket | undefined;
}

type Filled = [number: number, beganMs: number, beforeBeganMs: number];

/**
 * Duplicates knows the messages of a rule that became points, by hashes of their keys, for some time after their receive time.
 * They lie in two buckets: once the newer one is full, or as old as the window, the older one is dropped whole. A bucket is a
 * table of the state, to which each batch adds one value with all of its keys.
 */
export class Duplicates {
  readonly prefix: string;
  readonly #parts: DuplicatesParts;
  readonly #buckets = new WeakMap<StateTables, Buckets>();
  /** The state that was asked for last, and its buckets: nearly always the same one is asked for again. */
  #recent: { readonly state: StateTables; readonly buckets: Buckets } | undefined;
  /** The message that was asked for last, with its key and time: it is remembered next. */
  #last: Reading | undefined;
  #high = 0;
  #low = 0;
  #nowMs = 0;
  readonly #hash = new TextHash();

  constructor(parts: DuplicatesParts) {
    this.#parts = parts;
    this.prefix = tableOfRule(parts.rule, 'duplicates');
  }

  /** Whether a message with the same key became a point within the window. */
  isKnown(reading: Reading, state: StateTables, warnings: MappingWarningCounts): boolean {
    if (!hashKey(this.#parts.key, reading, this.#hash)) {
      this.#last = undefined;
      warnings['duplicate-key-missing']++;
      return false;
    }
    this.#last = reading;
    this.#high = this.#hash.high;
    this.#low = this.#hash.lowAfter(this.#high);
    this.#nowMs = receivedMs(reading);
    return state.isOverlay ? state.below.some((below) => this.#has(below)) : this.#has(state);
  }

  /** Remembers the message that `isKnown` was asked for, because it became points. */
  remember(reading: Reading, state: StateTables, warnings: MappingWarningCounts): void {
    const isLast = this.#last === reading;
    this.#last = undefined;
    if (!isLast || state.isOverlay) return;
    const nowMs = this.#nowMs;
    const { withinMs, maxKeys } = this.#parts;
    let { current } = this.#of(state) ?? this.#begin(state, undefined, nowMs);
    const isFull = current.keys.size >= maxKeys / 2;
    // A clock that was set back must not keep a bucket for ever; several gateways on one stream differ by a little.
    const isOver = Math.abs(nowMs - current.beganMs) > withinMs;
    if (isFull || isOver) {
      if (!isOver) warnings['duplicate-window-short']++;
      state.drop(this.#name(current.number - 1));
      current = this.#begin(state, current, nowMs).current;
    }
    current.keys.set(this.#high, this.#low, Math.max(0, nowMs - current.beganMs));
  }

  #has(state: StateTables): boolean {
    const buckets = this.#of(state);
    if (buckets === undefined) return false;
    return this.#isIn(buckets.current) || this.#isIn(buckets.before);
  }

  #isIn(bucket: Bucket | undefined): boolean {
    if (bucket === undefined) return false;
    const seenMs = bucket.keys.get(this.#high, this.#low);
    return seenMs >= 0 && Math.abs(this.#nowMs - bucket.beganMs - seenMs) <= this.#parts.withinMs;
  }

  /** The buckets of a partition; at the first call they are made of what the state holds. */
  #of(state: StateTables): Buckets | undefined {
    if (this.#recent?.state === state) return this.#recent.buckets;
    const known = this.#buckets.get(state);
    if (known !== undefined) {
      this.#recent = { state, buckets: known };
      return known;
    }
    const filled = state.table<Filled>(this.prefix).get(FILLED);
    if (filled === undefined) return undefined;
    const [number, beganMs, beforeBeganMs] = filled;
    return this.#keep(state, {
      current: this.#restored(state, number, beganMs),
      before: this.#restored(state, number - 1, beforeBeganMs),
    });
  }

  #begin(state: StateTables, before: Bucket | undefined, beganMs: number): Buckets {
    if (before !== undefined) this.#save(state, before);
    const number = (before?.number ?? 0) + 1;
    state.table<Filled>(this.prefix).set(FILLED, [number, beganMs, before?.beganMs ?? 0]);
    return this.#keep(state, { current: { number, beganMs, keys: new KeyTimes() }, before });
  }

  #keep(state: StateTables, buckets: Buckets): Buckets {
    this.#buckets.set(state, buckets);
    this.#recent = { state, buckets };
    state.beforeTaking(this.prefix, () => this.#save(state, buckets.current));
    return buckets;
  }

  #save(state: StateTables, { number, keys }: Bucket): void {
    const added = keys.takeAdded();
    if (added === undefined) return;
    const table = state.table<string>(this.#name(number));
    table.set(String(table.size), added);
  }

  #restored(state: StateTables, number: number, beganMs: number): Bucket {
    const keys = new KeyTimes();
    for (const [, added] of state.table<string>(this.#name(number)).entries()) keys.restore(added);
    return { number, beganMs, keys };
  }

  #name(bucket: number): string {
    return `${this.prefix}/${bucket}`;
  }
}

function receivedMs({ record }: Reading): number {
  return Number(record.receivedAtNs / NS_PER_MS);
}
