import { type ErrorCode, SluiceError } from '../../../../src/lib/errors.js';
import type { PutEntry, PutResult } from '../../../../src/stream/kinesis/kinesis-api.js';
import { deAggregate, type Inner } from './de-aggregate.js';
import type { VirtualTime } from './virtual-time.js';

/** What becomes of one PutRecords call. Entries not named are stored. */
export interface CallFate {
  /** Until the answer. */
  readonly delayMs?: number;
  /** Until the entries are stored, if longer: a call that timed out may be carried out after it. */
  readonly storedAfterMs?: number;
  readonly entries?: ReadonlyMap<number, 'throttled' | 'internal'>;
  /** The call fails as a whole, and nothing is stored unless `storesAnyway`. */
  readonly error?: ErrorCode;
  readonly storesAnyway?: boolean;
  /** Makes the answer to be returned of the sound one. */
  readonly garble?: (results: PutResult[]) => readonly PutResult[];
}

export interface StoredRecord extends Inner {
  readonly queue: string;
  readonly call: number;
}

const MAX_BYTES = 5 * 1024 * 1024;
const POISON = 'poison';

/** One stream for which the test scripts the outcome of each call. It refuses a whole call that contains the word "poison". */
export class ScriptedKinesis {
  readonly #time: VirtualTime;
  readonly #outcomeOf: (call: number, entries: readonly PutEntry[]) => CallFate;
  readonly #inFlight = new Set<string>();
  readonly calls: (readonly PutEntry[])[] = [];
  readonly startedAtMs: number[] = [];
  /** User records in the order in which they were stored. */
  readonly stored: StoredRecord[] = [];
  readonly violations: string[] = [];
  concurrent = 0;
  maxConcurrent = 0;

  constructor(
    time: VirtualTime,
    outcomeOf: (call: number, entries: readonly PutEntry[]) => CallFate = () => ({}),
  ) {
    this.#time = time;
    this.#outcomeOf = outcomeOf;
  }

  async putRecords(entries: readonly PutEntry[]): Promise<readonly PutResult[]> {
    const call = this.calls.length;
    this.calls.push(entries);
    this.startedAtMs.push(this.#time.nowMs);
    this.#check(entries);
    const outcome = this.#outcomeOf(call, entries);
    this.concurrent += 1;
    this.maxConcurrent = Math.max(this.maxConcurrent, this.concurrent);
    try {
      return await this.#meet(call, entries, outcome);
    } finally {
      this.concurrent -= 1;
      for (const entry of entries) this.#inFlight.delete(laneOf(entry));
    }
  }

  /** Payloads of one partition key in the order of their first storing. */
  order(partitionKey: string): string[] {
    return [...new Set(this.stored.filter((r) => r.partitionKey === partitionKey).map((r) => r.payload))];
  }

  async #meet(call: number, entries: readonly PutEntry[], outcome: CallFate): Promise<readonly PutResult[]> {
    const delayMs = outcome.delayMs ?? 10;
    const isPoisoned = entries.some((entry) =>
      deAggregate(entry).some(({ payload }) => payload.includes(POISON)),
    );
    const error =
      isPoisoned && (outcome.error === undefined || outcome.storesAnyway)
        ? 'KINESIS_REQUEST_REFUSED'
        : outcome.error;
    const isStored = error === undefined || (outcome.storesAnyway === true && !isPoisoned);
    const taken = entries.filter((_, at) => isStored && !outcome.entries?.has(at));
    if (taken.length > 0 && (outcome.storedAfterMs ?? 0) > delayMs) {
      this.#time.schedule(outcome.storedAfterMs!, () => this.#store(call, taken));
      await this.#time.pause(delayMs);
    } else {
      await this.#time.pause(delayMs);
      this.#store(call, taken);
    }
    if (error !== undefined) throw new SluiceError(error, `${error} at call ${call}`);
    const results = entries.map((_, at) => resultOf(outcome.entries?.get(at), `${call}-${at}`));
    return outcome.garble === undefined ? results : outcome.garble(results);
  }

  #check(entries: readonly PutEntry[]): void {
    let bytes = 0;
    for (const entry of entries) {
      bytes +=
        entry.data.length + Buffer.byteLength(entry.partitionKey) + (entry.explicitHashKey?.length ?? 0);
      const queue = laneOf(entry);
      if (this.#inFlight.has(queue)) this.violations.push(`two records of queue ${queue} are in flight`);
      this.#inFlight.add(queue);
      for (const inner of deAggregate(entry)) {
        if (inner.explicitHashKey !== entry.explicitHashKey)
          this.violations.push('an inner hash key differs');
      }
    }
    if (entries.length === 0 || entries.length > 500) this.violations.push(`${entries.length} entries`);
    if (bytes > MAX_BYTES) this.violations.push(`${bytes} bytes in a request`);
  }

  #store(call: number, entries: readonly PutEntry[]): void {
    // PutRecords promises no order among its entries.
    const inSomeOrder = call % 2 === 0 ? entries : [...entries].reverse();
    for (const entry of inSomeOrder) {
      for (const inner of deAggregate(entry)) this.stored.push({ ...inner, queue: laneOf(entry), call });
    }
  }
}

function laneOf(entry: PutEntry): string {
  return entry.explicitHashKey ?? entry.partitionKey;
}

function resultOf(failure: 'throttled' | 'internal' | undefined, sequenceNumber: string): PutResult {
  if (failure === undefined) return { ok: true, sequenceNumber, shardId: 'shardId-000000000000' };
  return { ok: false, failure, message: `${failure} by the script` };
}
