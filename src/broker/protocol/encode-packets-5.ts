import { type Properties, variableInteger, writeProperties } from '../../lib/mqtt-properties.js';
import { bytesOfLength, writeLength } from './encode-packets.js';
import { type FIRST_BYTES, PACKET_TYPES } from './packets.js';

/** What is written into the CONNACK of MQTT 5; what is absent has the value that the specification gives to it. */
export interface Connack5 {
  readonly isSessionPresent: boolean;
  readonly reasonCode: number;
  readonly sessionExpirySeconds?: number | undefined;
  readonly receiveMaximum?: number | undefined;
  readonly isRetainAvailable?: boolean | undefined;
  readonly maximumPacketBytes?: number | undefined;
  readonly assignedClientId?: string | undefined;
  readonly topicAliasMaximum?: number | undefined;
  readonly reasonString?: string | undefined;
  readonly isSharedAvailable?: boolean | undefined;
  readonly serverKeepAliveSeconds?: number | undefined;
  readonly serverReference?: string | undefined;
}

/** The longest reason string that is sent. */
const MAX_REASON_BYTES = 1024;

/** A session is present only when the reason code is 0 [MQTT-3.2.2-6]. */
export function connack5(packet: Connack5, limitBytes?: number): Buffer {
  const { isSessionPresent, reasonCode, isRetainAvailable, isSharedAvailable, reasonString, ...same } =
    packet;
  const head = Buffer.from([isSessionPresent && reasonCode === 0 ? 1 : 0, reasonCode]);
  const properties: Properties = {
    ...defined(same),
    ...(isRetainAvailable === undefined ? {} : { retainAvailable: isRetainAvailable ? 1 : 0 }),
    ...(isSharedAvailable === undefined ? {} : { sharedAvailable: isSharedAvailable ? 1 : 0 }),
  };
  return withReason(PACKET_TYPES.connack << 4, head, properties, reasonString, NO_BYTES, limitBytes);
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte; without more than a packet id when all is well. */
export function acknowledgement5(
  firstByte: (typeof FIRST_BYTES)['puback' | 'pubrec' | 'pubrel' | 'pubcomp'],
  packetId: number,
  reasonCode: number,
  reasonString?: string,
  limitBytes?: number,
): Buffer {
  const id = Buffer.from([packetId >> 8, packetId & 0xff]);
  if (reasonCode === 0) return packetOf(firstByte, id);
  const head = Buffer.from([...id, reasonCode]);
  if (reasonString === undefined) return packetOf(firstByte, head);
  return withReason(firstByte, head, {}, reasonString, NO_BYTES, limitBytes);
}

/** The answer to a SUBSCRIBE, with one reason code for each of its filters in their order [MQTT-3.8.4-6]. */
export function suback5(packetId: number, reasonCodes: readonly number[]): Buffer {
  return codesPacket(PACKET_TYPES.suback << 4, packetId, reasonCodes);
}

/** The answer to an UNSUBSCRIBE, with one reason code for each of its filters in their order [MQTT-3.11.3-1]. */
export function unsuback5(packetId: number, reasonCodes: readonly number[]): Buffer {
  return codesPacket(PACKET_TYPES.unsuback << 4, packetId, reasonCodes);
}

export interface Disconnect5 {
  readonly reasonString?: string | undefined;
  /** Another server that the client may use. */
  readonly serverReference?: string | undefined;
  /** The largest packet that the client takes. */
  readonly maximumPacketBytes?: number | undefined;
}

/** Why the broker ends a connection. */
export function disconnect5(
  reasonCode: number,
  { reasonString, serverReference, maximumPacketBytes }: Disconnect5 = {},
): Buffer {
  const head = Buffer.from([reasonCode]);
  const properties: Properties = serverReference === undefined ? {} : { serverReference };
  const firstByte = PACKET_TYPES.disconnect << 4;
  return withReason(firstByte, head, properties, reasonString, NO_BYTES, maximumPacketBytes);
}

const NO_BYTES = Buffer.alloc(0);

function codesPacket(firstByte: number, packetId: number, reasonCodes: readonly number[]): Buffer {
  const head = Buffer.from([packetId >> 8, packetId & 0xff]);
  return withReason(firstByte, head, {}, undefined, Buffer.from(reasonCodes));
}

/** The reason string is omitted where the packet would be larger than its client takes [MQTT-3.2.2-19, MQTT-3.4.2-2]. */
function withReason(
  firstByte: number,
  head: Buffer,
  properties: Properties,
  reasonString: string | undefined,
  payload: Buffer,
  limitBytes = Number.POSITIVE_INFINITY,
): Buffer {
  const without = packetWith(firstByte, head, writeProperties(properties), payload);
  if (reasonString === undefined) return without;
  const reason = { reasonString: beginningOf(reasonString) };
  const packet = packetWith(firstByte, head, writeProperties({ ...properties, ...reason }), payload);
  return packet.length <= limitBytes ? packet : without;
}

/** Of a text that is too long; at a character, because UTF-16 has two units for some. */
function beginningOf(text: string): string {
  const well = text.replaceAll('\0', '');
  if (Buffer.byteLength(well) <= MAX_REASON_BYTES) return well;
  return [...well].slice(0, MAX_REASON_BYTES / 4).join('');
}

function packetWith(firstByte: number, head: Buffer, properties: Buffer, payload: Buffer): Buffer {
  return packetOf(firstByte, Buffer.concat([head, variableInteger(properties.length), properties, payload]));
}

function packetOf(firstByte: number, body: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(1 + bytesOfLength(body.length) + body.length);
  packet[0] = firstByte;
  body.copy(packet, writeLength(packet, 1, body.length));
  return packet;
}

/** Without the members that are undefined. */
function defined<T extends object>(object: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>;
  };
}
