import { encodeMessageProperties, type MessageProperties } from '../../lib/message-properties.js';
import { variableInteger } from '../../lib/mqtt-properties.js';

/** The properties of a message that is kept until a client takes it: encoded once, with the time when it expires. */
export interface KeptProperties {
  /** In the form of MQTT 5, without the message expiry interval: its value falls while the message waits. */
  readonly bytes: Buffer;
  /** From this time on it is not sent, ms since 1970 [MQTT-3.3.2-5]; undefined: it does not expire. */
  readonly expiresAtMs: number | undefined;
}

const NO_BYTES = Buffer.alloc(0);
const EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;

/** The properties of a message that was published at `nowMs`; undefined when it has none. */
export function keepProperties(
  properties: MessageProperties | undefined,
  nowMs: number,
): KeptProperties | undefined {
  if (properties === undefined) return undefined;
  const { expirySeconds, ...others } = properties;
  const encoded = encodeMessageProperties(others);
  // Of its own: a part of Node's pool would keep all 8 KiB of it.
  const bytes = encoded.length === 0 ? NO_BYTES : Buffer.allocUnsafeSlow(encoded.length);
  bytes.set(encoded);
  const expiresAtMs = expirySeconds === undefined ? undefined : nowMs + expirySeconds * 1000;
  return bytes.length === 0 && expiresAtMs === undefined ? undefined : { bytes, expiresAtMs };
}

export function isExpired(properties: KeptProperties | undefined, nowMs: number): boolean {
  return properties?.expiresAtMs !== undefined && properties.expiresAtMs <= nowMs;
}

/**
 * The properties of a PUBLISH with their length in front. The message expiry interval is what is left of it, in whole seconds
 * [MQTT-3.3.2-6], and comes first; `identifiers` are those of the subscriptions that match [MQTT-3.3.4-3].
 */
export function publishProperties(
  properties: KeptProperties | undefined,
  nowMs: () => number,
  identifiers: readonly number[] | undefined,
): Buffer {
  if (properties === undefined && identifiers === undefined) return NO_PROPERTIES;
  const parts: Buffer[] = [];
  if (properties?.expiresAtMs !== undefined) parts.push(expiryInterval(properties.expiresAtMs - nowMs()));
  if (properties !== undefined) parts.push(properties.bytes);
  for (const identifier of identifiers ?? [])
    parts.push(Buffer.from([SUBSCRIPTION_IDENTIFIER]), variableInteger(identifier));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([variableInteger(length), ...parts]);
}

const NO_PROPERTIES = Buffer.from([0]);

function expiryInterval(leftMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(5);
  bytes[0] = EXPIRY_INTERVAL;
  bytes.writeUInt32BE(expirySecondsOf(leftMs), 1);
  return bytes;
}

/** Rounded up: a second that has only begun is not reduced. The clock may have been set back meanwhile. */
export function expirySecondsOf(leftMs: number): number {
  return Math.min(Math.max(0, Math.ceil(leftMs / 1000)), 0xffff_ffff);
}
