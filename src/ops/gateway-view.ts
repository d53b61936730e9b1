import type {
  MeasurementSummary,
  SeriesAnswer,
  SeriesQuery,
  SinkCounters,
  SinkStatus,
} from '../sink/sink.js';

/** The books, as records since the data directory was made. received = written + parked + filtered + buffered + lost. */
export interface LedgerView {
  readonly received: number;
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  /** On disk, fate not yet decided. */
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

/** Totals since this process started, in path order. The page turns them into rates. */
export interface StageCounters {
  /** PUBLISH packets that passed the broker's checks, by QoS. */
  readonly broker: {
    readonly connections: number;
    readonly packetsAccepted: number;
    readonly packetsRefused: number;
    readonly packetsShed: number;
    readonly acknowledged: number;
  };
  readonly log: {
    readonly recordsAppended: number;
    readonly bytesAppended: number;
    readonly commits: number;
    readonly sizeBytes: number;
    readonly maxSizeBytes: number;
    readonly blocked: boolean;
  };
  readonly consumer: {
    readonly recordsRead: number;
    readonly pointsMade: number;
    /** Age of the oldest record whose fate is not decided, ms; 0 when there is none. */
    readonly lagMs: number;
  };
  readonly sink: SinkCounters & { readonly kind: string; readonly status: SinkStatus };
}

export interface ReadinessProblem {
  readonly stage: 'broker' | 'log' | 'consumer' | 'sink';
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
