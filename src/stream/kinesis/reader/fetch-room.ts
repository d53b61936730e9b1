import type { KinesisRecord } from '../kinesis-api.js';

/** GetRecords returns at most 10 MiB and 10,000 records (service-sizes-and-limits, 2026). */
export const MAX_PAGE_RECORDS = 10_000;
const MAX_PAGE_DATA_BYTES = 10 << 20;

/** The memory that a Kinesis record takes in addition to its bytes; without it a page of tiny records would seem to take none. */
const RECORD_OVERHEAD_BYTES = 256;

/** The most memory that the answer to one GetRecords call may take. */
export const MAX_PAGE_BYTES = MAX_PAGE_DATA_BYTES + MAX_PAGE_RECORDS * RECORD_OVERHEAD_BYTES;

export function heldBytes(record: KinesisRecord): number {
  return record.data.length + RECORD_OVERHEAD_BYTES;
}

export function heldBytesOf(records: readonly KinesisRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += heldBytes(record);
  return bytes;
}

/** FetchReservation is the room for one call, until `complete` is called with the bytes of its answer. */
export interface FetchReservation {
  /** To be called once. These bytes are held until they are released. */
  complete(bytes: number): void;
}

interface Waiting {
  readonly isCall: boolean;
  readonly grant: () => void;
}

/**
 * FetchRoom limits how much all shards together may fetch before it is delivered. Invariants:
 * 1. Held bytes, plus one full page for each call in flight, stay within `bufferBytes`. A single call is always allowed
 *    while nothing is held, however small `bufferBytes` is.
 * 2. The one that waits longest is served first, so no shard starves another.
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

  /** Reserves room for a call whose answer may be a full page. Resolves with undefined once `signal` has aborted. */
  async reserve(signal: AbortSignal): Promise<FetchReservation | undefined> {
    if (!(await this.#wait(true, signal))) return undefined;
    let isOpen = true;
    return {
      complete: (bytes) => {
        if (!isOpen) return;
        isOpen = false;
        this.#calls -= 1;
        this.hold(bytes);
        this.#serve();
      },
    };
  }

  /** Used for pages that are pushed: resolves while the buffer is not full. At most one page of each shard exceeds it. */
  async whenNotFull(signal: AbortSignal): Promise<void> {
    await this.#wait(false, signal);
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  release(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#serve();
  }

  #wait(isCall: boolean, signal: AbortSignal): Promise<boolean> {
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
    const reservedBytes = this.#heldBytes + this.#calls * MAX_PAGE_BYTES;
    if (!isCall) return reservedBytes < this.#bufferBytes;
    if (reservedBytes === 0) return true;
    return this.#calls < this.#maxCalls && reservedBytes + MAX_PAGE_BYTES <= this.#bufferBytes;
  }
}
