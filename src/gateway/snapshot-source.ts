import { performance } from 'node:perf_hooks';
import type { LedgerView } from '../http/gateway-view.js';
import type {
  ConsumeFacts,
  IngestFacts,
  MetricsSnapshot,
  ProducerFacts,
  ReaderFacts,
  WindowFacts,
} from '../metrics/metrics-snapshot.js';
import type { HealthFacts } from '../metrics/tables/backlog-metrics.js';
import { Utilization } from '../metrics/utilization.js';
import { ledgerView } from './gateway-ledger.js';
import type { PathWatch } from './path-watch.js';
import { readinessProblems } from './readiness-problems.js';
import type { StatusParts } from './status-parts.js';

/** Takes snapshots of everything that is counted in the gateway: metrics, page and ledger are made of them. */
export class SnapshotSource {
  readonly #parts: StatusParts;
  /** How busy the main thread and the workers are, by the name that the metrics have for them. */
  readonly #utilizations: ReadonlyMap<string, Utilization>;

  readonly #watch: PathWatch;

  constructor(parts: StatusParts, watch: PathWatch) {
    this.#parts = parts;
    this.#watch = watch;
    const { forward, consume } = parts.workers;
    const threads = {
      main: { eventLoop: () => performance.eventLoopUtilization() },
      forwarder: forward,
      consumer: consume,
    };
    this.#utilizations = new Map(
      Object.entries(threads).flatMap(([name, thread]) =>
        thread === undefined ? [] : [[name, new Utilization(() => thread.eventLoop())] as const],
      ),
    );
  }

  take(): MetricsSnapshot {
    const { options, logger, selfMetrics, workers, httpRefusals, signIns } = this.#parts;
    return {
      ingest: this.#ingest(),
      access: signIns(),
      producer: this.#producer(),
      reader: this.#reader(),
      consume: this.#consume(),
      windows: this.#windows(),
      ledger: this.ledger(),
      health: this.#health(),
      deadLetterBytes:
        (workers.forward?.report.deadLetterBytes ?? 0) + (workers.consume?.report.deadLetterBytes ?? 0),
      deadLetterMaxSizeBytes: options.consume.deadLetterMaxSizeBytes,
      httpRefusals,
      warnings: logger.recentWarnings.totals(),
      threads: Object.fromEntries([...this.#utilizations].map(([name, of]) => [name, of.ratio()])),
      clock: this.#parts.clockWatch.facts(),
      reloads: this.#parts.reload.totals(),
      self: selfMetrics(),
    };
  }

  ledger(): LedgerView {
    const { ingest, workers } = this.#parts;
    const stored = ingest?.log.durableSequence ?? 0;
    return ledgerView(stored, workers.forward?.report, workers.consume?.report, ingest?.dropped());
  }

  /** Computed when it is read: most snapshots are taken for the counters. */
  #health(): HealthFacts {
    const [parts, watch] = [this.#parts, this.#watch];
    return {
      get backlog() {
        return watch.backlog();
      },
      get problems() {
        return readinessProblems(parts, watch);
      },
    };
  }

  /** Age of the oldest record that a stage of this process has not processed. */
  lagMs(): number {
    return Math.max(this.#consume()?.consumer.lagMs ?? 0, this.#producer()?.lagMs ?? 0);
  }

  #ingest(): IngestFacts | undefined {
    const { ingest, options } = this.#parts;
    if (ingest === undefined) return undefined;
    const { log, broker } = ingest;
    return {
      broker: broker.counters(),
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
    const report = this.#parts.workers.forward?.report;
    return report && { report, lagMs: this.#ageMs(report.oldestPendingNs) };
  }

  #reader(): ReaderFacts | undefined {
    const report = this.#parts.workers.consume?.report.kinesis;
    if (report === undefined) return undefined;
    const { lastGoodPollAtMs } = report.counters;
    return {
      report,
      lastPollAgeMs: lastGoodPollAtMs === undefined ? 0 : Math.max(0, Date.now() - lastGoodPollAtMs),
    };
  }

  #consume(): ConsumeFacts | undefined {
    const report = this.#parts.workers.consume?.report;
    if (report === undefined) return undefined;
    const { consumer, mappingWarnings, mappingWarningsByRule, budgets, typeConversions, sink, kinesis } =
      report;
    const { queries = {} } = report;
    // A thread that does not answer has not reported what it has read last.
    const waitedMs = kinesis === undefined ? this.#watch.waitedMs : kinesis.counters.millisBehindLatest;
    const lagMs = Math.max(this.#ageMs(consumer.oldestPendingNs), waitedMs);
    return {
      consumer: { ...consumer, lagMs },
      mappingWarnings,
      mappingWarningsByRule,
      budgets,
      typeConversions,
      queries: { ...queries },
      sink,
    };
  }

  #windows(): WindowFacts | undefined {
    const report = this.#parts.workers.consume?.report.windows;
    return report && { report, nowMs: Number(this.#parts.clock.nowNs() / 1_000_000n) };
  }

  #ageMs(receivedAtNs: bigint | undefined): number {
    if (receivedAtNs === undefined) return 0;
    return Math.max(0, Number((this.#parts.clock.nowNs() - receivedAtNs) / 1_000_000n));
  }
}
