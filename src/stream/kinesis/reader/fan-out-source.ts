import type { Clock } from '../../../lib/clock.js';
import type { SluiceError } from '../../../lib/errors.js';
import { pauseOn, type Schedule } from '../../../lib/timers.js';
import type { FanOutApi, FanOutPage, KinesisApi } from '../kinesis-api.js';
import { asFailure, failureWaitMs, isOfEarlierStream, ShardAbsence } from './failure-wait.js';
import { FetchPosition } from './fetch-position.js';
import { heldBytesOf } from './fetch-room.js';
import type {
  CursorPorts,
  GapCode,
  RecordSource,
  ShardCursor,
  ShardPage,
  ShardStart,
} from './record-source.js';

export interface FanOutDeps {
  readonly api: FanOutApi & Pick<KinesisApi, 'listShards'>;
  readonly clock: Clock;
  readonly timers: Schedule;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** Kinesis refuses a second subscription to one shard within this time. */
const BETWEEN_SUBSCRIPTIONS_MS = 5_000;

/**
 * FanOutSource reads shards with SubscribeToShard, which pushes pages. It holds a subscription back by not asking it for
 * its next page; then at most one page of each shard is in memory in addition to the buffer.
 */
export class FanOutSource implements RecordSource {
  readonly #deps: FanOutDeps;
  readonly #consumer: FanOutConsumer;

  private constructor(deps: FanOutDeps, consumer: FanOutConsumer) {
    this.#deps = deps;
    this.#consumer = consumer;
  }

  /** Registers the consumer of this name, or uses the one that is registered. Rejects with one of the KINESIS_ codes. */
  static async open(consumerName: string, deps: FanOutDeps): Promise<FanOutSource> {
    const consumer = new FanOutConsumer(consumerName, deps.api);
    await consumer.arn();
    return new FanOutSource(deps, consumer);
  }

  open(shardId: string, from: ShardStart, ports: CursorPorts): ShardCursor {
    return new FanOutCursor(shardId, from, ports, this.#deps, this.#consumer);
  }
}

/** FanOutConsumer is the registration that all shards share. It registers again if somebody has removed the registration. */
class FanOutConsumer {
  readonly #name: string;
  readonly #api: FanOutApi;
  #registered: Promise<string> | undefined;

  constructor(name: string, api: FanOutApi) {
    this.#name = name;
    this.#api = api;
  }

  async arn(): Promise<string> {
    this.#registered ??= this.#api.registerConsumer(this.#name);
    try {
      return await this.#registered;
    } catch (thrown) {
      this.#registered = undefined;
      throw thrown;
    }
  }

  forget(): void {
    this.#registered = undefined;
  }
}

class FanOutCursor implements ShardCursor {
  readonly #shardId: string;
  readonly #ports: CursorPorts;
  readonly #deps: FanOutDeps;
  readonly #consumer: FanOutConsumer;
  readonly #position: FetchPosition;
  readonly #absence: ShardAbsence;
  readonly #closing = new AbortController();
  #pages: AsyncIterator<FanOutPage> | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #gapCode: GapCode = 'POSITION_LEFT_STREAM';

  constructor(
    shardId: string,
    from: ShardStart,
    ports: CursorPorts,
    deps: FanOutDeps,
    consumer: FanOutConsumer,
  ) {
    this.#shardId = shardId;
    this.#ports = ports;
    this.#deps = deps;
    this.#consumer = consumer;
    this.#position = new FetchPosition(from);
    this.#absence = new ShardAbsence(deps.api, shardId);
  }

  async next(signal: AbortSignal): Promise<ShardPage | undefined> {
    const close = () => this.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      while (!signal.aborted) {
        await this.#ports.room.whenNotFull(signal);
        try {
          const page = await this.#pull(signal);
          if (page !== undefined) return page;
        } catch (thrown) {
          if (signal.aborted) return undefined;
          const end = await this.#failed(asFailure(thrown));
          if (end !== undefined) return end;
        }
      }
      return undefined;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  close(): void {
    this.#pages = undefined;
    this.#closing.abort();
  }

  async #pull(signal: AbortSignal): Promise<ShardPage | undefined> {
    this.#pages ??= await this.#subscribe(signal);
    const pulled = await this.#pages?.next();
    if (pulled === undefined || signal.aborted) return undefined;
    if (pulled.done) {
      this.#pages = undefined;
      return undefined;
    }
    return this.#toPage(pulled.value);
  }

  async #subscribe(signal: AbortSignal): Promise<AsyncIterator<FanOutPage> | undefined> {
    const waitMs = this.#notBeforeMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) await pauseOn(this.#deps.timers)(waitMs, signal);
    if (signal.aborted) return undefined;
    const arn = await this.#consumer.arn();
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + BETWEEN_SUBSCRIPTIONS_MS;
    return this.#deps.api
      .subscribe(arn, this.#shardId, this.#position.start, this.#closing.signal)
      [Symbol.asyncIterator]();
  }

  #toPage({ records: pushed, continuation, millisBehindLatest, childShards }: FanOutPage): ShardPage {
    this.#failures = 0;
    const { records, gapBehind } = this.#position.accept(pushed);
    if (continuation !== undefined) this.#position.continueAfter(continuation);
    const gap = continuation === undefined ? (gapBehind ?? this.#position.gapAtEnd()) : gapBehind;
    if (gap !== undefined) this.#ports.watch.gap(this.#gapCode, gap);
    this.#ports.room.hold(heldBytesOf(records));
    const page: ShardPage = {
      records,
      millisBehindLatest,
      end: continuation === undefined ? { childShards } : undefined,
    };
    let bytes = 0;
    for (const { data } of pushed) bytes += data.length;
    this.#ports.watch.answered(page, bytes);
    return page;
  }

  /** Resolves with the end of the shard when the shard has expired from the stream. */
  async #failed(error: SluiceError): Promise<ShardPage | undefined> {
    this.#pages = undefined;
    this.#failures += 1;
    const waitMs = failureWaitMs(error, this.#failures, this.#deps.random);
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#deps.clock.monotonicMs() + waitMs);
    const hasMoved = error.code === 'KINESIS_REQUEST_REFUSED' && this.#position.fallBackToOldest();
    this.#ports.watch.failed(error, hasMoved ? 'POSITION_REFUSED' : undefined);
    if (isOfEarlierStream(error)) this.#gapCode = 'STREAM_MADE_AGAIN';
    if (error.code !== 'KINESIS_STREAM_MISSING') return undefined;
    // The stream, the shard or the registration of the consumer is missing.
    this.#consumer.forget();
    if (!(await this.#absence.isConfirmed())) return undefined;
    this.#ports.watch.gap('SHARD_LEFT_STREAM', this.#position.lastKnown);
    const page: ShardPage = { records: [], millisBehindLatest: 0, end: { childShards: [] } };
    this.#ports.watch.answered(page, 0);
    return page;
  }
}
