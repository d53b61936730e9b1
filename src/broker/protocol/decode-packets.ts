import { FieldReader } from './field-reader.js';
import { filterSyntaxFault } from './filter-syntax-fault.js';
import {
  PacketFault,
  type QoS,
  type SubscribePacket,
  type Subscription,
  type UnsubscribePacket,
} from './packets.js';

const SUBSCRIBE_FLAGS = 2;

/** The SUBSCRIBE with these flags of the fixed header; `body` is everything behind the fixed header. */
export function decodeSubscribe(flags: number, body: Buffer): SubscribePacket | PacketFault {
  if (flags !== SUBSCRIBE_FLAGS) return new PacketFault(`SUBSCRIBE with flags ${flags} [MQTT-3.8.1-1]`);
  const reader = new FieldReader(body);
  const packetId = reader.packetId();
  const subscriptions: Subscription[] = [];
  while (reader.fault === undefined && !reader.isAtEnd) {
    const filter = readFilter(reader);
    const qos = reader.byte('requested QoS');
    if (qos > 2) reader.fail(`requested QoS byte ${qos} [MQTT-3.8.3-4]`);
    subscriptions.push({ filter, qos: qos as QoS });
  }
  if (subscriptions.length === 0) reader.fail('SUBSCRIBE without a topic filter [MQTT-3.8.3-3]');
  return reader.fault ?? { packetId, subscriptions };
}

/** The UNSUBSCRIBE with these flags of the fixed header; `body` is everything behind the fixed header. */
export function decodeUnsubscribe(flags: number, body: Buffer): UnsubscribePacket | PacketFault {
  if (flags !== SUBSCRIBE_FLAGS) return new PacketFault(`UNSUBSCRIBE with flags ${flags} [MQTT-3.10.1-1]`);
  const reader = new FieldReader(body);
  const packetId = reader.packetId();
  const filters: string[] = [];
  while (reader.fault === undefined && !reader.isAtEnd) filters.push(readFilter(reader));
  if (filters.length === 0) reader.fail('UNSUBSCRIBE without a topic filter [MQTT-3.10.3-2]');
  return reader.fault ?? { packetId, filters };
}

/**
 * The packet id of a PUBACK, PUBREC, PUBREL or PUBCOMP. `expectedFlags` is 2 for PUBREL [MQTT-3.6.1-1], else 0
 * [MQTT-2.2.2-2].
 */
export function decodeAcknowledgement(
  flags: number,
  body: Buffer,
  expectedFlags: 0 | 2,
): number | PacketFault {
  if (flags !== expectedFlags) {
    const clause = expectedFlags === 0 ? 'MQTT-2.2.2-2' : 'MQTT-3.6.1-1';
    return new PacketFault(`acknowledgement with flags ${flags} [${clause}]`);
  }
  if (body.length !== 2) return new PacketFault(`acknowledgement of ${body.length} bytes`);
  const packetId = body.readUInt16BE(0);
  return packetId === 0 ? new PacketFault('packet id 0 [MQTT-2.3.1-1]') : packetId;
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
    const fault = filterSyntaxFault(filter);
    if (fault !== undefined) reader.fail(fault);
  }
  return filter;
}
