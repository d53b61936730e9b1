import type { ParkedSelection } from '../dead-letter/selection.js';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import type {
  LatestPage,
  LatestQuery,
  MeasurementSummary,
  SeriesAnswer,
  SeriesQuery,
  SinkCounters,
  SinkStatus,
} from '../sink/sink.js';

/** The books, as records since the data directory was made. received = written + parked + filtered + buffered + lost. */
export interface BookView {
  readonly received: number;
  /** In the store; of the forwarder: in Kinesis. */
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  /** Taken, fate not yet decided. */
  readonly buffered: number;
  /** Only with `whenFull: drop-oldest` or a damaged disk. */
  readonly lost: number;
  readonly balanced: boolean;
  readonly reasons: {
    /** Park code → records. */
    readonly parked: Readonly<Record<string, number>>;
    /** Rule name → records. */
    readonly filtered: Readonly<Record<string, number>>;
    /** 'damaged' | 'dropped' → records. */
    readonly lost: Readonly<Record<string, number>>;
  };
}

export interface LedgerView extends BookView {
  /**
   * Only where one process both forwards to Kinesis and consumes: the two books that the whole is made of.
   * What is in the stream between them counts as buffered.
   */
  readonly books?: { readonly ingest: BookView; readonly consume: BookView };
}

/** Totals since this process started, in path order; only the stages that run here. The page turns them into rates. */
export interface StageCounters {
  readonly broker?: {
    readonly connections: number;
    /** PUBLISH packets that passed the broker's checks. */
    readonly packetsAccepted: number;
    readonly packetsRefused: number;
    readonly packetsShed: number;
    readonly acknowledged: number;
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
    /** Age of the oldest record that is not in Kinesis, ms; 0 when there is none. */
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
    /** Age of the oldest record whose fate is not decided, ms; 0 when there is none. */
    readonly lagMs: number;
  };
  readonly sink?: SinkCounters & { readonly kind: string; readonly status: SinkStatus };
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

/** One parked record as the page lists it. */
export interface ParkedView {
  readonly id: string;
  readonly parkedAtMs: number;
  readonly topic: string;
  readonly clientId: string;
  readonly code: string;
  readonly reason: string;
  /** The rule that took the record, if one did. */
  readonly rule?: string;
}

/** One parked record with all that is known of it. */
export interface ParkedDetail extends ParkedView {
  readonly receivedAtMs: number;
  readonly qos: 0 | 1 | 2;
  /** The payload where it is text, at most 64 KiB of it. */
  readonly payload?: string;
  /** Where it is not. */
  readonly payloadBase64?: string;
  readonly payloadBytes: number;
  /** Points that the store refused when others of the record were written. */
  readonly refusedPoints?: readonly {
    readonly index: number;
    readonly code: string;
    readonly reason: string;
  }[];
  /** What the present rules make of it; absent where no rules run. */
  readonly explanation?: ExplanationView;
}

export interface ExplanationView {
  readonly fate: 'written' | 'filtered' | 'parked';
  readonly rule?: string;
  /** Why, unless it would be written. */
  readonly code?: string;
  readonly reason?: string;
  /** The points as line protocol. */
  readonly lines: readonly string[];
  readonly tried: readonly { readonly rule: string; readonly filter: string; readonly mismatch?: string }[];
}

/** One line that the log has had at warn or error. */
export interface WarningView {
  /** 1, 2, 3 … since the start. */
  readonly seq: number;
  readonly atMs: number;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly code: string;
  readonly sentence: string;
  /** What the operator can do. */
  readonly next: string;
  /** As in the log line: escaped and cut, without secrets and payloads. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Lines of the same code left out before this one. */
  readonly heldBack: number;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** All that `ops` may know of the running gateway; `gateway.ts` implements it. */
export interface GatewayView {
  readonly version: string;
  readonly startedAtMs: number;
  ledger(): LedgerView;
  counters(): StageCounters;
  /** Empty = ready. */
  problems(): readonly ReadinessProblem[];
  /** False only when a restart would help. */
  alive(): boolean;
  /** These three reject with SINK_QUERY_UNSUPPORTED or SINK_QUERY_FAILED. */
  measurements(): Promise<readonly MeasurementSummary[]>;
  series(query: SeriesQuery): Promise<SeriesAnswer>;
  latest(query: LatestQuery): Promise<LatestPage>;
  /** Newest first. */
  parked(
    limit: number,
    filter?: Pick<ParkedSelection, 'code' | 'topic' | 'rule'>,
  ): Promise<readonly ParkedView[]>;
  /** `undefined`: there is none with this id. */
  deadLetter(id: string): Promise<ParkedDetail | undefined>;
  /** Begin; resolve with the status at the beginning. Reject with DEAD_LETTER_BUSY or, replay, with REPLAY_UNSUPPORTED. */
  replay(selection: ParkedSelection): Promise<SettlingStatus>;
  purge(selection: ParkedSelection): Promise<SettlingStatus>;
  /** The one under way, or the last one since the start. */
  settling(): SettlingStatus | undefined;
  /** Those after `seq`, oldest first; at most the last 200 are kept. */
  warnings(afterSeq: number): readonly WarningView[];
  /** As configured it may also be `fatal` or `silent`. */
  logLevel(): string;
  setLogLevel(level: LogLevel): void;
  /** Prometheus text exposition, content type beside it. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
