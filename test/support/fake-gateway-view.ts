import { Arrivals } from '../../src/arrivals/arrivals.js';
import type { ReloadResult } from '../../src/config/reload-result.js';
import type {
  DeviceCounts,
  DeviceGroup,
  DevicePage,
  DeviceQuery,
  NeedsLook,
} from '../../src/devices/device-state.js';
import type {
  BacklogView,
  FirstStepsView,
  GatewayView,
  LedgerView,
  LogLevel,
  ParkedDetail,
  ParkedDetailPage,
  ParkedPage,
  ReadinessNote,
  ReadinessProblem,
  StageCounters,
  WarningView,
} from '../../src/http/gateway-view.js';
import type { ParkedGroupsView, ParkedGroupView } from '../../src/http/parked-groups-view.js';
import type { LiveFacts } from '../../src/http/timeline-view.js';
import type { InfluxqlAnswer, InfluxqlRequest } from '../../src/influxql/answer.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { SeriesAnswer, SeriesGroup, SeriesQuery } from '../../src/reading/series-query.js';
import type { ReplayStatus } from '../../src/replay/replay-status.js';
import type { ParkedSelection } from '../../src/replay/selection.js';
import type { BudgetUse } from '../../src/rules/policies/budget-use.js';
import { LatestPages } from '../../src/sink/latest-pages.js';
import type { SinkStatus } from '../../src/sink/sink.js';
import type { StoreQuery, StoreQueryAnswer } from '../../src/sink/store-query.js';
import type { LatestGroup, MeasurementSummary, StoreReader } from '../../src/sink/store-reader.js';
import type { Incident } from '../../src/timeline/incident.js';
import type { HistoryRange, StageHistory } from '../../src/timeline/recorded-rates.js';
import type { WindowsReport } from '../../src/windows/windows-report.js';

/** A device of which a test names only what matters to it. */
export type FakeDevice = LatestGroup & Partial<DeviceGroup>;

/** Fates that the fake hands out, as records. */
export interface FakeOutcomes {
  readonly written?: number;
  readonly parked?: Readonly<Record<string, number>>;
  readonly filtered?: Readonly<Record<string, number>>;
  readonly buffered?: number;
  readonly lost?: Readonly<Record<string, number>>;
}

/**
 * A gateway made of numbers that a test sets. With `recordsPerSecond` its counters grow by themselves, so that
 * the page has rates to show.
 */
