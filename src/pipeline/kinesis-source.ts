import type { KinesisConfig } from '../config/sluice-config.js';
import type { DataDirectory } from '../data-directory/data-directory.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { ReaderLedger } from '../ledger/ledger.js';
import type { StateEnd } from '../ledger/state-journal.js';
import { type Clock, SystemClock } from '../lib/clock.js';
import { throwIfStopped } from '../lib/lifecycle.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import { scheduleOnTimer } from '../lib/timers.js';
import type { AwsKinesis } from '../stream/kinesis/aws/aws-kinesis.js';
import { connectFanOut, connectKinesis } from '../stream/kinesis/aws/connect-kinesis.js';
import type { AwsFanOut } from '../stream/kinesis/aws/fan-out.js';
import { FanOutSource } from '../stream/kinesis/reader/fan-out-source.js';
import { KinesisReader } from '../stream/kinesis/reader/kinesis-reader.js';
import { PollingSource } from '../stream/kinesis/reader/polling-source.js';
import { type KinesisReaderCounters, noTotals } from '../stream/kinesis/reader/reader-counters.js';
import type { RecordSource, ShardStart } from '../stream/kinesis/reader/record-source.js';
import type { ComponentStatus, Position } from '../stream/stream.js';
import type { KinesisReaderReport } from './consume-protocol.js';
import type { ConsumerSource, OpenSource } from './consumer-source.js';
import type { FirstContact } from './first-contact.js';
import { describeUsable } from './kinesis-check.js';
import type { KinesisCheckpoints } from './kinesis-checkpoints.js';
import { FileCheckpoints } from './kinesis-file-checkpoints.js';
import { LeaseCheckpoints, workerIdOf } from './kinesis-lease-checkpoints.js';
import type { SharedWindowsSource } from './kinesis-shared-windows.js';
import { openWithRetry } from './open-with-retry.js';
import type { PipelineHooks } from './worker/worker-protocol.js';

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
  readonly #hooks: PipelineHooks;
  readonly #clock: Clock;
  readonly #api: AwsKinesis;
  readonly #checkpoints: KinesisCheckpoints;
  #fanOut: AwsFanOut | undefined;
  #reader: KinesisReader | undefined;
  #status: ComponentStatus = { state: 'retrying', detail: 'the stream has not been reached yet' };

  private constructor(
    kinesis: KinesisConfig,
    hooks: PipelineHooks,
    clock: Clock,
    api: AwsKinesis,
    checkpoints: KinesisCheckpoints,
  ) {
    this.#kinesis = kinesis;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#api = api;
    this.#checkpoints = checkpoints;
  }

  /** Rejects with CHECKPOINT_UNREADABLE, or with why the lease table cannot be used. */
  static create(
    kinesis: KinesisConfig,
    directory: DataDirectory,
    hooks: PipelineHooks,
  ): Promise<KinesisSource> {
    return openAllOrNone(async (opened) => {
      const clock = new SystemClock();
      const api = await connectKinesis(kinesis);
      opened(() => api.close());
      const parts = { api, clock, initial: initialPosition(kinesis, clock), warn: hooks.warn };
      const { leases } = kinesis.reader;
      const checkpoints =
        leases === undefined
          ? await FileCheckpoints.create(kinesis, directory, parts)
          : await LeaseCheckpoints.create(
              { ...leases, workerId: leases.workerId ?? (await workerIdOf(directory.root)) },
              { ...parts, kinesis },
            );
      return new KinesisSource(kinesis, hooks, clock, api, checkpoints);
    });
  }

  get ledger() {
    return this.#checkpoints.ledger;
  }

  get deadLetterFolder(): string {
    return this.#checkpoints.deadLetterFolder;
  }

  get stateFolder(): string | undefined {
    return this.#checkpoints.stateFolder;
  }

  get stateEnd(): StateEnd | undefined {
    return this.#checkpoints.stateEnd;
  }

  get deadLetterEnd(): DeadLetterEnd | undefined {
    return this.#checkpoints.deadLetterEnd;
  }

  get reasonsEnd(): DeadLetterEnd | undefined {
    return this.#checkpoints.reasonsEnd;
  }

  get startPosition(): Position | undefined {
    return this.#checkpoints.startPosition;
  }

  get sharedWindows(): SharedWindowsSource | undefined {
    return this.#checkpoints.windows;
  }

  shards(): ReadonlyMap<string, boolean> {
    return this.#reader?.shardsAtEnd() ?? new Map();
  }

  async open(signal: AbortSignal, first: FirstContact): Promise<OpenSource | undefined> {
    const opened = await openWithRetry(
      () => this.#openReader(signal),
      signal,
      (status, code) => {
        this.#status = status;
        this.#hooks.warn({ code, reason: status.detail }, 'the Kinesis stream cannot be read yet');
      },
      first,
    );
    if (opened === undefined) return undefined;
    this.#reader = opened;
    const { assigner, checkpoints } = this.#checkpoints;
    return { reader: opened, checkpoints, position: assigner.position() };
  }

  readerLedger(processedTo: Position | undefined): ReaderLedger {
    return this.#checkpoints.readerLedger(processedTo);
  }

  status(): ComponentStatus {
    if (this.#reader === undefined) return this.#status;
    const reading = this.#reader.status();
    return reading.state === 'healthy' ? this.#checkpoints.status() : reading;
  }

  report(): KinesisReaderReport {
    const leases = this.#checkpoints.leases();
    return {
      status: this.status(),
      counters: this.#reader?.counters() ?? NOTHING_READ,
      leases,
    };
  }

  stopFetching(): void {
    this.#reader?.stopFetching();
  }

  async close(): Promise<void> {
    // Calls of an attempt to open end with the clients; the assigner ends with the reader, where there is one.
    if (this.#reader === undefined) this.#api.close();
    await (this.#reader ?? this.#checkpoints.assigner).close();
    this.#fanOut?.close();
    this.#api.close();
  }

  async #openReader(signal: AbortSignal): Promise<KinesisReader> {
    const { createdAtMs } = await describeUsable(this.#api, this.#kinesis.name);
    await this.#api.probe('read');
    throwIfStopped(signal);
    await this.#checkpoints.prepare?.();
    const source = await this.#source();
    throwIfStopped(signal);
    const reader = await KinesisReader.open(
      {
        streamName: this.#kinesis.name,
        bufferBytes: this.#kinesis.reader.bufferBytes,
        maxConcurrentFetches: MAX_CONCURRENT_FETCHES,
      },
      {
        source,
        assigner: this.#checkpoints.newAssigner(createdAtMs),
        clock: this.#clock,
        timers: scheduleOnTimer,
        warn: this.#hooks.warn,
      },
    );
    // Nobody waits for this attempt any more.
    if (signal.aborted) await reader.close();
    return reader;
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

/** LATEST becomes the time of the first start, so that records that arrive before the first poll or before a crash are read. */
function initialPosition(
  { reader: { start } }: KinesisConfig,
  clock: Clock,
): ShardStart & { kind: 'TRIM_HORIZON' | 'AT_TIMESTAMP' } {
  if (start.kind === 'TRIM_HORIZON') return { kind: 'TRIM_HORIZON' };
  if (start.kind === 'AT_TIMESTAMP') return start;
  return { kind: 'AT_TIMESTAMP', timestampMs: Number(clock.nowNs() / 1_000_000n) };
}
