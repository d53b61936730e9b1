import { backOffMs } from '../../../lib/back-off.js';
import { SluiceError } from '../../../lib/errors.js';
import type { KinesisApi } from '../kinesis-api.js';

/** Kinesis refuses a second subscription within 5 s of the first. */
const BUSY_MS = 5_000;
const THROTTLED_MIN_MS = 500;
const THROTTLED_MAX_MS = 2_000;
const SHORTEST_MS = 100;
const NETWORK = { baseMs: 500, capMs: 10_000 };
/** Used while a person has to fix something. */
const UNUSABLE = { baseMs: 1_000, capMs: 30_000 };

/** Returns how long to wait after failure number `failures` in a row, from 1. `random` returns a number in [0, 1). */
export function failureWaitMs(error: SluiceError, failures: number, random: () => number): number {
  switch (error.code) {
    case 'KINESIS_THROTTLED':
      return THROTTLED_MIN_MS + random() * (THROTTLED_MAX_MS - THROTTLED_MIN_MS);
    case 'KINESIS_STREAM_BUSY':
      return BUSY_MS + backOffMs(failures, UNUSABLE, random);
    case 'KINESIS_UNREACHABLE':
    case 'KINESIS_ITERATOR_EXPIRED':
      return SHORTEST_MS + backOffMs(failures, NETWORK, random);
    default:
      return SHORTEST_MS + backOffMs(failures, UNUSABLE, random);
  }
}

/** Throws anything that is not a failure of Kinesis: it is a bug, and must not be waited out. */
export function asFailure(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  throw thrown;
}

/** Kinesis says so of a sequence number of an earlier stream with the same name, whose shards had the same ids. */
export function isOfEarlierStream({ message }: SluiceError): boolean {
  return /did not come from this stream/.test(message);
}

/** A single list may have been made in the middle of a reshard. */
const LISTINGS = 2;

/** ShardAbsence distinguishes a shard that has expired from the stream from a stream that is missing. */
export class ShardAbsence {
  readonly #api: Pick<KinesisApi, 'listShards'>;
  readonly #shardId: string;
  #missedIn = 0;

  constructor(api: Pick<KinesisApi, 'listShards'>, shardId: string) {
    this.#api = api;
    this.#shardId = shardId;
  }

  /** Called at each KINESIS_STREAM_MISSING. Resolves true once the stream has been listed often enough without this shard. */
  async isConfirmed(): Promise<boolean> {
    let shards: Awaited<ReturnType<KinesisApi['listShards']>>;
    try {
      shards = await this.#api.listShards();
    } catch (thrown) {
      // The missing shard has been reported already, and the assigner reports problems of the stream itself.
      if (!(thrown instanceof SluiceError)) throw thrown;
      return false;
    }
    this.#missedIn = shards.some(({ shardId }) => shardId === this.#shardId) ? 0 : this.#missedIn + 1;
    return this.#missedIn >= LISTINGS;
  }
}
