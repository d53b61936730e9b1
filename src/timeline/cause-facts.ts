import type { IncidentCause, IncidentStage } from './incident.js';

/** What is known of a cause before it occurs. */
export interface CauseFacts {
  readonly stage: IncidentStage;
  readonly level: 'slow' | 'stopped';
  /** Whether messages wait while it lasts. It then ends when they are stored. */
  readonly holdsUp: boolean;
  /** Whether what is lost meanwhile is counted as lost by it. */
  readonly mayLose: boolean;
  /** True where devices have to be looked at: the gateway itself is well. */
  readonly isOfDevices?: true;
  /** The warnings that belong to it. */
  readonly codes: RegExp;
  /** The titles, with `%` for the subject: the name of the store, or a topic. */
  readonly now: string;
  readonly over: string;
  /** Of the event when it is gone. */
  readonly again?: string;
  /** Of the event when the first messages wait. */
  readonly waiting?: string;
}

const STORE_CODES = /^STORE_(UNAVAILABLE|UNEXPECTED|CONFIGURATION|REFUSES_EVERYTHING)$|^SINK_UNUSABLE$/;
const KINESIS_CODES = /^(KINESIS|LEASE|SHARDS|COORDINATOR)_/;
const REFUSAL_CODES = /^STORE_(REFUSES_MANY|SERIES_LIMIT)$/;
const HOLDS_UP = { holdsUp: true, mayLose: true } as const;
const HOLDS_NOTHING_UP = { holdsUp: false, mayLose: false } as const;
const OF_STORE = {
  ...HOLDS_UP,
  stage: 'sink',
  codes: STORE_CODES,
  again: '% takes points again',
  waiting: 'The rules wait; the log keeps every message',
} as const;

