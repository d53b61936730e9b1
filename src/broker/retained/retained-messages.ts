import type { QoS } from '../protocol/packets.js';

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
}

export interface RetainedCounters {
  readonly messages: number;
  readonly bytes: number;
  /** Messages that were not retained because of a bound; they were stored and acknowledged all the same. */
  readonly refused: number;
}

/** The last retained message of each topic. */
export interface RetainedMessages {
  /** Replaces the message of the topic; an empty payload removes it [MQTT-3.3.1-10]. `payload` is valid during the call. */
  set(topic: string, payload: Buffer, qos: QoS): void;
  /** Those that a topic filter matches. */
  matching(filter: string): Iterable<RetainedMessage>;
  counters(): RetainedCounters;
}
