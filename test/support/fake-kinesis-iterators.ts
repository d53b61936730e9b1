import { SluiceError } from '../../src/lib/errors.js';
import { refused } from './fake-kinesis-limits.js';

export interface IteratorState {
  readonly shardId: string;
  /** The first sequence number wanted. */
  readonly from: bigint;
}

const ITERATOR_LIFE_MS = 5 * 60_000;

/** Shard iterators: opaque text, valid for 5 minutes of the clock or until `expireAll`, and good for several reads. */
export class FakeIterators {
  readonly #nowMs: () => number;
  #generation = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  issue(state: IteratorState): string {
    const fields = [state.shardId, String(state.from), this.#nowMs(), this.#generation];
    return Buffer.from(JSON.stringify(fields)).toString('base64url');
  }

  /** Throws KINESIS_ITERATOR_EXPIRED, or KINESIS_REQUEST_REFUSED for something that is no iterator. */
  read(iterator: string): IteratorState {
    let fields: [string, string, number, number];
    try {
      fields = JSON.parse(Buffer.from(iterator, 'base64url').toString()) as typeof fields;
    } catch {
      throw refused('not a shard iterator');
    }
    const [shardId, from, issuedAtMs, generation] = fields;
    if (generation !== this.#generation || this.#nowMs() - issuedAtMs > ITERATOR_LIFE_MS) {
      throw new SluiceError('KINESIS_ITERATOR_EXPIRED', `the iterator of ${shardId} is too old`);
    }
    return { shardId, from: BigInt(from) };
  }

  expireAll(): void {
    this.#generation += 1;
  }
}