export const CAUSE_FACTS: Readonly<Record<IncidentCause, CauseFacts>> = {
  'broker-closed': {
    ...HOLDS_NOTHING_UP,
    stage: 'broker',
    level: 'stopped',
    codes: /^LISTENER_/,
    now: 'MQTT does not listen',
    over: 'MQTT did not listen',
    again: 'MQTT listens again',
  },
  'disk-full': {
    ...HOLDS_UP,
    stage: 'log',
    level: 'stopped',
    codes: /^(LOG_)?DISK_FULL$|^LOG_(UNBLOCKED|TRIM_FAILED)$/,
    now: 'The disk is full',
    over: 'The disk was full',
    again: 'The disk has room again',
    waiting: 'Devices are made to wait',
  },
  'records-dropped': {
    holdsUp: false,
    mayLose: true,
    stage: 'log',
    level: 'stopped',
    codes: /^LOG_RECORDS_DROPPED$/,
    now: 'The full log drops its oldest messages',
    over: 'The full log dropped its oldest messages',
  },
  'log-full': {
    ...HOLDS_UP,
    stage: 'log',
    level: 'stopped',
    codes: /^LOG_(BLOCKED|UNBLOCKED)$/,
    now: 'The log is full',
    over: 'The log was full',
    again: 'The log has room again',
    waiting: 'Devices are made to wait',
  },
  'dead-letter-full': {
    ...HOLDS_UP,
    stage: 'consumer',
    level: 'stopped',
    codes: /^DEAD_LETTER_(FULL|FAILED)$/,
    now: 'There is no room to set messages aside',
    over: 'There was no room to set messages aside',
    again: 'There is room again',
    waiting: 'The rules wait; the log keeps every message',
  },
  'consumer-stuck': {
    ...HOLDS_UP,
    stage: 'consumer',
    level: 'stopped',
    codes: /^WORKER_STALLED$/,
    now: 'Messages wait, and nothing processes them',
    over: 'Messages waited, and nothing processed them',
    again: 'Messages are processed again',
  },
  'forwarder-stuck': {
    ...HOLDS_UP,
    stage: 'producer',
    level: 'stopped',
    codes: /^WORKER_STALLED$/,
    now: 'Messages wait, and nothing sends them to Kinesis',
    over: 'Messages waited, and nothing sent them to Kinesis',
    again: 'Messages are sent again',
  },
  'windows-blocked': {
    ...HOLDS_UP,
    stage: 'windows',
    level: 'stopped',
    codes: /^WINDOWS?_/,
    now: 'Points wait because windows cannot be saved',
    over: 'Points waited because windows could not be saved',
    again: 'Windows are saved again',
  },
  'store-configuration': {
    ...OF_STORE,
    level: 'stopped',
    now: '% does not let the gateway write',
    over: '% did not let the gateway write',
  },
  'store-held': {
    ...OF_STORE,
    level: 'stopped',
    codes: REFUSAL_CODES,
    now: '% refuses many points, and writing waits',
    over: '% refused many points, and writing waited',
  },
  'store-no-answer': {
    ...OF_STORE,
    level: 'slow',
    now: '% does not answer',
    over: '% did not answer',
    again: '% answers again',
  },
  'store-unavailable': {
    ...OF_STORE,
    level: 'slow',
    now: '% takes no points',
    over: '% took no points',
  },
  'kinesis-send': {
    ...HOLDS_UP,
    stage: 'producer',
    level: 'slow',
    codes: KINESIS_CODES,
    now: 'Kinesis takes no messages',
    over: 'Kinesis took no messages',
    again: 'Kinesis takes messages again',
    waiting: 'The log keeps every message',
  },
  'kinesis-read': {
    ...HOLDS_UP,
    stage: 'reader',
    level: 'slow',
    codes: KINESIS_CODES,
    now: 'Messages cannot be read from Kinesis',
    over: 'Messages could not be read from Kinesis',
    again: 'Messages are read from Kinesis again',
  },
  'data-damaged': {
    holdsUp: false,
    mayLose: true,
    stage: 'log',
    level: 'slow',
    codes:
      /^(LOG_DAMAGED|CHECKPOINT_RESET|CHECKPOINT_RESTORED|DEAD_LETTER_DAMAGED|STATE_LOST|WINDOWS_STATE_LOST)$/,
    now: 'Files of the data directory are damaged',
    over: 'Files of the data directory were damaged',
  },
  'stream-gap': {
    holdsUp: false,
    mayLose: true,
    stage: 'reader',
    level: 'slow',
    codes: /_LEFT_STREAM$|^(STREAM_MADE_AGAIN|POSITION_REFUSED)$/,
    now: 'Messages may be gone from the stream',
    over: 'Messages may be gone from the stream',
  },
  'store-refuses-points': {
    ...OF_STORE,
    ...HOLDS_NOTHING_UP,
    level: 'stopped',
    codes: REFUSAL_CODES,
    now: '% refuses many points',
    over: '% refused many points',
  },
  'store-retention': {
    ...OF_STORE,
    ...HOLDS_NOTHING_UP,
    level: 'slow',
    codes: /^STORE_RETENTION_FAILED$/,
    now: '% cannot delete old rows',
    over: '% could not delete old rows',
    again: '% deletes old rows again',
  },
  'open-files': {
    ...HOLDS_NOTHING_UP,
    stage: 'broker',
    level: 'slow',
    codes: /^OPEN_FILES_EXHAUSTED$/,
    now: 'No more files can be opened',
    over: 'No more files could be opened',
  },
  'payloads-not-kept': {
    ...HOLDS_NOTHING_UP,
    stage: 'consumer',
    level: 'stopped',
    codes: /^DEAD_LETTER_(PAYLOADS_NOT_KEPT|RECORDS_DROPPED)$/,
    now: 'Messages are set aside without their content',
    over: 'Messages were set aside without their content',
  },
  'many-parked': {
    ...HOLDS_NOTHING_UP,
    isOfDevices: true,
    stage: 'consumer',
    level: 'slow',
    codes: /^(CARDINALITY_EXCEEDED|FIELD_TYPE_CONFLICT)$/,
    now: 'Many messages are set aside: %',
    over: 'Many messages were set aside: %',
  },
  'windows-failing': {
    ...HOLDS_NOTHING_UP,
    stage: 'windows',
    level: 'slow',
    codes: /^WINDOWS?_/,
    now: 'Windows cannot be computed or stored',
    over: 'Windows could not be computed or stored',
    again: 'Windows are computed again',
  },
  'clock-implausible': {
    ...HOLDS_NOTHING_UP,
    stage: 'log',
    level: 'slow',
    codes: /^CLOCK_/,
    now: 'The clock of this machine cannot be correct',
    over: 'The clock of this machine was not correct',
    again: 'The clock is plausible again',
  },
  'clock-set': {
    ...HOLDS_NOTHING_UP,
    stage: 'log',
    level: 'slow',
    codes: /^CLOCK_STEPPED$/,
    now: 'The clock of this machine was set',
    over: 'The clock of this machine was set',
  },
  'unclean-end': {
    ...HOLDS_NOTHING_UP,
    stage: 'log',
    level: 'slow',
    codes: /^LOG_TORN_TAIL$/,
    now: 'The gateway ended without an orderly stop',
    over: 'The gateway ended without an orderly stop',
  },
};

/** Causes that only a warning tells of, and for how long after it more of the same may come: until then they go on. */
export const BY_WARNING: readonly { readonly cause: IncidentCause; readonly forMs: number }[] = [
  { cause: 'records-dropped', forMs: 60_000 },
  { cause: 'data-damaged', forMs: 60_000 },
  { cause: 'stream-gap', forMs: 60_000 },
  { cause: 'open-files', forMs: 60_000 },
  { cause: 'payloads-not-kept', forMs: 60_000 },
  { cause: 'clock-set', forMs: 0 },
];
