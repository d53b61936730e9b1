import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Broker, BrokerCounters } from './broker/broker.js';
import { createRefusalCounts } from './broker/refusals.js';
import type { Clock } from './clock.js';
import type { ParkedSelection } from './dead-letter/selection.js';
import type { SettlingStatus } from './dead-letter/settling-status.js';
import { SluiceError } from './errors.js';
import { stageCounters } from './gateway-counters.js';
import { GatewayDeadLetters } from './gateway-dead-letters.js';
import { ledgerView } from './gateway-ledger.js';
import type { GatewayOptions } from './gateway-options.js';
import type { Logger } from './logger.js';
import { createMetrics } from './metrics/create-metrics.js';
import type {
  ConsumeFacts,
  IngestFacts,
  MetricsSnapshot,
  ProducerFacts,
  ReaderFacts,
} from './metrics/metrics-snapshot.js';
import type { OwnMetricsCounters } from './metrics/own-metrics.js';
import { type MetricReading, readMetrics } from './metrics/readings.js';
import { Utilization } from './metrics/utilization.js';
import type {
  GatewayView,
  LedgerView,
  LogLevel,
  ParkedDetail,
  ParkedView,
  ReadinessProblem,
  StageCounters,
  WarningView,
} from './ops/gateway-view.js';
import type { LatestPage, LatestQuery, MeasurementSummary, SeriesAnswer, SeriesQuery } from './sink/sink.js';
import type { LogWriter } from './stream/log/log-writer.js';
import type {
  DownstreamAnswer,
  DownstreamReport,
  DownstreamRequest,
  StoreRequest,
} from './threads/downstream-protocol.js';
import type { ForwardingReport } from './threads/forwarding-protocol.js';
import type { SettlingAnswer, SettlingRequest } from './threads/settling-protocol.js';

/** What runs in this process; which of the halves depends on the role. */
export interface StatusParts {
  readonly options: GatewayOptions;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'recentWarnings' | 'level'>;
  readonly ingest?: {
    readonly log: LogWriter;
    /** Absent until it listens and after it stopped. */
    readonly broker: () => Broker | undefined;
    /** Of a broker that has stopped: counters must not fall back to 0 before the process has ended. */
    readonly lastCounters?: () => BrokerCounters | undefined;
  };
  readonly forwarding?: {
    readonly report: ForwardingReport;
    eventLoop(): EventLoopUtilization;
    ask(request: SettlingRequest): Promise<SettlingAnswer>;
  };
  readonly downstream?: {
    readonly report: DownstreamReport;
    eventLoop(): EventLoopUtilization;
    ask(request: DownstreamRequest): Promise<DownstreamAnswer>;
  };
  /** Of the metrics that go into the store; absent when none do. */
  readonly ownMetrics?: () => OwnMetricsCounters | undefined;
  readonly isFailed: () => boolean;
}

