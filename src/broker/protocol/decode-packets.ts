import type { PropertyName } from '../../lib/mqtt-properties.js';
import { clause } from './clause.js';
import { FieldReader } from './field-reader.js';
import { filterSyntaxFault } from './filter-syntax-fault.js';
import {
  type DisconnectPacket,
  PACKET_TYPES,
  PacketFault,
  type ProtocolLevel,
  type QoS,
  REASON_CODES,
  type RetainHandling,
  type SubscribePacket,
  type Subscription,
  type UnsubscribePacket,
} from './packets.js';

const SUBSCRIBE_FLAGS = 2;
const PUBREL_FLAGS = 2;

const NO_LOCAL = 4;
const RETAIN_AS_PUBLISHED = 8;
const RETAIN_HANDLING_SHIFT = 4;
const RESERVED_OPTIONS = 0xc0;

const SUBSCRIBE_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'subscriptionIdentifier',
  'userProperties',
]);
const UNSUBSCRIBE_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>(['userProperties']);
const ACKNOWLEDGEMENT_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'reasonString',
  'userProperties',
]);
const DISCONNECT_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'sessionExpirySeconds',
  'reasonString',
  'userProperties',
]);

/** The SUBSCRIBE with these flags of the fixed header; `body` is everything behind the fixed header. */
export function decodeSubscribe(
  level: ProtocolLevel,
  flags: number,
  body: Buffer,
): SubscribePacket | PacketFault {
  if (flags !== SUBSCRIBE_FLAGS) return new PacketFault(`SUBSCRIBE with flags ${flags} [MQTT-3.8.1-1]`);
  const reader = new FieldReader(body, level);
  const packetId = reader.packetId();
  const { subscriptionIdentifier: identifier } = level === 5 ? reader.properties(SUBSCRIBE_PROPERTIES) : {};
  if (identifier === 0) reader.failProtocol('subscription identifier 0 (MQTT 5 section 3.8.2.1.2)');
  const subscriptions: Subscription[] = [];
  while (reader.fault === undefined && !reader.isAtEnd) {
    const filter = readFilter(reader);
    const byte = reader.byte(level === 5 ? 'subscription options' : 'requested QoS');
    subscriptions.push(
      level === 5 ? subscription5(reader, filter, byte, identifier) : subscription(reader, filter, byte),
    );
  }
  if (subscriptions.length === 0) {
    reader.failProtocol(`SUBSCRIBE without a topic filter ${clause(level, '3.8.3-3', '3.8.3-2')}`);
  }
  return reader.fault ?? { packetId, subscriptions };
}

function subscription(reader: FieldReader, filter: string, qos: number): Subscription {
  if (qos > 2) reader.fail(`requested QoS byte ${qos} [MQTT-3.8.3-4]`);
  return { filter, qos: qos as QoS };
}

function subscription5(
  reader: FieldReader,
  filter: string,
  byte: number,
  identifier: number | undefined,
): Subscription {
  const qos = byte & 3;
  const retainHandling = (byte >> RETAIN_HANDLING_SHIFT) & 3;
  const isNoLocal = (byte & NO_LOCAL) !== 0;
  if ((byte & RESERVED_OPTIONS) !== 0) reader.fail('reserved subscription options [MQTT-3.8.3-5]');
  if (qos === 3) reader.failProtocol('maximum QoS 3 (MQTT 5 section 3.8.3.1)');
  if (retainHandling === 3) reader.failProtocol('retain handling 3 (MQTT 5 section 3.8.3.1)');
  if (isNoLocal && filter.startsWith('$share/')) {
    reader.failProtocol('no local on a shared subscription [MQTT-3.8.3-4]');
  }
  return {
    filter,
    qos: qos as QoS,
    options: {
      isNoLocal,
      isRetainAsPublished: (byte & RETAIN_AS_PUBLISHED) !== 0,
      retainHandling: retainHandling as RetainHandling,
      identifier,
    },
  };
}

/** The UNSUBSCRIBE with these flags of the fixed header; `body` is everything behind the fixed header. */
export function decodeUnsubscribe(
  level: ProtocolLevel,
  flags: number,
  body: Buffer,
): UnsubscribePacket | PacketFault {
  if (flags !== SUBSCRIBE_FLAGS) return new PacketFault(`UNSUBSCRIBE with flags ${flags} [MQTT-3.10.1-1]`);
  const reader = new FieldReader(body, level);
  const packetId = reader.packetId();
  if (level === 5) reader.properties(UNSUBSCRIBE_PROPERTIES);
  const filters: string[] = [];
  while (reader.fault === undefined && !reader.isAtEnd) filters.push(readFilter(reader));
  if (filters.length === 0) reader.failProtocol('UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]');
  return reader.fault ?? { packetId, filters };
}

