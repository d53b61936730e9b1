import type { KeptProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';
import type { KeptBytes } from './kept-bytes.js';

/** What each message that waits costs beside its topic, payload and properties, in memory and in the bounds. */
const OWED_OVERHEAD_BYTES = 128;

/** A message that is kept until clients have it: once, for all sessions that are owed it. */
export interface KeptMessage {
  /** Its number in the journal; 0 while only sessions that end with their connections are owed it. */
  id: number;
  readonly topic: string;
  readonly payload: KeptBytes;
  readonly properties: KeptProperties | undefined;
  /** Durable sessions that are owed it. */
  references: number;
}

/** A message that one session is owed, at QoS 1 or 2. */
export interface OwedMessage {
  readonly message: KeptMessage;
  readonly qos: 1 | 2;
  /** Fixed when the message is queued: a session that is kept sends it again under the same id, also after a restart. */
  readonly packetId: number;
  /** The retain flag that it is sent with. */
  readonly isRetained: boolean;
  /** Those of the subscriptions that it matched (MQTT 5); undefined without. */
  readonly identifiers: readonly number[] | undefined;
  /** True once it may have been sent: then it is sent with DUP [MQTT-3.3.1-1]. */
  mayBeSent: boolean;
  /** The journal is durable up to here once the message is. */
  readonly position: number;
}

export function owedBytes({ topic, payload, properties }: KeptMessage): number {
  return countedBytesOf(topic, payload, properties?.bytes.length);
}

/** What a message that waits counts for in the bounds. */
export function countedBytesOf(topic: Sized, payload: Sized, propertiesBytes = 0): number {
  return topic.length + payload.length + propertiesBytes + OWED_OVERHEAD_BYTES;
}

type Sized = Pick<Buffer | string, 'length'>;

export function lowerQos(a: QoS, b: QoS): QoS {
  return a < b ? a : b;
}