/** What the running gateway says of itself. */
export class GatewayStatus implements GatewayView {
  readonly version: string;
  readonly startedAtMs = Date.now();
  readonly #parts: StatusParts;
  readonly #utilizations: ReadonlyMap<string, Utilization>;
  readonly #registry;
  readonly #deadLetters: GatewayDeadLetters;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.version = parts.version;
    const { forwarding, downstream } = parts;
    this.#utilizations = new Map([
      threadOf('main', { eventLoop: () => performance.eventLoopUtilization() }),
      ...(forwarding === undefined ? [] : [threadOf('forwarder', forwarding)]),
      ...(downstream === undefined ? [] : [threadOf('consumer', downstream)]),
    ]);
    this.#registry = createMetrics(() => this.#snapshot());
    this.#deadLetters = new GatewayDeadLetters({
      directory: parts.options.directory.deadLetter,
      // One of them runs, whatever the role is.
      thread: (downstream ?? forwarding)!,
      isConsuming: downstream !== undefined,
    });
  }

  /**
   * What was received and how far a reader is are counted apart from the fates, so `balanced` is a comparison of
   * two counts and not a definition.
   */
  ledger(): LedgerView {
    const { ingest, forwarding, downstream } = this.#parts;
    const stored = ingest?.log.durableSequence ?? 0;
    return ledgerView(stored, forwarding?.report, downstream?.report);
  }

  counters(): StageCounters {
    return stageCounters(this.#snapshot());
  }

  problems(): readonly ReadinessProblem[] {
    const { ingest, forwarding, downstream } = this.#parts;
    const problems: ReadinessProblem[] = [];
    const add = (stage: ReadinessProblem['stage'], reason: string | undefined) => {
      if (reason !== undefined) problems.push({ stage, reason });
    };
    if (ingest !== undefined) {
      if (ingest.broker() === undefined) add('broker', 'it does not listen');
      const reader = forwarding === undefined ? 'the consumer' : 'Kinesis';
      if (ingest.log.isBlocked) {
        add('log', `it has reached stream.log.maxSize and waits for ${reader}; PUBACKs are withheld`);
      }
    }
    if (forwarding !== undefined) {
      const { status, blockedBy } = forwarding.report;
      add('producer', blockedBy);
      if (status.state !== 'healthy') add('producer', status.detail);
    }
    if (downstream !== undefined) {
      const { kinesis, consumer, sink } = downstream.report;
      if (kinesis !== undefined && kinesis.status.state !== 'healthy') add('reader', kinesis.status.detail);
      add('consumer', consumer.blockedBy);
      if (sink.status.state !== 'healthy') add('sink', sink.status.detail);
    }
    return problems;
  }

  alive(): boolean {
    return !this.#parts.isFailed();
  }

  async measurements(): Promise<readonly MeasurementSummary[]> {
    return (await this.#ask({ kind: 'measurements' })) as readonly MeasurementSummary[];
  }

  async series(query: SeriesQuery): Promise<SeriesAnswer> {
    return (await this.#ask({ kind: 'series', query })) as SeriesAnswer;
  }

  async latest(query: LatestQuery): Promise<LatestPage> {
    return (await this.#ask({ kind: 'latest', query })) as LatestPage;
  }

  parked(
    limit: number,
    filter?: Pick<ParkedSelection, 'code' | 'topic' | 'rule'>,
  ): Promise<readonly ParkedView[]> {
    return this.#deadLetters.list(limit, filter);
  }

  deadLetter(id: string): Promise<ParkedDetail | undefined> {
    return this.#deadLetters.detail(id);
  }

  replay(selection: ParkedSelection): Promise<SettlingStatus> {
    return this.#deadLetters.start('replay', selection);
  }

  purge(selection: ParkedSelection): Promise<SettlingStatus> {
    return this.#deadLetters.start('purge', selection);
  }

  settling(): SettlingStatus | undefined {
    return this.#deadLetters.status();
  }

  warnings(afterSeq: number): readonly WarningView[] {
    return this.#parts.logger.recentWarnings.after(afterSeq);
  }

  logLevel(): string {
    return this.#parts.logger.level.current();
  }

  setLogLevel(level: LogLevel): void {
    this.#parts.logger.level.set(level);
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  /** The same as `metrics`, taken apart. */
  readings(): Promise<readonly MetricReading[]> {
    return readMetrics(this.#registry);
  }

  #ask(request: StoreRequest): Promise<DownstreamAnswer> {
    const { downstream } = this.#parts;
    if (downstream !== undefined) return downstream.ask(request);
    return Promise.reject(
      new SluiceError(
        'SINK_QUERY_UNSUPPORTED',
        'this process only forwards to Kinesis; a consumer has the store',
      ),
    );
  }

  #snapshot(): MetricsSnapshot {
    const ingest = this.#ingest();
    const producer = this.#producer();
    const reader = this.#reader();
    const consume = this.#consume();
    const own = this.#parts.ownMetrics?.();
    return {
      ...(ingest === undefined ? {} : { ingest }),
      ...(producer === undefined ? {} : { producer }),
      ...(reader === undefined ? {} : { reader }),
      ...(consume === undefined ? {} : { consume }),
      ledger: this.ledger(),
      deadLetterBytes:
        (this.#parts.forwarding?.report.deadLetterBytes ?? 0) +
        (this.#parts.downstream?.report.deadLetterBytes ?? 0),
      warnings: this.#parts.logger.recentWarnings.totals(),
      threads: this.#threads(),
      ...(own === undefined ? {} : { own }),
    };
  }

  #threads(): Record<string, number> {
    return Object.fromEntries([...this.#utilizations].map(([thread, of]) => [thread, of.ratio()]));
  }

  #ingest(): IngestFacts | undefined {
    const { ingest, options } = this.#parts;
    if (ingest === undefined) return undefined;
    const { log } = ingest;
    return {
      broker: ingest.broker()?.counters() ?? ingest.lastCounters?.() ?? NO_BROKER,
      log: {
        ...log.counters(),
        maxSizeBytes: options.log.maxSizeBytes,
        pendingBytes: log.pendingBytes,
        maxPendingBytes: options.maxInFlightBytes,
        isBlocked: log.isBlocked,
      },
    };
  }

  #producer(): ProducerFacts | undefined {
    const report = this.#parts.forwarding?.report;
    return report && { report, lagMs: this.#ageMs(report.oldestPendingNs) };
  }

  #reader(): ReaderFacts | undefined {
    const report = this.#parts.downstream?.report.kinesis;
    if (report === undefined) return undefined;
    const { lastGoodPollAtMs } = report.counters;
    return {
      report,
      lastPollAgeMs: lastGoodPollAtMs === undefined ? 0 : Math.max(0, Date.now() - lastGoodPollAtMs),
    };
  }

  #consume(): ConsumeFacts | undefined {
    const report = this.#parts.downstream?.report;
    if (report === undefined) return undefined;
    const { consumer, notes, sink, kinesis } = report;
    const lagMs = Math.max(this.#ageMs(consumer.oldestPendingNs), kinesis?.counters.millisBehindLatest ?? 0);
    return {
      consumer: { ...consumer, lagMs },
      notes,
      sink,
    };
  }

  #ageMs(receivedAtNs: bigint | undefined): number {
    if (receivedAtNs === undefined) return 0;
    return Math.max(0, Number((this.#parts.clock.nowNs() - receivedAtNs) / 1_000_000n));
  }
}

function threadOf(
  name: string,
  thread: { eventLoop(): EventLoopUtilization },
): readonly [string, Utilization] {
  return [name, new Utilization(() => thread.eventLoop())];
}

/** Before it listens. */
const NO_BROKER: BrokerCounters = {
  connections: 0,
  connectionsOpened: 0,
  connectionsClosed: 0,
  observers: 0,
  packetsAccepted: 0,
  acknowledged: 0,
  retransmissions: 0,
  packetsShed: 0,
  packetsByLane: 0,
  observerPacketsSkipped: 0,
  refused: createRefusalCounts(),
};
