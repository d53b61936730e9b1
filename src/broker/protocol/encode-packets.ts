import { type FIRST_BYTES, PACKET_TYPES, type QoS } from './packets.js';

/** What a PUBLISH is made of. */
export interface PublishFields {
  /** A string, or the bytes of its UTF-8. */
  readonly topic: string | Buffer;
  readonly payload: Buffer;
  readonly qos: QoS;
  /** Not used at QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  readonly isDuplicate: boolean;
}

export const PINGRESP: Buffer = Buffer.from([PACKET_TYPES.pingresp << 4, 0]);

/** The answer to a CONNECT. A session is present only when the return code is 0 [MQTT-3.2.2-4]. */
export function connack(isSessionPresent: boolean, returnCode: number): Buffer {
  return Buffer.from([
    PACKET_TYPES.connack << 4,
    2,
    isSessionPresent && returnCode === 0 ? 1 : 0,
    returnCode,
  ]);
}

/** The answer to a SUBSCRIBE, with one return code for each of its filters in their order [MQTT-3.8.4-5]. */
export function suback(packetId: number, returnCodes: readonly number[]): Buffer {
  const remaining = 2 + returnCodes.length;
  const packet = Buffer.allocUnsafe(1 + bytesOfLength(remaining) + remaining);
  packet[0] = PACKET_TYPES.suback << 4;
  let at = writeLength(packet, 1, remaining);
  at = packet.writeUInt16BE(packetId, at);
  packet.set(returnCodes, at);
  return packet;
}

/** The answer to an UNSUBSCRIBE. */
export function unsuback(packetId: number): Buffer {
  return Buffer.from([PACKET_TYPES.unsuback << 4, 2, packetId >> 8, packetId & 0xff]);
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte. */
export function acknowledgement(
  firstByte: (typeof FIRST_BYTES)['puback' | 'pubrec' | 'pubrel' | 'pubcomp'],
  packetId: number,
): Buffer {
  return Buffer.from([firstByte, 2, packetId >> 8, packetId & 0xff]);
}

/** The bytes that `publishPacket` returns for a topic and a payload of so many bytes. */
export function lengthOfPublish(topicBytes: number, payloadBytes: number, qos: QoS): number {
  const remaining = 2 + topicBytes + (qos === 0 ? 0 : 2) + payloadBytes;
  return 1 + bytesOfLength(remaining) + remaining;
}

/** A whole PUBLISH in memory of its own, so that who keeps it keeps no more than its length. */
export function publishPacket(fields: PublishFields): Buffer {
  const { topic, payload, qos } = fields;
  const topicBytes = typeof topic === 'string' ? Buffer.byteLength(topic) : topic.length;
  const remaining = 2 + topicBytes + (qos === 0 ? 0 : 2) + payload.length;
  // Not from the pool of Node: a few bytes that are kept there hold all 8 KiB of it.
  const packet = Buffer.allocUnsafeSlow(1 + bytesOfLength(remaining) + remaining);
  packet[0] =
    (PACKET_TYPES.publish << 4) | (fields.isDuplicate ? 8 : 0) | (qos << 1) | (fields.isRetained ? 1 : 0);
  let at = writeLength(packet, 1, remaining);
  at = packet.writeUInt16BE(topicBytes, at);
  if (typeof topic === 'string') packet.write(topic, at, 'utf8');
  else packet.set(topic, at);
  at += topicBytes;
  if (qos > 0) at = packet.writeUInt16BE(fields.packetId, at);
  packet.set(payload, at);
  return packet;
}

/** How many bytes a remaining length takes in a fixed header, 1 to 4 (MQTT 3.1.1 section 2.2.3). */
export function bytesOfLength(remaining: number): number {
  if (remaining < 0x80) return 1;
  if (remaining < 0x4000) return 2;
  return remaining < 0x200000 ? 3 : 4;
}

/** Writes a remaining length at `at` and returns the offset behind it. */
export function writeLength(packet: Buffer, at: number, remaining: number): number {
  let rest = remaining;
  let offset = at;
  while (rest >= 0x80) {
    packet[offset] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    offset += 1;
  }
  packet[offset] = rest;
  return offset + 1;
}
