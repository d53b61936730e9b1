import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { addTotals, type LedgerTotals, NO_RECORDS, summarize } from './books/ledger.js';
import type { Broker, BrokerCounters } from './broker/broker.js';
import { createRefusalCounts } from './broker/refusals.js';
import type { Clock } from './clock.js';
import { listParked } from './dead-letter/dead-letter-reader.js';
import type { ParkedRecord } from './dead-letter/parked-record.js';
import { SluiceError } from './errors.js';
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
  BookView,
  GatewayView,
  LedgerView,
  LogLevel,
  ParkedDetail,
  ParkedSelection,
  ParkedView,
  ReadinessProblem,
  SettlingStatus,
  StageCounters,
  WarningView,
} from './ops/gateway-view.js';
import type { LatestPage, LatestQuery, MeasurementSummary, SeriesAnswer, SeriesQuery } from './sink/sink.js';
import type { LogWriter } from './stream/log/log-writer.js';
import type { Book } from './threads/book.js';
import type { DownstreamReport, StoreAnswer, StoreRequest } from './threads/downstream-protocol.js';
import type { ForwardingReport } from './threads/forwarding-protocol.js';

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
  readonly forwarding?: { readonly report: ForwardingReport; eventLoop(): EventLoopUtilization };
  readonly downstream?: {
    readonly report: DownstreamReport;
    eventLoop(): EventLoopUtilization;
    ask(request: StoreRequest): Promise<StoreAnswer>;
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
  }

  /**
   * What was received and how far a reader is are counted apart from the fates, so `balanced` is a comparison of
   * two counts and not a definition.
   */
  ledger(): LedgerView {
    const { ingest, forwarding, downstream } = this.#parts;
    const stored = ingest?.log.durableSequence ?? 0;
    const forwarded = forwarding && bookView(forwarding.report.book, stored);
    const consumed = downstream && bookView(downstream.report.book, stored);
    if (forwarded === undefined || consumed === undefined) return (forwarded ?? consumed)!;
    return { ...wholeBook(forwarded, consumed), books: { ingest: forwarded, consume: consumed } };
  }

  counters(): StageCounters {
    const { ingest, producer, reader, consume } = this.#snapshot();
    return {
      ...(ingest === undefined ? {} : ingestCounters(ingest)),
      ...(producer === undefined ? {} : { producer: producerCounters(producer) }),
      ...(reader === undefined ? {} : { reader: readerCounters(reader) }),
      ...(consume === undefined
        ? {}
        : { consumer: consumerCounters(consume), sink: { ...this.#parts.downstream!.report.sink } }),
    };
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

  async parked(
    limit: number,
    filter: Omit<ParkedSelection, 'ids' | 'all'> = {},
  ): Promise<readonly ParkedView[]> {
    const { rule: _rule, ...known } = filter;
    const parked = await listParked(this.#parts.options.directory.deadLetter, limit, known);
    return parked.map(parkedView);
  }

  async deadLetter(_id: string): Promise<ParkedDetail | undefined> {
    return undefined;
  }

  async replay(_selection: ParkedSelection): Promise<SettlingStatus> {
    throw new SluiceError('DEAD_LETTER_BUSY', 'not wired');
  }

  async purge(_selection: ParkedSelection): Promise<SettlingStatus> {
    throw new SluiceError('DEAD_LETTER_BUSY', 'not wired');
  }

  settling(): SettlingStatus | undefined {
    return undefined;
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

  #ask(request: StoreRequest): Promise<StoreAnswer> {
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

function parkedView({ id, parkedAtMs, topic, clientId, code, reason, rule }: ParkedRecord): ParkedView {
  return { id, parkedAtMs, topic, clientId, code, reason, ...(rule === undefined ? {} : { rule }) };
}

function threadOf(
  name: string,
  thread: { eventLoop(): EventLoopUtilization },
): readonly [string, Utilization] {
  return [name, new Utilization(() => thread.eventLoop())];
}

/** `stored`: what the log has taken, which is what its reader has received or will. */
function bookView(book: Book, stored: number): BookView {
  const { decided, fates } = book;
  const received = book.received ?? stored;
  const sums = summarize(fates);
  return {
    received,
    ...sums,
    buffered: received - decided,
    balanced: sums.written + sums.parked + sums.filtered + sums.lost === decided,
    reasons: reasonsOf(fates),
  };
}

/**
 * Both halves as one path. Between them is the stream: what was forwarded and not yet taken up counts as buffered;
 * what was taken up beyond it (sent twice after a crash, or by other gateways) as received, too. Exact while this
 * process is the only gateway and the only consumer of the stream.
 */
function wholeBook(ingest: BookView, consume: BookView): BookView {
  const between = ingest.written - consume.received;
  const { written, filtered } = consume;
  return {
    received: ingest.received + Math.max(0, -between),
    written,
    parked: ingest.parked + consume.parked,
    filtered: ingest.filtered + filtered,
    buffered: ingest.buffered + Math.max(0, between) + consume.buffered,
    lost: ingest.lost + consume.lost,
    balanced: ingest.balanced && consume.balanced,
    reasons: reasonsOf(addTotals(totalsOf(ingest), totalsOf(consume))),
  };
}

function totalsOf({ reasons }: BookView): LedgerTotals {
  return { ...NO_RECORDS, ...reasons };
}

function reasonsOf({ parked, filtered, lost }: LedgerTotals): BookView['reasons'] {
  return { parked, filtered, lost };
}

function ingestCounters({ broker, log }: IngestFacts): Required<Pick<StageCounters, 'broker' | 'log'>> {
  return {
    broker: {
      connections: broker.connections,
      packetsAccepted: broker.packetsAccepted,
      packetsRefused: Object.values(broker.refused).reduce((sum, count) => sum + count, 0),
      packetsShed: broker.packetsShed,
      acknowledged: broker.acknowledged,
    },
    log: {
      recordsAppended: log.recordsAppended,
      bytesAppended: log.bytesAppended,
      commits: log.commits,
      sizeBytes: log.sizeBytes,
      maxSizeBytes: log.maxSizeBytes,
      blocked: log.isBlocked,
    },
  };
}

function consumerCounters({ consumer }: ConsumeFacts): NonNullable<StageCounters['consumer']> {
  const { recordsRead, pointsMade, lagMs } = consumer;
  return { recordsRead, pointsMade, lagMs };
}

function producerCounters({ report, lagMs }: ProducerFacts): NonNullable<StageCounters['producer']> {
  const { recordsSent, kinesisRecordsSent, putUnits, throttled, retried } = report.counters;
  return { recordsSent, kinesisRecordsSent, putUnits, throttled, retried, lagMs, status: report.status };
}

function readerCounters({ report }: ReaderFacts): NonNullable<StageCounters['reader']> {
  const { recordsRead, kinesisRecordsRead, shardsReading, millisBehindLatest, throttled } = report.counters;
  return {
    recordsRead,
    kinesisRecordsRead,
    shards: shardsReading,
    millisBehindLatest,
    throttled,
    ...(report.leases === undefined ? {} : { consumers: report.leases.workers }),
    status: report.status,
  };
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
