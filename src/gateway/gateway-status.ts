import type { ArrivalsSource } from '../arrivals/arrival.js';
import type { ReloadResult } from '../config/reload-result.js';
import type { DeviceCounts, DevicePage, DeviceQuery, NeedsLook } from '../devices/device-state.js';
import type {
  BacklogView,
  FirstStepsView,
  GatewayView,
  LedgerView,
  LogLevel,
  ParkedDetailPage,
  ParkedPage,
  ReadinessNote,
  ReadinessProblem,
  StageCounters,
  WarningView,
} from '../http/gateway-view.js';
import type { ParkedGroupsView } from '../http/parked-groups-view.js';
import type { LiveFacts } from '../http/timeline-view.js';
import type { InfluxqlAnswer, InfluxqlRequest } from '../influxql/answer.js';
import { SluiceError } from '../lib/errors.js';
import { createMetrics } from '../metrics/create-metrics.js';
import { type MetricSample, readSamples } from '../metrics/samples.js';
import type { ConsumeAnswer, StoreRequest } from '../pipeline/consume-protocol.js';
import type { SeriesAnswer, SeriesQuery } from '../reading/series-query.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { ParkedSelection } from '../replay/selection.js';
import type { BudgetUse } from '../rules/policies/budget-use.js';
import type { Point } from '../sink/point.js';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { Incident } from '../timeline/incident.js';
import type { HistoryRange, StageHistory } from '../timeline/recorded-rates.js';
import { queryConsumer } from './consumer-queries.js';
import { FirstSteps } from './first-steps.js';
import { GatewayDeadLetters } from './gateway-dead-letters.js';
import { GatewayParkedGroups } from './gateway-parked-groups.js';
import { GatewayTimeline } from './gateway-timeline.js';
import { NeedsLookSource } from './needs-look-source.js';
import { PathWatch } from './path-watch.js';
import { readinessNotes } from './readiness-notes.js';
import { readinessProblems } from './readiness-problems.js';
import { SnapshotSource } from './snapshot-source.js';
import { stageCounters } from './stage-counters.js';
import type { StatusParts } from './status-parts.js';
import { backlogSample, watchedWorkers } from './watched-path.js';

/** A query ends after 10 s; a thread that does not answer at all must not keep requests open. */
const ANSWER_WITHIN_MS = 20_000;

