import { bytesOfLength, writeLength } from '../protocol/encode-packets.js';
import { PACKET_TYPES, type QoS } from '../protocol/packets.js';

const PUBLISH = PACKET_TYPES.publish << 4;
const DUPLICATE = 8;
const RETAIN = 1;

/**
 * A whole PUBLISH for a subscriber, in memory of Node's pool: it leaves in the same turn of the event loop, and memory of
 * its own costs a microsecond. `topic` is in UTF-8; the packet id is not used at QoS 0.
 */
export function encodeDelivery(
  topic: Buffer,
  payload: Buffer,
  qos: QoS,
  packetId: number,
  isRetained: boolean,
  isDuplicate = false,
): Buffer {
  const topicBytes = topic.length;
  const remaining = 2 + topicBytes + (qos === 0 ? 0 : 2) + payload.length;
  const packet = Buffer.allocUnsafe(1 + bytesOfLength(remaining) + remaining);
  packet[0] = PUBLISH | (isDuplicate ? DUPLICATE : 0) | (qos << 1) | (isRetained ? RETAIN : 0);
  let at = writeLength(packet, 1, remaining);
  packet[at] = topicBytes >> 8;
  packet[at + 1] = topicBytes & 0xff;
  packet.set(topic, at + 2);
  at += 2 + topicBytes;
  if (qos > 0) {
    packet[at] = packetId >> 8;
    packet[at + 1] = packetId & 0xff;
    at += 2;
  }
  packet.set(payload, at);
  return packet;
}
