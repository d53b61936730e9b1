import type {
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

/** One parked record or point as the page lists it. */
export interface ParkedView {
  readonly id: string;
  readonly parkedAtMs: number;
  readonly topic: string;
  readonly clientId: string;
  readonly code: string;
  readonly reason: string;
}

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
  /** Reject with SINK_QUERY_UNSUPPORTED or SINK_QUERY_FAILED. */
  measurements(): Promise<readonly MeasurementSummary[]>;
  series(query: SeriesQuery): Promise<SeriesAnswer>;
  /** Newest first. */
  parked(limit: number): Promise<readonly ParkedView[]>;
  /** Prometheus text exposition, content type beside it. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}
