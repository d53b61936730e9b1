import type { MessageProperties } from '../../lib/message-properties.js';
import type { KeptProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  /** What its publisher says of it (MQTT 5); absent or undefined without. */
  readonly properties?: KeptProperties | undefined;
}

export interface RetainedCounters {
  readonly messages: number;
  readonly bytes: number;
  /** Messages that were not retained because of a bound; they were stored and acknowledged all the same. */
  readonly refused: number;
  /** Messages that were removed because they had expired (MQTT 5). */
  readonly expired: number;
}

/** The last retained message of each topic. */
export interface RetainedMessages {
  /** Replaces the message of the topic; an empty payload removes it [MQTT-3.3.1-10]. `payload` is valid during the call. */
  set(topic: string, payload: Buffer, qos: QoS, properties?: MessageProperties): void;
  /** Those that a topic filter matches, without those that have expired. */
  matching(filter: string): Iterable<RetainedMessage>;
  counters(): RetainedCounters;
}