export class FakeGatewayView implements GatewayView {
  version = '0.1.0-test';
  startedAtMs = Date.now();
  /** How often somebody began or ended to watch what arrives. */
  readonly watched: boolean[] = [];
  readonly arrivals = new Arrivals({
    scope: { sees: 'whole-path' },
    clock: new SystemClock(),
    onWatched: (isWatched) => void this.watched.push(isWatched),
    onFollow: () => undefined,
  });
  recordsPerSecond = 0;
  /** Where the sink stands still although records come in. */
  sinkStopped = false;
  connections = 0;
  logSizeBytes = 0;
  logBlocked = false;
  lagMs = 0;
  sinkStatus: SinkStatus = { state: 'healthy', detail: '' };
  readiness: ReadinessProblem[] = [];
  waiting: BacklogView = {
    records: 0,
    bytes: 0,
    oldestMs: 0,
    caughtUp: { state: 'now', ms: 0 },
    catchUp: { state: 'now', ms: 0 },
    logFull: { state: 'never' },
    summary: 'no backlog',
  };
  readinessNotes: ReadinessNote[] = [];
  incidentList: Incident[] = [];
  stageHistory: StageHistory = { range: '3m', stepMs: 1_000, fromMs: 0, rates: {}, behindMs: [] };
  facts: LiveFacts = {
    incident: null,
    logBytesPerSecond: 0,
    sinkLastAnswerMs: Date.now(),
    timeZone: 'Europe/Berlin',
    setAsideToday: 0,
    ledgerToday: null,
  };
  isAlive = true;
  /** Between log and consumer: absent in direct mode. */
  kinesis: Required<Pick<StageCounters, 'producer' | 'reader'>> | undefined;
  /** Absent: none are configured. */
  windows: WindowsReport | undefined;
  /** The half of the path that runs here. */
  role: 'all' | 'ingest' | 'consume' = 'all';
  outcomes: FakeOutcomes = {};
  /** Overrides what the sum says. */
  received: number | undefined;
  stored: MeasurementSummary[] = [];
  /** Without points before it, ms since 1970. */
  pointsFromMs = Number.NEGATIVE_INFINITY;
  /** Values of each tag, by its name; a tag without an entry has one value. */
  tagValues: Record<string, readonly string[]> = {};
  deadLetters: ParkedDetail[] = [];
  latestGroups: FakeDevice[] = [];
  /** What a tag has instead of `latestGroups`. */
  latestByTag: Record<string, FakeDevice[]> = {};
  readonly latestQueries: DeviceQuery[] = [];
  looks: NeedsLook = { asOfMs: Date.now(), devices: 0, moreDevices: false, needLook: 0, found: 0, looks: [] };
  /** Whether the counts were asked for on behalf of an open page. */
  readonly countsAsked: boolean[] = [];
  readonly influxqlRequests: InfluxqlRequest[] = [];
  influxqlAnswer: InfluxqlAnswer = { status: 200, json: '{"results":[{"statement_id":0}]}\n' };
  warningLines: WarningView[] = [];
  level: string = 'info';
  job: ReplayStatus | undefined;
  /** Thrown by `replay` and `purge`. */
  replayFailure: Error | undefined;
  readonly replaysAsked: { readonly kind: 'replay' | 'purge'; readonly selection: ParkedSelection }[] = [];
  reloadsAsked = 0;
  reloadResult: ReloadResult = {
    outcome: 'unchanged',
    file: 'sluice.yaml',
    changes: {
      rules: { added: [], removed: [], changed: [], reordered: false },
      settings: [],
      needRestart: [],
    },
  };
  /** Thrown by `reload`. */
  reloadFailure: Error | undefined;
  /** Thrown by whatever touches the store. */
  storeFailure: Error | undefined;
  /** Thrown by `ledger`, `counters` and `metrics`. */
  failure: Error | undefined;
  /** Awaited by `measurements` and `series`. */
  storeGate: Promise<void> = Promise.resolve();
  readonly seriesQueries: SeriesQuery[] = [];

