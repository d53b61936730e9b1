import type { ShownProperties } from '../lib/properties-json.js';

/**
 * What became of a message, as the consumer knows it. `unknown`: it is done, and nobody noted what became of it, because
 * nobody watched then, or because the log lost it.
 */
export type ArrivalOutcome = 'waiting' | 'stored' | 'set-aside' | 'ignored' | 'unknown';

/** A message as it was received, cut to what a person can read. */
export interface ArrivedMessage {
  /** The receive time in ns: it is the identity of a record. As text, because it is larger than 2^53. */
  readonly id: string;
  readonly atMs: number;
  readonly topic: string;
  readonly client: string;
  /** The user that the publisher had signed in as; absent without access rules. */
  readonly user?: string;
  readonly qos: 0 | 1 | 2;
  /** What the publisher says of the message (MQTT 5), cut; absent without. */
  readonly properties?: ShownProperties;
  /** The beginning of the payload if it is text. */
  readonly payload?: string;
  /** The beginning of the payload if it is not text. */
  readonly payloadBase64?: string;
  /** The length of the whole payload. */
  readonly payloadBytes: number;
}

/** What the rules and the store made of a message. */
export interface ArrivalResult {
  readonly outcome: ArrivalOutcome;
  /** The park code. */
  readonly code?: string;
  readonly reason?: string;
  readonly rule?: string;
  /** The tag value that names the device of the first point. */
  readonly device?: string;
  readonly measurement?: string;
  /** The first field of the first point that is a number, else its first field. */
  readonly field?: string;
  readonly value?: number | string | boolean;
  readonly unit?: string;
  /** The points as line protocol, as far as they fit. */
  readonly lines?: readonly string[];
  /** How many lines are omitted; absent when all are there. */
  readonly moreLines?: number;
}

/** When a message was at each step, ms since 1970, as far as it is known. */
export interface ArrivalSteps {
  readonly receivedMs: number;
  /** It is durable in the log of this gateway. */
  readonly loggedMs?: number;
  readonly mappedMs?: number;
  /** Its outcome is durable: in the store, in the dead letter, or counted as filtered. */
  readonly storedMs?: number;
}

/** One message on its way, as the live page shows it. */
export interface Arrival extends ArrivedMessage, ArrivalResult {
  readonly steps: ArrivalSteps;
}

/** What the consumer reports of one record. A later report of the same record replaces an earlier one. */
export interface ArrivalReport {
  readonly id: string;
  readonly result: ArrivalResult;
  readonly steps: Omit<ArrivalSteps, 'receivedMs' | 'loggedMs'>;
  /** The tag values of its points: each may name a device. */
  readonly names: readonly string[];
  /** Present when the consumer has chosen the record. */
  readonly message?: ArrivedMessage;
  /** The consumer chose it as the sample of its second. */
  readonly isSample?: true;
}

/** What the main thread asks of the consumer about arrivals, several times a second while somebody watches. */
export interface ArrivalsQuestion {
  readonly isWatched: boolean;
  /**
   * What the consumer chooses. `devices`: records whose device is searched for, because the main thread does not know it.
   * `all`: also those whose topic or client is, and one a second if somebody wants a sample.
   */
  readonly chooses: 'devices' | 'all';
  readonly wantsSample: boolean;
  /** What is searched for, in lower case. */
  readonly searches: readonly string[];
  /** Records that are shown already: what becomes of them is reported. Only those since the last question. */
  readonly follow: readonly string[];
}

export interface ArrivalsAnswer {
  readonly reports: readonly ArrivalReport[];
  /** Matching records that were not reported since the last answer, because there were too many. */
  readonly omitted: readonly { readonly search: string; readonly records: number }[];
}

/** How much of the path this process sees, and what a reader must know about it. */
export interface ArrivalsScope {
  readonly sees: 'whole-path' | 'receiving' | 'storing';
  readonly note?: string;
}

/** Somebody who watches. */
export interface ArrivalsWatch {
  end(): void;
  /** Matching messages that were not shown since the last call, because there were too many. */
  takeOmitted(): number;
}

/** What the HTTP side needs of the arrivals. */
export interface ArrivalsSource {
  readonly scope: ArrivalsScope;
  /** False: there are too many different searches. */
  hasRoomFor(search: string | undefined): boolean;
  /**
   * Shows a sample of everything, or with a search, which is in lower case, every message that it matches, as far as its
   * bound allows.
   */
  watch(search: string | undefined, onArrival: (arrival: Arrival) => void): ArrivalsWatch;
  /** The last message with this topic, or of a device with this name, that was seen while somebody watched. */
  last(asked: { readonly device: string } | { readonly topic: string }): Arrival | undefined;
}
