import { decodeText } from '../../lib/decode-text.js';
import { MAX_TOPIC_BYTES } from '../../lib/mqtt-names.js';
import type { Connection } from '../connection/connection.js';
import type { QoS } from '../protocol/packets.js';

/** A PUBLISH as it was read. `payload` is a view, valid during the call. */
export interface Publish {
  readonly topic: string;
  readonly qos: QoS;
  readonly packetId: number;
  readonly isDuplicate: boolean;
  readonly isRetained: boolean;
  readonly payload: Buffer;
}

/**
 * Reads a PUBLISH whose first byte is valid; `bytes` from `start` to `end` is what is behind its fixed header. Returns what is
 * wrong with it when it is malformed.
 */
export function readPublish(
  connection: Connection,
  firstByte: number,
  bytes: Buffer,
  start: number,
  end: number,
): Publish | string {
  const qos = ((firstByte >> 1) & 3) as QoS;
  const topicStart = start + 2;
  if (topicStart > end) return 'less than a topic';
  const topicEnd = topicStart + bytes.readUInt16BE(start);
  const payloadStart = topicEnd + (qos === 0 ? 0 : 2);
  if (payloadStart > end) return 'less than its topic and packet id';
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
  if (qos > 0 && packetId === 0) return 'packet id 0 [MQTT-2.3.1-1]';
  const topic = topicOf(connection, bytes, topicStart, topicEnd);
  if (topic === undefined) return 'a topic that is not UTF-8, or has a NUL [MQTT-1.5.3-1, MQTT-1.5.3-2]';
  return {
    topic,
    qos,
    packetId,
    isDuplicate: (firstByte & 8) !== 0,
    isRetained: (firstByte & 1) !== 0,
    payload: bytes.subarray(payloadStart, end),
  };
}

/** A device publishes on one or a few topics: the last one is not decoded again. */
function topicOf(connection: Connection, bytes: Buffer, start: number, end: number): string | undefined {
  const last = connection.lastTopic;
  if (last !== undefined && isSame(last.bytes, bytes, start, end)) return last.topic;
  const topic = decodeText(bytes, start, end);
  if (topic === undefined) return undefined;
  // The broker takes no longer one: it must not stay in the memory.
  if (end - start > MAX_TOPIC_BYTES) return topic;
  connection.lastTopic = { bytes: Buffer.from(bytes.subarray(start, end)), topic, isChecked: false };
  return topic;
}

/** Byte by byte: for the length of a topic that is several times faster than a call of `Buffer.compare`. */
function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  const { length } = known;
  if (length !== end - start) return false;
  // From the end: topics of one fleet differ there.
  for (let i = length - 1; i >= 0; i -= 1) {
    if (known[i] !== bytes[start + i]) return false;
  }
  return true;
}
