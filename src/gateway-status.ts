import type { Broker, BrokerCounters } from './broker/broker.js';
import { createRefusalCounts } from './broker/refusals.js';
import type { Clock } from './clock.js';
import { summarize } from './books/ledger.js';
import { listParked } from './dead-letter/dead-letter-reader.js';
import type { DownstreamThread } from './downstream-thread.js';
import type { GatewayOptions } from './gateway-options.js';
import { createMetrics, type MetricsSnapshot } from './metrics.js';
import type {
  GatewayView,
  LedgerView,
  ParkedView,
  ReadinessProblem,
  StageCounters,
} from './ops/gateway-view.js';
import type { MeasurementSummary, SeriesAnswer, SeriesQuery } from './sink/sink.js';
import { sequenceOfPosition } from './stream/log/log-reader.js';
import type { LogWriter } from './stream/log/log-writer.js';

export interface StatusParts {
  readonly options: GatewayOptions;
  readonly version: string;
  readonly clock: Clock;
  readonly log: LogWriter;
  readonly downstream: DownstreamThread;
  /** Absent until it listens and after it stopped. */
  readonly broker: () => Broker | undefined;
  readonly isFailed: () => boolean;
}

/** What the running gateway says of itself. */
export class GatewayStatus implements GatewayView {
  readonly version: string;
  readonly startedAtMs = Date.now();
  readonly #parts: StatusParts;
  readonly #registry;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.version = parts.version;
    this.#registry = createMetrics(() => this.#snapshot());
  }

  /**
   * What was received and where the consumer stands are counted apart from the fates, so `balanced` is a
   * comparison of two counts and not a definition.
   */
  ledger(): LedgerView {
    const { progress } = this.#parts.downstream.report;
    const fates = summarize(progress.ledger);
    const decided = sequenceOfPosition(progress.position);
    const received = this.#parts.log.durableSequence;
    return {
      received,
      ...fates,
      buffered: received - decided,
      balanced: fates.written + fates.parked + fates.filtered + fates.lost === decided,
      reasons: {
        parked: progress.ledger.parked,
        filtered: progress.ledger.filtered,
        lost: progress.ledger.lost,
      },
    };
  }

  counters(): StageCounters {
    const snapshot = this.#snapshot();
    const { broker, log, consumer } = snapshot;
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
      consumer,
      sink: { ...this.#parts.downstream.report.sink },
    };
  }

  problems(): readonly ReadinessProblem[] {
    const problems: ReadinessProblem[] = [];
    const { report } = this.#parts.downstream;
    if (this.#parts.broker() === undefined) problems.push({ stage: 'broker', reason: 'it does not listen' });
    if (this.#parts.log.isBlocked) {
      problems.push({
        stage: 'log',
        reason: 'it has reached stream.log.maxSize and waits for the consumer; PUBACKs are withheld',
      });
    }
    if (report.progress.blockedBy !== undefined) {
      problems.push({ stage: 'consumer', reason: report.progress.blockedBy });
    }
    if (report.sink.status.state !== 'healthy') {
      problems.push({ stage: 'sink', reason: report.sink.status.detail });
    }
    return problems;
  }

  alive(): boolean {
    return !this.#parts.isFailed();
  }

  async measurements(): Promise<readonly MeasurementSummary[]> {
    return (await this.#parts.downstream.ask({ kind: 'measurements' })) as readonly MeasurementSummary[];
  }

  async series(query: SeriesQuery): Promise<SeriesAnswer> {
    return (await this.#parts.downstream.ask({ kind: 'series', query })) as SeriesAnswer;
  }

  async parked(limit: number): Promise<readonly ParkedView[]> {
    const parked = await listParked(this.#parts.options.directory.deadLetter, limit);
    return parked.map(({ id, parkedAtMs, topic, clientId, code, reason }) => ({
      id,
      parkedAtMs,
      topic,
      clientId,
      code,
      reason,
    }));
  }

  async metrics(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #snapshot(): MetricsSnapshot {
    const { log, downstream, options } = this.#parts;
    const { progress, sink, notes, deadLetterBytes } = downstream.report;
    const broker = this.#parts.broker()?.counters();
    const { oldestPendingNs } = progress;
    const lagNs = oldestPendingNs === undefined ? 0n : this.#parts.clock.nowNs() - oldestPendingNs;
    return {
      broker: broker ?? NO_BROKER,
      log: {
        ...log.counters(),
        maxSizeBytes: options.log.maxSizeBytes,
        pendingBytes: log.pendingBytes,
        isBlocked: log.isBlocked,
      },
      consumer: {
        recordsRead: progress.recordsRead,
        pointsMade: progress.pointsMade,
        lagMs: Math.max(0, Number(lagNs / 1_000_000n)),
      },
      notes,
      sink,
      deadLetterBytes,
      ledger: this.ledger(),
    };
  }
}

/** Before it listens and after it stopped. */
const NO_BROKER: BrokerCounters = {
  connections: 0,
  observers: 0,
  packetsAccepted: 0,
  acknowledged: 0,
  retransmissions: 0,
  packetsShed: 0,
  packetsByLane: 0,
  observerPacketsSkipped: 0,
  refused: createRefusalCounts(),
};
