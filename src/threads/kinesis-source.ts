import { type Clock, SystemClock } from '../clock.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import type { DataDirectory } from '../data-directory.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { AwsKinesis } from '../stream/kinesis/aws/aws-kinesis.js';
import type { AwsFanOut } from '../stream/kinesis/aws/fan-out.js';
import { FanOutSource } from '../stream/kinesis/reader/fan-out-source.js';
import { KinesisReader } from '../stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../stream/kinesis/reader/polling-source.js';
import { type KinesisReaderCounters, noTotals } from '../stream/kinesis/reader/reader-counters.js';
import type { RecordSource, ShardStart } from '../stream/kinesis/reader/record-source.js';
import type { OutletStatus, Position } from '../stream/stream.js';
import { scheduleOnTimer } from '../timers.js';
import type { Book } from './book.js';
import { connectFanOut, connectKinesis } from './connect-kinesis.js';
import type { ConsumerSource, OpenSource } from './consumer-source.js';
import type { KinesisReaderReport } from './downstream-protocol.js';
import { describeUsable } from './kinesis-check.js';
import { FilePlace } from './kinesis-file-place.js';
import { LeasedPlace } from './kinesis-leased-place.js';
import type { KinesisPlace } from './kinesis-place.js';
import type { StageHooks } from './thread-protocol.js';
import { refuseWhatNoWaitingHeals, untilOpen } from './until-open.js';
import { workerIdOf } from './worker-id.js';

const HEALTHY: OutletStatus = { state: 'healthy', detail: '' };

const MAX_CONCURRENT_FETCHES = 16;
const NOTHING_READ: KinesisReaderCounters = {
  ...noTotals(),
  millisBehindLatest: 0,
  shardsReading: 0,
  bufferedBytes: 0,
};

/** Kinesis mode: the consumer reads the shards of a stream, all of them or those it holds a lease for. */
export class KinesisSource implements ConsumerSource {
  readonly #kinesis: KinesisConfig;
  readonly #hooks: StageHooks;
  readonly #clock: Clock;
  readonly #api: AwsKinesis;
  readonly #place: KinesisPlace;
  #fanOut: AwsFanOut | undefined;
  #reader: KinesisReader | undefined;
  #status: OutletStatus = { state: 'retrying', detail: 'the stream has not been reached yet' };

  private constructor(
    kinesis: KinesisConfig,
    hooks: StageHooks,
    clock: Clock,
    api: AwsKinesis,
    place: KinesisPlace,
  ) {
    this.#kinesis = kinesis;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#api = api;
    this.#place = place;
  }

  /** Rejects with CHECKPOINT_UNREADABLE, or with why the lease table cannot be used. */
  static async create(
    kinesis: KinesisConfig,
    directory: DataDirectory,
    hooks: StageHooks,
  ): Promise<KinesisSource> {
    const clock = new SystemClock();
    const api = await connectKinesis(kinesis);
    const parts = { api, clock, initial: initialPosition(kinesis, clock), warn: hooks.warn };
    const { leases } = kinesis.reader;
    const place =
      leases === undefined
        ? await FilePlace.create(kinesis, directory.checkpoints, parts)
        : await LeasedPlace.create(
            { ...leases, workerId: leases.workerId ?? (await workerIdOf(directory.root)) },
            { ...parts, kinesis },
          );
    return new KinesisSource(kinesis, hooks, clock, api, place);
  }

  get ledger() {
    return this.#place.ledger;
  }

  get deadLetterFolder(): string {
    return this.#place.deadLetterFolder;
  }

  get deadLetterEnd(): DeadLetterEnd | undefined {
    return this.#place.deadLetterEnd;
  }

  async check(): Promise<void> {
    if (await refuseWhatNoWaitingHeals(() => this.#usable())) this.#status = HEALTHY;
  }

  async open(signal: AbortSignal): Promise<OpenSource | undefined> {
    const opened = await untilOpen(
      async () => {
        await this.#usable();
        const reader = await KinesisReader.open(
          {
            streamName: this.#kinesis.name,
            bufferBytes: this.#kinesis.reader.bufferBytes,
            maxConcurrentFetches: MAX_CONCURRENT_FETCHES,
          },
          {
            source: await this.#source(),
            owner: this.#place.newOwner(),
            clock: this.#clock,
            timers: scheduleOnTimer,
            warn: this.#hooks.warn,
          },
        );
        return reader;
      },
      signal,
      (status, code) => {
        this.#status = status;
        this.#hooks.warn({ code, reason: status.detail }, 'the Kinesis stream cannot be read yet');
      },
    );
    if (opened === undefined) return undefined;
    this.#reader = opened;
    const { owner, checkpoints } = this.#place;
    return { reader: opened, checkpoints, position: owner.position() };
  }

  book(settled: Position | undefined): Book {
    return this.#place.book(settled);
  }

  status(): OutletStatus {
    if (this.#reader === undefined) return this.#status;
    const reading = this.#reader.status();
    return reading.state === 'healthy' ? this.#place.status() : reading;
  }

  report(): KinesisReaderReport {
    const leases = this.#place.leases();
    return {
      status: this.status(),
      counters: this.#reader?.counters() ?? NOTHING_READ,
      ...(leases === undefined ? {} : { leases }),
    };
  }

  stopFetching(): void {
    this.#reader?.stopFetching();
  }

  async close(): Promise<void> {
    await this.#reader?.close();
    this.#fanOut?.close();
    this.#api.close();
  }

  async #usable(): Promise<void> {
    await describeUsable(this.#api, this.#kinesis.name);
    await this.#api.probe('read');
  }

  async #source(): Promise<RecordSource> {
    const deps = { clock: this.#clock, timers: scheduleOnTimer, random: Math.random };
    const { fanOut, application } = this.#kinesis.reader;
    if (!fanOut) return new PollingSource({ ...deps, api: this.#api });
    this.#fanOut ??= await connectFanOut(this.#kinesis);
    const api = Object.assign(this.#fanOut, { listShards: () => this.#api.listShards() });
    return FanOutSource.open(application, { ...deps, api });
  }
}

/** LATEST is the time of the first start: what arrives before the first poll, or before a crash, is not passed over. */
function initialPosition(
  { reader: { start } }: KinesisConfig,
  clock: Clock,
): ShardStart & { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' } {
  if (start.kind === 'TRIM_HORIZON') return { kind: 'TRIM_HORIZON' };
  if (start.kind === 'AT_TIMESTAMP') return start;
  return { kind: 'AT_TIMESTAMP', timestampMs: Number(clock.nowNs() / 1_000_000n) };
}
