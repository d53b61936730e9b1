import { bytesOfLength, writeLength } from './encode-packets.js';
import { PACKET_TYPES, type QoS } from './packets.js';

const PUBLISH = PACKET_TYPES.publish << 4;
const DUPLICATE = 8;
const RETAIN = 1;

/** The bytes of a PUBLISH of MQTT 3.1.1. */
export function lengthOfDelivery(topicBytes: number, payloadBytes: number, qos: QoS): number {
  const remaining = 2 + topicBytes + (qos === 0 ? 0 : 2) + payloadBytes;
  return 1 + bytesOfLength(remaining) + remaining;
}

/** Writes the packet id of a whole PUBLISH of QoS 1 or 2. */
export function setPacketId(packet: Buffer, packetId: number): void {
  packet.writeUInt16BE(packetId, topicEndOf(packet));
}

/** The topic name of a whole PUBLISH. */
export function topicOf(packet: Buffer): string {
  return packet.toString('utf8', topicAtOf(packet), topicEndOf(packet));
}

/** The offset behind the topic name of a whole PUBLISH. */
export function topicEndOf(packet: Buffer): number {
  const at = topicAtOf(packet);
  return at + packet.readUInt16BE(at - 2);
}

function topicAtOf(packet: Buffer): number {
  let lengthAt = 1;
  while (packet[lengthAt]! >= 0x80) lengthAt += 1;
  return lengthAt + 3;
}

/**
 * Writes a whole PUBLISH of MQTT 3.1.1 at `at`, where there must be room for `lengthOfDelivery`, and returns the offset behind
 * it. `topic` is in UTF-8; the packet id is not used at QoS 0.
 */
export function writeDelivery(
  target: Buffer,
  start: number,
  topic: Buffer,
  payload: Buffer,
  qos: QoS,
  packetId: number,
  isRetained: boolean,
  isDuplicate: boolean,
): number {
  const topicBytes = topic.length;
  target[start] = PUBLISH | (isDuplicate ? DUPLICATE : 0) | (qos << 1) | (isRetained ? RETAIN : 0);
  let at = writeLength(target, start + 1, 2 + topicBytes + (qos === 0 ? 0 : 2) + payload.length);
  target[at] = topicBytes >> 8;
  target[at + 1] = topicBytes & 0xff;
  target.set(topic, at + 2);
  at += 2 + topicBytes;
  if (qos > 0) {
    target[at] = packetId >> 8;
    target[at + 1] = packetId & 0xff;
    at += 2;
  }
  target.set(payload, at);
  return at + payload.length;
}
