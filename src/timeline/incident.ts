/** Why something was wrong, the worst first: of several incidents that go on, the page shows the first of this list. */
export const INCIDENT_CAUSES = [
  'broker-closed',
  'disk-full',
  'records-dropped',
  'log-full',
  'dead-letter-full',
  'consumer-stuck',
  'forwarder-stuck',
  'windows-blocked',
  'store-configuration',
  'store-held',
  'store-no-answer',
  'store-unavailable',
  'kinesis-send',
  'kinesis-read',
  'data-damaged',
  'stream-gap',
  'store-refuses-points',
  'open-files',
  'payloads-not-kept',
  'many-parked',
  'windows-failing',
  'store-retention',
  'clock-implausible',
  'clock-set',
  'unclean-end',
] as const;
export type IncidentCause = (typeof INCIDENT_CAUSES)[number];

/** The stages as the live page names them. */
export type IncidentStage = 'broker' | 'log' | 'producer' | 'reader' | 'consumer' | 'sink' | 'windows';

export interface IncidentEvent {
  readonly atMs: number;
  readonly text: string;
}

/** One cause of trouble from its begin to the end of what it did, however many warnings there were. Times are ms since 1970. */
export interface Incident {
  readonly id: string;
  readonly cause: IncidentCause;
  readonly stage: IncidentStage;
  /** In plain words for the page, in the tense of `state`: "InfluxDB does not answer", later "InfluxDB did not answer". */
  readonly title: string;
  /** `slow`: nothing is lost and it goes on automatically. `stopped`: somebody has to do something, or devices are made to wait. */
  readonly level: 'slow' | 'stopped';
  /** `catching-up`: the cause is gone, and what waited for it is not stored yet. */
  readonly state: 'failing' | 'catching-up' | 'over';
  readonly fromMs: number;
  /** Absent while it goes on, also while it catches up. */
  readonly toMs?: number;
  /** When the cause was gone; absent before, and where that is not seen. */
  readonly recoveredMs?: number;
  /** When what had waited was stored; absent where nothing was held up. */
  readonly caughtUpMs?: number;
  /** How many messages waited when most did; 0 where nothing was held up. */
  readonly waited: number;
  /** Messages that were lost or shed (QoS 0) from begin to end. */
  readonly lost: number;
  /** How often a request was repeated. */
  readonly tries: number;
  /** When it is tried again; absent where that is not known. */
  readonly nextTryMs?: number;
  /** The error in the words of the log. */
  readonly detail?: string;
  /** The codes of the warnings that belong to it. */
  readonly warnings: readonly string[];
  /** Oldest first. */
  readonly events: readonly IncidentEvent[];
}