export type AcknowledgementType = (typeof PACKET_TYPES)['puback' | 'pubrec' | 'pubrel' | 'pubcomp'];

/**
 * The reason codes that a client may send in PUBACK and PUBREC (MQTT 5 sections 3.4.2.1 and 3.5.2.1). 0x10, that nobody has
 * subscribed, is only for brokers.
 */
const RECEIVED_CODES: ReadonlySet<number> = new Set([0, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
/** Of PUBREL and PUBCOMP (sections 3.6.2.1 and 3.7.2.1). */
const RELEASED_CODES: ReadonlySet<number> = new Set([0, REASON_CODES.packetIdentifierNotFound]);

/**
 * The packet id of a PUBACK, PUBREC, PUBREL or PUBCOMP, with its reason code 16 bits above it, so that nothing is allocated.
 * PUBREL has flags 2 [MQTT-3.6.1-1], the others 0 [MQTT-2.2.2-2].
 */
export function decodeAcknowledgement(
  level: ProtocolLevel,
  type: AcknowledgementType,
  flags: number,
  body: Buffer,
): number | PacketFault {
  if (flags !== (type === PACKET_TYPES.pubrel ? PUBREL_FLAGS : 0)) {
    const broken = type === PACKET_TYPES.pubrel ? '[MQTT-3.6.1-1]' : clause(level, '2.2.2-2', '2.1.3-1');
    return new PacketFault(`acknowledgement with flags ${flags} ${broken}`);
  }
  if (body.length < 2 || (body.length > 2 && level !== 5)) {
    return new PacketFault(`acknowledgement of ${body.length} bytes`);
  }
  const packetId = body.readUInt16BE(0);
  if (packetId === 0) return new PacketFault(`packet id 0 ${clause(level, '2.3.1-1', '2.2.1-3')}`);
  if (body.length === 2) return packetId;
  const reasonCode = body.readUInt8(2);
  const isOfReceipt = type === PACKET_TYPES.puback || type === PACKET_TYPES.pubrec;
  if (!(isOfReceipt ? RECEIVED_CODES : RELEASED_CODES).has(reasonCode)) return unknownReason(reasonCode);
  const fault = propertiesFault(body.subarray(3), ACKNOWLEDGEMENT_PROPERTIES);
  return fault ?? packetId | (reasonCode << 16);
}

/** The reason codes that a client may send in DISCONNECT (MQTT 5 section 3.14.2.1). */
const DISCONNECT_CODES: ReadonlySet<number> = new Set([
  0, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);

/** The DISCONNECT with these flags of the fixed header; `body` is everything behind the fixed header. */
export function decodeDisconnect(
  level: ProtocolLevel,
  flags: number,
  body: Buffer,
): DisconnectPacket | PacketFault {
  if (level !== 5 || body.length === 0) {
    return emptyPacketFault(flags, body.length) ?? { reasonCode: 0, sessionExpirySeconds: undefined };
  }
  if (flags !== 0) return new PacketFault(`reserved flags ${flags} [MQTT-3.14.1-1]`);
  const reader = new FieldReader(body, level);
  const reasonCode = reader.byte('reason code');
  if (!DISCONNECT_CODES.has(reasonCode)) return unknownReason(reasonCode);
  // Without properties their length may be missing (section 3.14.2.2.1).
  const { sessionExpirySeconds } = reader.isAtEnd ? {} : reader.properties(DISCONNECT_PROPERTIES);
  reader.end();
  return reader.fault ?? { reasonCode, sessionExpirySeconds };
}

/** What is wrong with a PINGREQ or DISCONNECT, which has no flags and nothing behind its fixed header, or undefined. */
export function emptyPacketFault(flags: number, remainingLength: number): PacketFault | undefined {
  if (flags !== 0) return new PacketFault(`reserved flags ${flags} [MQTT-2.2.2-2, MQTT-3.14.1-1]`);
  if (remainingLength !== 0) return new PacketFault(`${remainingLength} bytes in a packet that has none`);
  return undefined;
}

function readFilter(reader: FieldReader): string {
  const filter = reader.text('topic filter');
  if (reader.fault === undefined) {
    const fault = filterSyntaxFault(reader.level, filter);
    if (fault !== undefined) reader.fail(fault);
  }
  return filter;
}

/** Without properties their length may be missing (MQTT 5 section 3.4.2.2.1). */
function propertiesFault(bytes: Buffer, allowed: ReadonlySet<PropertyName>): PacketFault | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new FieldReader(bytes, 5);
  reader.properties(allowed);
  reader.end();
  return reader.fault;
}

function unknownReason(reasonCode: number): PacketFault {
  const detail = `reason code 0x${reasonCode.toString(16).padStart(2, '0')}, which the packet must not have`;
  return new PacketFault(detail, 0, REASON_CODES.protocolError);
}