/** The running gateway as the API and the live page see it. */
export class GatewayStatus implements GatewayView {
  readonly version: string;
  readonly startedAtMs = Date.now();
  readonly arrivals: ArrivalsSource;
  readonly #parts: StatusParts;
  readonly #snapshots: SnapshotSource;
  readonly #watch: PathWatch;
  readonly #registry;
  readonly #deadLetters: GatewayDeadLetters;
  readonly #timeline: GatewayTimeline;
  readonly #needsLook: NeedsLookSource;
  readonly #parkedGroups: GatewayParkedGroups;
  readonly #firstSteps = new FirstSteps();

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.version = parts.version;
    this.arrivals = parts.arrivals;
    this.#watch = new PathWatch({
      workers: () => watchedWorkers(parts),
      backlog: () => backlogSample(parts, this.#snapshots.ledger(), this.#snapshots.lagMs()),
      clock: parts.clock,
      warn: (fields, sentence) => parts.logger.warn(fields, sentence),
      bestPerSecond: () => this.#timeline.bestPerSecond(),
      onLook: (sample) => this.#timeline.look(sample),
    });
    this.#snapshots = new SnapshotSource(parts, this.#watch);
    this.#registry = createMetrics(() => this.#snapshots.take());
    this.#needsLook = new NeedsLookSource({
      ask: async () => (await this.#ask({ kind: 'needs-look' })) as NeedsLook,
      monotonicMs: () => parts.clock.monotonicMs(),
    });
    this.#deadLetters = new GatewayDeadLetters({
      directory: parts.options.directory.deadLetter,
      worker: parts.workers.replaying,
      isConsuming: parts.workers.consume !== undefined,
    });
    this.#timeline = new GatewayTimeline({
      parts,
      ledger: () => this.#snapshots.ledger(),
      watch: this.#watch,
      sampleParked: (code) => this.#deadLetters.sample(code),
    });
    this.#parkedGroups = new GatewayParkedGroups({
      directory: parts.options.directory.deadLetter,
      worker: parts.workers.replaying,
      ledger: () => this.ledger(),
      rules: () => (parts.workers.consume === undefined ? undefined : parts.reload.rulesInForce),
      size: () => {
        const { deadLetterBytes: bytes, deadLetterMaxSizeBytes: maxBytes } = this.#snapshots.take();
        return { bytes, maxBytes };
      },
      nowMs: () => Number(parts.clock.nowNs() / 1_000_000n),
    });
  }

  ledger(): LedgerView {
    return this.#snapshots.ledger();
  }

  counters(): StageCounters {
    return stageCounters(this.#snapshots.take());
  }

  firstSteps(): FirstStepsView {
    const { ingest, reload } = this.#parts;
    return this.#firstSteps.of(reload.rulesInForce.loaded.config, ingest?.broker.listeners ?? []);
  }

  budgets(): BudgetUse | undefined {
    return this.#parts.workers.consume?.report.budgets;
  }

  problems(): readonly ReadinessProblem[] {
    return readinessProblems(this.#parts, this.#watch);
  }

  backlog(): BacklogView {
    return this.#watch.backlog();
  }

  /**
   * Begins to look at the path once a second: until then no backlog is estimated, no stalled stage is noticed, and no incident
   * begins.
   */
  async startWatching(): Promise<void> {
    await this.#timeline.load();
    // The first look comes before the first record: so the ledger of the day has what there was before.
    this.#watch.tick();
    this.#watch.start();
  }

  /** Resolves when what was seen is saved. */
  async stopWatching(): Promise<void> {
    this.#watch.stop();
    await this.#timeline.close();
  }

  incidents(): readonly Incident[] {
    return this.#timeline.incidents();
  }

  history(range: HistoryRange): StageHistory {
    return this.#timeline.history(range);
  }

  liveFacts(): LiveFacts {
    return this.#timeline.liveFacts();
  }

  notes(): readonly ReadinessNote[] {
    return readinessNotes(this.#parts);
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

  async latest(query: DeviceQuery): Promise<DevicePage> {
    return (await this.#ask({ kind: 'latest', query })) as DevicePage;
  }

  needsLook(): Promise<NeedsLook> {
    return this.#needsLook.get();
  }

  deviceCounts(refresh: boolean): DeviceCounts | null {
    return this.#needsLook.counts(refresh);
  }

  query(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer> {
    return queryConsumer(this.#parts.workers.consume, query, signal);
  }

  async influxql(request: InfluxqlRequest): Promise<InfluxqlAnswer> {
    return (await this.#ask({ kind: 'influxql', request })) as InfluxqlAnswer;
  }

  /** Writes metrics of the gateway itself into the store; resolves with how many points the store rejects. */
  async writeSelfMetrics(points: readonly Point[]): Promise<number> {
    return (await this.#ask({ kind: 'write-self-metrics', points })) as number;
  }

  parked(
    limit: number,
    filter?: Pick<ParkedSelection, 'code' | 'topic' | 'rule' | 'user'>,
    after?: string,
  ): Promise<ParkedPage> {
    return this.#deadLetters.list(limit, filter, after);
  }

  parkedGroups(): Promise<ParkedGroupsView> {
    return this.#parkedGroups.groups();
  }

  deadLetter(id: string, after?: string): Promise<ParkedDetailPage> {
    return this.#deadLetters.detail(id, after);
  }

  replay(selection: ParkedSelection): Promise<ReplayStatus> {
    return this.#deadLetters.start('replay', selection);
  }

  purge(selection: ParkedSelection): Promise<ReplayStatus> {
    return this.#deadLetters.start('purge', selection);
  }

  replayStatus(): ReplayStatus | undefined {
    return this.#deadLetters.status();
  }

  reload(): Promise<ReloadResult> {
    return this.#parts.reload.run();
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

  /** Reads the same metrics as `metrics`, as values instead of text. */
  samples(): Promise<readonly MetricSample[]> {
    return readSamples(this.#registry);
  }

  #ask(request: StoreRequest): Promise<ConsumeAnswer> {
    const { consume } = this.#parts.workers;
    if (consume !== undefined) {
      const answer = consume.ask(request);
      return request.kind === 'write-self-metrics' ? answer : answeredWithin(ANSWER_WITHIN_MS, answer);
    }
    return Promise.reject(
      new SluiceError(
        'SINK_QUERY_UNSUPPORTED',
        'this process only forwards to Kinesis; a consumer has the store',
      ),
    );
  }
}

async function answeredWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const sentence = `the thread of the consumer does not answer within ${ms / 1_000} s; /readyz says more`;
    timer = setTimeout(() => reject(new SluiceError('SINK_QUERY_FAILED', sentence)), ms).unref();
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