  firstStepsView: FirstStepsView = {
    listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port: 1883 }],
    rule: { name: 'default', topic: '#', isBuiltIn: true, measurement: 'telemetry' },
    sample: { topic: 'sensors/kitchen/telemetry', payload: '{ "temperature": 21.5 }' },
    store: 'duckdb',
  };

  firstSteps(): FirstStepsView {
    return this.firstStepsView;
  }

  ledger(): LedgerView {
    if (this.failure) throw this.failure;
    const { written = 0, parked = {}, filtered = {}, buffered = 0, lost = {} } = this.outcomes;
    const sum = written + total(parked) + total(filtered) + buffered + total(lost);
    const received = this.received ?? sum;
    return {
      received,
      written,
      parked: total(parked),
      filtered: total(filtered),
      buffered,
      lost: total(lost),
      balanced: received === sum,
      reasons: { parked, filtered, lost },
    };
  }

  counters(): StageCounters {
    if (this.failure) throw this.failure;
    const records = Math.floor(((Date.now() - this.startedAtMs) / 1000) * this.recordsPerSecond);
    const points = this.sinkStopped ? 0 : records;
    const all: Required<Omit<StageCounters, 'producer' | 'reader' | 'windows'>> = {
      broker: {
        connections: this.connections,
        packetsAccepted: records,
        packetsRefused: 0,
        packetsShed: 0,
        acknowledged: records,
        subscribers: 0,
        waitingMessages: 0,
        retainedMessages: 0,
      },
      log: {
        recordsAppended: records,
        bytesAppended: records * 180,
        commits: Math.ceil(records / 50),
        sizeBytes: this.logSizeBytes,
        maxSizeBytes: 4 * 1024 ** 3,
        blocked: this.logBlocked,
      },
      consumer: { recordsRead: points, pointsMade: points, lagMs: this.lagMs },
      sink: {
        kind: 'influx',
        status: this.sinkStatus,
        pointsWritten: points,
        pointsRefused: 0,
        requests: Math.ceil(points / 5000),
        retries: this.sinkStatus.state === 'healthy' ? 0 : 7,
        bytesSent: points * 90,
        busyMs: points / 50,
      },
    };
    const { producer, reader } = this.kinesis ?? {};
    return {
      ...(this.role === 'consume' ? {} : { broker: all.broker, log: all.log, ...(producer && { producer }) }),
      ...(this.role === 'ingest'
        ? {}
        : {
            ...(reader && { reader }),
            consumer: all.consumer,
            sink: all.sink,
            ...(this.windows && { windows: this.windows }),
          }),
    };
  }

  problems(): readonly ReadinessProblem[] {
    return this.readiness;
  }

  backlog(): BacklogView {
    return this.waiting;
  }

  notes(): readonly ReadinessNote[] {
    return this.readinessNotes;
  }

  incidents(): readonly Incident[] {
    return this.incidentList;
  }

  history(range: HistoryRange): StageHistory {
    return { ...this.stageHistory, range };
  }

  liveFacts(): LiveFacts {
    return this.facts;
  }

  alive(): boolean {
    return this.isAlive;
  }

  async measurements(): Promise<readonly MeasurementSummary[]> {
    await this.storeGate;
    if (this.storeFailure) throw this.storeFailure;
    return this.stored;
  }

  async series(query: SeriesQuery): Promise<SeriesAnswer> {
    this.seriesQueries.push(query);
    await this.storeGate;
    if (this.storeFailure) throw this.storeFailure;
    const { fromMs, toMs, bucketMs = 3_600_000 } = query;
    const timesMs: number[] = [];
    for (let at = fromMs; at < toMs; at += bucketMs) timesMs.push(at);
    const all = query.by === undefined ? [''] : (this.tagValues[query.by] ?? ['only']);
    const { only } = query;
    const names =
      only !== undefined && only.tag === query.by ? all.filter((name) => only.values.includes(name)) : all;
    const page = names.slice(query.offset, query.offset + query.limit);
    const groups = page.map((name, index) =>
      sampleGroup(
        name,
        timesMs.map((at) =>
          at + bucketMs <= this.pointsFromMs ? null : sampleAt(at, index, timesMs.length),
        ),
        timesMs.map((at) => Math.max(at, this.pointsFromMs)),
      ),
    );
    return {
      resolutions: ['raw'],
      fromMs,
      toMs,
      nextFromMs: null,
      bucketMs,
      timesMs,
      found: names.length,
      groups,
    };
  }

  /** Awaits `storeGate`, as all that ask the store. */
  async influxql(request: InfluxqlRequest): Promise<InfluxqlAnswer> {
    this.influxqlRequests.push(request);
    await this.storeGate;
    if (this.storeFailure) throw this.storeFailure;
    return this.influxqlAnswer;
  }

  async needsLook(): Promise<NeedsLook> {
    await this.storeGate;
    if (this.storeFailure) throw this.storeFailure;
    return this.looks;
  }

  deviceCounts(refresh: boolean): DeviceCounts | null {
    this.countsAsked.push(refresh);
    const { devices, needLook } = this.looks;
    return devices === 0 ? null : { known: devices, needLook };
  }

  async latest(query: DeviceQuery): Promise<DevicePage> {
    this.latestQueries.push(query);
    await this.storeGate;
    if (this.storeFailure) throw this.storeFailure;
    const groups = this.latestByTag[query.by ?? ''] ?? this.latestGroups;
    const page = await new LatestPages(readerOf(groups)).page(query);
    const shown = page.groups.map((group) => {
      const { spark, ...device }: FakeDevice = groups.find(({ name }) => name === group.name) ?? group;
      return {
        ...group,
        state: group.atMs < query.silentBeforeMs ? ('silent' as const) : ('reporting' as const),
        ...device,
        ...(query.spark !== undefined && { spark: spark ?? [] }),
      };
    });
    const { sparkField = shown[0]?.values[0]?.field } = query;
    return {
      ...page,
      groups: shown,
      ...(query.spark !== undefined && sparkField !== undefined && { sparkField }),
    };
  }

  /** How a query of a user is answered; a test replaces it. */
  answerQuery: (query: StoreQuery, signal: AbortSignal) => Promise<StoreQueryAnswer> = () =>
    Promise.reject(new SluiceError('SINK_QUERY_UNSUPPORTED', 'The fake has no store.'));

  query(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer> {
    return this.answerQuery(query, signal);
  }

  async parked(limit: number, filter: Omit<ParkedSelection, 'ids' | 'all'> = {}): Promise<ParkedPage> {
    return { deadLetters: this.#selected(filter).slice(0, limit) };
  }

  /** What a test sets beside what follows from `deadLetters`, by code. */
  groupsMore: Record<string, Partial<ParkedGroupView>> = {};
  groupsAnswer: Partial<ParkedGroupsView> = {};
  /** Awaited by `parkedGroups`. */
  groupsGate: Promise<void> = Promise.resolve();

  async parkedGroups(): Promise<ParkedGroupsView> {
    await this.groupsGate;
    const groups = new Map<string, ParkedGroupView>();
    for (const letter of this.deadLetters) {
      const key = JSON.stringify([letter.code, letter.rule]);
      groups.set(key, withLetter(groups.get(key), letter, this.groupsMore[letter.code]));
    }
    return {
      asOfMs: Date.now(),
      records: this.deadLetters.length,
      today: this.deadLetters.length,
      groups: [...groups.values()].sort((one, other) => other.count - one.count),
      ofOtherGroups: 0,
      rulesSinceMs: this.startedAtMs,
      rulesFile: 'sluice.yaml',
      sizeBytes: 9 * 1024,
      maxSizeBytes: 256 * 1024 ** 2,
      finished: [],
      ...this.groupsAnswer,
    };
  }

  async deadLetter(id: string): Promise<ParkedDetailPage> {
    return { detail: this.deadLetters.find((letter) => letter.id === id) };
  }

  /** Stays at `running` until the test sets `job`. */
  async replay(selection: ParkedSelection): Promise<ReplayStatus> {
    return this.#begin('replay', selection);
  }

  async purge(selection: ParkedSelection): Promise<ReplayStatus> {
    return this.#begin('purge', selection);
  }

  replayStatus(): ReplayStatus | undefined {
    return this.job;
  }

  budgetUse: BudgetUse | undefined;

  budgets(): BudgetUse | undefined {
    return this.budgetUse;
  }

  warnings(afterSeq: number): readonly WarningView[] {
    return this.warningLines.filter(({ seq }) => seq > afterSeq);
  }

  async reload(): Promise<ReloadResult> {
    this.reloadsAsked += 1;
    if (this.reloadFailure) throw this.reloadFailure;
    return this.reloadResult;
  }

  logLevel(): string {
    return this.level;
  }

  setLogLevel(level: LogLevel): void {
    this.level = level;
  }

  #selected({ ids, code, topic, rule }: ParkedSelection): ParkedDetail[] {
    return this.deadLetters.filter(
      (letter) =>
        (ids === undefined || ids.includes(letter.id)) &&
        (code === undefined || letter.code === code) &&
        (topic === undefined || letter.topic === topic) &&
        (rule === undefined || letter.rule === rule),
    );
  }

  #begin(kind: 'replay' | 'purge', selection: ParkedSelection): ReplayStatus {
    this.replaysAsked.push({ kind, selection });
    if (this.replayFailure) throw this.replayFailure;
    this.job = {
      kind,
      state: 'running',
      startedAtMs: Date.now(),
      selected: this.#selected(selection).length,
      dryRun: false,
      outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 0 },
      parkedAgain: {},
    };
    return this.job;
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    if (this.failure) throw this.failure;
    return {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: '# TYPE sluice_broker_packets_total counter\nsluice_broker_packets_total 1\n',
    };
  }
}

