import { bytesOfLength, writeLength } from './encode-packets.js';
import { expirySecondsOf } from './kept-properties.js';
import { PACKET_TYPES, type QoS } from './packets.js';
import { topicEndOf } from './write-delivery.js';

export interface Delivery5 {
  /** In UTF-8. */
  readonly topic: Buffer;
  readonly payload: Buffer;
  readonly qos: QoS;
  /** Not used at QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  readonly isDuplicate: boolean;
  /** With their length in front. */
  readonly properties: Buffer;
}

/** A whole PUBLISH of MQTT 5 for a subscriber, in memory of Node's pool: it leaves soon. */
export function encodeDelivery5(delivery: Delivery5): Buffer {
  const { topic, payload, qos, packetId, isRetained, isDuplicate, properties } = delivery;
  const remaining = 2 + topic.length + (qos === 0 ? 0 : 2) + properties.length + payload.length;
  const packet = Buffer.allocUnsafe(1 + bytesOfLength(remaining) + remaining);
  packet[0] = (PACKET_TYPES.publish << 4) | (isDuplicate ? 8 : 0) | (qos << 1) | (isRetained ? 1 : 0);
  let at = writeLength(packet, 1, remaining);
  at = packet.writeUInt16BE(topic.length, at);
  packet.set(topic, at);
  at += topic.length;
  if (qos > 0) at = packet.writeUInt16BE(packetId, at);
  packet.set(properties, at);
  packet.set(payload, at + properties.length);
  return packet;
}

/** Writes what is left of the expiry of a whole PUBLISH of QoS 1 or 2 that has one: it is the first of the properties. */
export function setExpiryInterval(packet: Buffer, leftMs: number): void {
  let at = topicEndOf(packet) + 2;
  while (packet[at]! >= 0x80) at += 1;
  packet.writeUInt32BE(expirySecondsOf(leftMs), at + 2);
}
