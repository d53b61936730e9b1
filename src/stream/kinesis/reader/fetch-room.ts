import type { KinesisRecord } from '../kinesis-api.js';

/** The most that GetRecords returns: 10 MiB, 10,000 records (service-sizes-and-limits, 2026). */
export const MAX_PAGE_RECORDS = 10_000;
const MAX_PAGE_DATA_BYTES = 10 << 20;

/** What a Kinesis record costs beside its bytes; without it a page of tiny records would seem to weigh nothing. */
const RECORD_OVERHEAD_BYTES = 256;

/** What one GetRecords call may turn out to hold. */
export const MAX_PAGE_BYTES = MAX_PAGE_DATA_BYTES + MAX_PAGE_RECORDS * RECORD_OVERHEAD_BYTES;

export function heldBytes(record: KinesisRecord): number {
  return record.data.length + RECORD_OVERHEAD_BYTES;
}

export function heldBytesOf(records: readonly KinesisRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += heldBytes(record);
  return bytes;
}

/** Room for one call, until `settle` says what it brought. */
export interface FetchReservation {
  /** Once. These bytes are held until they are given back. */
  settle(bytes: number): void;
}

interface Waiting {
  readonly isCall: boolean;
  readonly grant: () => void;
}

/**
 * How much may be fetched and not handed out, of all shards together. Invariants:
 * 1. Held bytes and one full page for each call under way stay within `bufferBytes`; a single call is always allowed
 *    when nothing is held, however small that is.
 * 2. Who waits longest is served first, so no shard starves another.
 */
export class FetchRoom {
  readonly #bufferBytes: number;
  readonly #maxCalls: number;
  #heldBytes = 0;
  #calls = 0;
  readonly #waiting: Waiting[] = [];

  constructor(bufferBytes: number, maxCalls: number) {
    this.#bufferBytes = bufferBytes;
    this.#maxCalls = maxCalls;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** For a call whose answer may be a full page. `undefined` once `signal` has aborted. */
  async reserve(signal: AbortSignal): Promise<FetchReservation | undefined> {
    if (!(await this.#turn(true, signal))) return undefined;
    let isOpen = true;
    return {
      settle: (bytes) => {
        if (!isOpen) return;
        isOpen = false;
        this.#calls -= 1;
        this.hold(bytes);
        this.#serve();
      },
    };
  }

  /** For pages that are pushed: resolves while the buffer is not full. At most one page a shard goes over it. */
  async whenNotFull(signal: AbortSignal): Promise<void> {
    await this.#turn(false, signal);
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  giveBack(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#serve();
  }

  #turn(isCall: boolean, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        isCall,
        grant: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(true);
        },
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        resolve(false);
        this.#serve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
      this.#serve();
    });
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first); first = this.#waiting[0]) {
      this.#waiting.shift();
      if (first.isCall) this.#calls += 1;
      first.grant();
    }
  }

  #fits({ isCall }: Waiting): boolean {
    const spokenFor = this.#heldBytes + this.#calls * MAX_PAGE_BYTES;
    if (!isCall) return spokenFor < this.#bufferBytes;
    if (spokenFor === 0) return true;
    return this.#calls < this.#maxCalls && spokenFor + MAX_PAGE_BYTES <= this.#bufferBytes;
  }
}