/** The group of a letter with one letter more; letters come newest first. */
function withLetter(
  group: ParkedGroupView | undefined,
  { id, code, rule, topic, parkedAtMs, reason }: ParkedDetail,
  more: Partial<ParkedGroupView> = {},
): ParkedGroupView {
  const count = (group?.count ?? 0) + 1;
  const perHour = Array.from({ length: 24 }, (_, hour) => (hour === 23 ? count : 0));
  const known = group?.topics ?? [];
  return {
    code,
    ...(rule !== undefined && { rule }),
    topics: known.some((one) => one.topic === topic)
      ? known.map((one) => (one.topic === topic ? { topic, count: one.count + 1 } : one))
      : [...known, { topic, count: 1 }].slice(0, 5),
    moreTopics: false,
    firstMs: parkedAtMs,
    lastMs: group?.lastMs ?? parkedAtMs,
    sample: group?.sample ?? { id, cursor: 'c', reason },
    ...more,
    count,
    countToday: count,
    perHour,
  };
}

function readerOf(groups: readonly LatestGroup[]): Pick<StoreReader, 'lastSeen' | 'newest'> {
  return {
    lastSeen: async ({ fromMs }) => groups.filter(({ atMs }) => atMs >= fromMs),
    newest: async ({ names }) => ({
      moreFields: false,
      groups: groups.filter(({ name }) => names.includes(name)),
    }),
  };
}

