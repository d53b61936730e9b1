import { SluiceError } from '../../../errors.js';
import type { KinesisApi } from '../kinesis-api.js';

/** One listing may be taken in the middle of a reshard. */
const LISTINGS = 2;

/** Tells a shard that retention has taken from a stream that is missing. */
export class ShardAbsence {
  readonly #api: Pick<KinesisApi, 'listShards'>;
  readonly #shardId: string;
  #missedIn = 0;

  constructor(api: Pick<KinesisApi, 'listShards'>, shardId: string) {
    this.#api = api;
    this.#shardId = shardId;
  }

  /** Asked at each KINESIS_STREAM_MISSING: true once the stream has been listed often enough without this shard. */
  async isConfirmed(): Promise<boolean> {
    let shards: Awaited<ReturnType<KinesisApi['listShards']>>;
    try {
      shards = await this.#api.listShards();
    } catch (thrown) {
      // The missing shard is told of already; what the stream itself suffers from, its owner says.
      if (!(thrown instanceof SluiceError)) throw thrown;
      return false;
    }
    this.#missedIn = shards.some(({ shardId }) => shardId === this.#shardId) ? 0 : this.#missedIn + 1;
    return this.#missedIn >= LISTINGS;
  }
}
