import type { ArrivalsSource } from '../arrivals/arrival.js';
import type { ReloadResult } from '../config/reload-result.js';
import type { DeviceCounts, DevicePage, DeviceQuery, NeedsLook } from '../devices/device-state.js';
import type { InfluxqlAnswer, InfluxqlRequest } from '../influxql/answer.js';
import type { ShownProperties } from '../lib/properties-json.js';
import type { SeriesAnswer, SeriesQuery } from '../reading/series-query.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { ParkedSelection } from '../replay/selection.js';
import type { BudgetUse } from '../rules/policies/budget-use.js';
import type { SinkCounters, SinkStatus } from '../sink/sink.js';
import type { StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { WindowsReport } from '../windows/windows-report.js';
import type { ParkedGroupsView } from './parked-groups-view.js';
import type { TimelineView } from './timeline-view.js';

/** Records since the data directory was created. received = written + parked + filtered + buffered + lost. */
export interface LedgerCounts {
  readonly received: number;
  /** Records in the store; in the ledger of the forwarder: in Kinesis. */
  readonly written: number;
  readonly parked: number;
  /** Of the parked records, those whose payload is not kept: they cannot be replayed. Absent: none. */
  readonly parkedWithoutPayload?: number;
  /** Of those, the records whose reason is not kept either: they are in no list. Absent: none. */
  readonly parkedOnlyCounted?: number;
  readonly filtered: number;
  /** Received, but not processed yet. */
  readonly buffered: number;
  /** Records can be lost only with `whenFull: drop-oldest` or a damaged disk. */
  readonly lost: number;
  readonly balanced: boolean;
  readonly reasons: {
    /** Park code → records. */
    readonly parked: Readonly<Record<string, number>>;
    /** Park code → records, of those whose payload is not kept; absent when there are none. */
    readonly parkedWithoutPayload?: Readonly<Record<string, number>>;
    /** Rule name → records. */
    readonly filtered: Readonly<Record<string, number>>;
    /** 'damaged' | 'dropped' | 'outcome-unknown' → records. */
    readonly lost: Readonly<Record<string, number>>;
  };
}

export interface LedgerView extends LedgerCounts {
  /**
   * The two ledgers that add up to this one, where one process both forwards to Kinesis and consumes from it. Records
   * in the stream between them count as buffered.
   */
  readonly parts?: { readonly ingest: LedgerCounts; readonly consume: LedgerCounts };
  /** The same as `parts`, under its name of version 0.1. */
  readonly books?: { readonly ingest: LedgerCounts; readonly consume: LedgerCounts };
}

/** Totals since this process started, in path order, of the stages that run here. The page computes rates from them. */
export interface StageCounters {
  readonly broker?: {
    readonly connections: number;
    /** PUBLISH packets that passed the broker's checks. */
    readonly packetsAccepted: number;
    readonly packetsRefused: number;
    readonly packetsShed: number;
    readonly acknowledged: number;
    /** Connected clients with a subscription. */
    readonly subscribers: number;
    /** Messages at QoS 1 and 2 that wait for subscribers, connected or absent. */
    readonly waitingMessages: number;
    readonly retainedMessages: number;
  };
  readonly log?: {
    readonly recordsAppended: number;
    readonly bytesAppended: number;
    readonly commits: number;
    readonly sizeBytes: number;
    readonly maxSizeBytes: number;
    readonly blocked: boolean;
  };
  /** Log → Kinesis. */
  readonly producer?: {
    readonly recordsSent: number;
    readonly kinesisRecordsSent: number;
    readonly putUnits: number;
    readonly throttled: number;
    readonly retried: number;
    /** The age of the oldest record that is not in Kinesis, in ms; 0 when there is none. */
    readonly lagMs: number;
    readonly status: StreamStatus;
  };
  /** Kinesis → consumer. */
  readonly reader?: {
    readonly recordsRead: number;
    readonly kinesisRecordsRead: number;
    readonly shards: number;
    readonly millisBehindLatest: number;
    readonly throttled: number;
    /** Present with leases. */
    readonly consumers?: number;
    readonly status: StreamStatus;
  };
  readonly consumer?: {
    readonly recordsRead: number;
    readonly pointsMade: number;
    /** The age of the oldest record that has not been processed, in ms; 0 when there is none. */
    readonly lagMs: number;
  };
  readonly sink?: SinkCounters & { readonly kind: string; readonly status: SinkStatus };
  /** Present only when windows are configured. */
  readonly windows?: WindowsReport;
}

export interface StreamStatus {
  readonly state: 'healthy' | 'retrying' | 'misconfigured';
  /** Empty while healthy. */
  readonly detail: string;
}

export interface ReadinessProblem {
  readonly stage: 'broker' | 'log' | 'producer' | 'reader' | 'consumer' | 'sink';
  readonly reason: string;
}

/** A time to come, at the rates of the last minutes. `never`: not at these rates; `unknown`: not known yet. */
export interface BacklogEstimate {
  readonly state: 'now' | 'in' | 'never' | 'unknown';
  /** Present with `in`, 0 with `now`. */
  readonly ms?: number;
}

/** What has been received and not yet processed. */
export interface BacklogView {
  readonly records: number;
  /** In the log, from the mean size of a record; absent where no log runs. */
  readonly bytes?: number;
  /** Age of the oldest record. */
  readonly oldestMs: number;
  /** When all of it is processed. */
  readonly caughtUp: BacklogEstimate;
  /** How long that takes once nothing holds it up, at the best rate of the last 24 h; `never`: more comes in than that. */
  readonly catchUp: BacklogEstimate;
  /** When the log is full; absent where no log runs. */
  readonly logFull?: BacklogEstimate;
  /** All of this as one sentence. */
  readonly summary: string;
}

/** Something that should be known although the gateway is ready. */
export interface ReadinessNote {
  readonly stage: 'access' | 'clock' | 'tls' | 'windows';
  readonly note: string;
}

/** One parked record as the page lists it. */
export interface ParkedView {
  readonly id: string;
  readonly parkedAtMs: number;
  readonly topic: string;
  readonly clientId: string;
  /** The user that the publisher had signed in as; absent without access rules. */
  readonly user?: string;
  readonly code: string;
  readonly reason: string;
  /** The rule that matched the record, if one did. */
  readonly rule?: string;
  /** False when the payload is not kept: the record cannot be replayed. Absent: it is kept. */
  readonly payloadKept?: false;
  /** With it the record is found at once: `/api/dead-letters/:id?after=…`. */
  readonly cursor?: string;
}

/** A part of the list of parked records. */
export interface ParkedPage {
  readonly deadLetters: readonly ParkedView[];
  /** Where the list goes on; absent at its end. */
  readonly next?: string;
  /** True when the search was stopped at its limits before it found as many as wanted. */
  readonly incomplete?: true;
}

/** The result of a search for one parked record. */
export interface ParkedDetailPage {
  /** Absent when it was not found (yet). */
  readonly detail?: ParkedDetail;
  /** Where the search goes on; absent when everything has been searched. */
  readonly next?: string;
}

/** One parked record with everything that is known about it. */
export interface ParkedDetail extends ParkedView {
  readonly receivedAtMs: number;
  readonly qos: 0 | 1 | 2;
  /** What the publisher said of the message (MQTT 5), cut; absent without. */
  readonly properties?: ShownProperties;
  /** The payload if it is text. */
  readonly payload?: string;
  /** The payload if it is not text. */
  readonly payloadBase64?: string;
  readonly payloadBytes: number;
  /** Points that the store rejected while other points of the record were written. */
  readonly refusedPoints?: readonly {
    readonly index: number;
    readonly code: string;
    readonly reason: string;
  }[];
  /** How the present rules process it; absent where no rules run. */
  readonly explanation?: ExplanationView;
}

export interface ExplanationView {
  readonly outcome: 'written' | 'filtered' | 'parked';
  readonly rule?: string;
  /** The reason, unless it would be written. */
  readonly code?: string;
  readonly reason?: string;
  /** The points as line protocol. */
  readonly lines: readonly string[];
  readonly tried: readonly { readonly rule: string; readonly filter: string; readonly mismatch?: string }[];
}

/** One line of the log at warn or above. */
export interface WarningView {
  /** Counts 1, 2, 3 … since the start. */
  readonly seq: number;
  readonly atMs: number;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly code: string;
  readonly sentence: string;
  /** What the operator can do. */
  readonly next: string;
  /** The fields of the log line: escaped and cut, without secrets and payloads. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The number of lines with the same code that were omitted before this one. */
  readonly heldBack: number;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What somebody needs who sends the first message. */
export interface FirstStepsView {
  /** Empty in a process that receives nothing. No listener has TLS or asks for a user. */
  readonly listeners: readonly {
    readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
    readonly host: string;
    readonly port: number;
  }[];
  /** The first rule that takes its own sample, else the first one. */
  readonly rule: {
    readonly name: string;
    readonly topic: string;
    /** The configuration has no rules of its own. */
    readonly isBuiltIn: boolean;
    /** The measurement that the sample becomes a point of, or that the rule always writes; absent when messages name it. */
    readonly measurement?: string;
  };
  /** A message that the rule was tried with; absent where the rule does not say what a message looks like. */
  readonly sample?: { readonly topic: string; readonly payload: string };
  readonly store: 'influx' | 'duckdb';
}

/** Everything that the HTTP side may know about the running gateway. The room `gateway` implements it. */
export interface GatewayView extends TimelineView {
  readonly version: string;
  readonly startedAtMs: number;
  /** What arrives, for those who watch. */
  readonly arrivals: ArrivalsSource;
  firstSteps(): FirstStepsView;
  ledger(): LedgerView;
  counters(): StageCounters;
  /** How many series and fields there are, and where they come from; undefined in a process without a consumer. */
  budgets(): BudgetUse | undefined;
  /** Empty when the gateway is ready. */
  problems(): readonly ReadinessProblem[];
  backlog(): BacklogView;
  /** What is wrong around the gateway while it works: it does not make the gateway unready. */
  notes(): readonly ReadinessNote[];
  /** Returns false only when a restart would help. */
  alive(): boolean;
  /** These five reject with SINK_QUERY_UNSUPPORTED or SINK_QUERY_FAILED. */
  measurements(): Promise<readonly MeasurementSummary[]>;
  series(query: SeriesQuery): Promise<SeriesAnswer>;
  latest(query: DeviceQuery): Promise<DevicePage>;
  /** While the store does not answer: as of its last answer. */
  needsLook(): Promise<NeedsLook>;
  /** Never waits: null before it is known. With `refresh` the store is asked, at most every few seconds. */
  deviceCounts(refresh: boolean): DeviceCounts | null;
  /** Answers as `StoreQueries.answer`, and rejects with SINK_QUERY_UNSUPPORTED where the store is not asked with SQL. */
  query(query: StoreQuery, signal: AbortSignal): Promise<StoreQueryAnswer>;
  influxql(request: InfluxqlRequest): Promise<InfluxqlAnswer>;
  /** Newest first. */
  parked(
    limit: number,
    filter?: Pick<ParkedSelection, 'code' | 'topic' | 'rule' | 'user'>,
    after?: string,
  ): Promise<ParkedPage>;
  /** All parked records by code and rule. Rejects with DEAD_LETTER_FAILED. */
  parkedGroups(): Promise<ParkedGroupsView>;
  /** `after`: the cursor of the record, or `next` of the search before. */
  deadLetter(id: string, after?: string): Promise<ParkedDetailPage>;
  /** Starts a replay and resolves with its first status. Rejects with DEAD_LETTER_BUSY or REPLAY_UNSUPPORTED. */
  replay(selection: ParkedSelection): Promise<ReplayStatus>;
  /** Starts a purge and resolves with its first status. Rejects with DEAD_LETTER_BUSY. */
  purge(selection: ParkedSelection): Promise<ReplayStatus>;
  /** The replay or purge that is running, or the last one since the start. */
  replayStatus(): ReplayStatus | undefined;
  /** Reloads the configuration. Rejects with RELOAD_BUSY or RELOAD_FAILED. */
  reload(): Promise<ReloadResult>;
  /** Returns the warnings after this number, oldest first. At most the last 200 are kept. */
  warnings(afterSeq: number): readonly WarningView[];
  /** A configured level may also be `fatal` or `silent`. */
  logLevel(): string;
  setLogLevel(level: LogLevel): void;
  /** The metrics as Prometheus text, with the content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