/** A group whose values lie around their mean, as those of a sensor do. */
function sampleGroup(
  name: string,
  values: readonly (number | null)[],
  timesMs: readonly number[],
): SeriesGroup {
  const lows = values.map((value) => (value === null ? null : value - 0.75));
  const highs = values.map((value) => (value === null ? null : value + 0.75));
  const present = values.filter((value) => value !== null);
  const moment = (index: number) => ({
    value: values[index] ?? 0,
    atMs: timesMs[index] ?? 0,
    isExactTime: true,
  });
  const sum = present.reduce((total, value) => total + value, 0);
  return {
    name,
    series: 1,
    values,
    lows,
    highs,
    statistics: {
      count: present.length,
      sum,
      mean: present.length === 0 ? null : sum / present.length,
      min: present.length === 0 ? null : Math.min(...present) - 0.75,
      max: present.length === 0 ? null : Math.max(...present) + 0.75,
      first: present.length === 0 ? null : moment(values.findIndex((value) => value !== null)),
      last: present.length === 0 ? null : moment(values.findLastIndex((value) => value !== null)),
    },
    isInexact: false,
  };
}

/** A slow wave that differs a little per group. */
function sampleAt(atMs: number, group: number, buckets: number): number {
  const phase = atMs / (buckets * 900) + group * 1.3;
  return 18 + group * 2.2 + 3 * Math.sin(phase) + 0.4 * Math.sin(phase * 11);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** A parked record of which a test names only what matters to it. */
export function parkedDetail(known: Partial<ParkedDetail> & { readonly id: string }): ParkedDetail {
  return {
    parkedAtMs: Date.now(),
    receivedAtMs: Date.now(),
    topic: 'sensors/a/b',
    clientId: 'c1',
    code: 'payload-not-json',
    reason: 'expected a value',
    qos: 1,
    payload: 'not json',
    payloadBytes: 8,
    ...known,
  };
}
