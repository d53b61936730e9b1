import { decodeText } from '../../lib/decode-text.js';
import type { MessageProperties } from '../../lib/message-properties.js';
import { MAX_TOPIC_BYTES } from '../../lib/mqtt-names.js';
import { readVariableInteger } from '../../lib/mqtt-properties.js';
import type { Connection } from '../connection/connection.js';
import type { LastTopic } from '../connection/last-topic.js';
import { type Mqtt5State, TOPIC_ALIAS_MAXIMUM } from '../connection/mqtt5-state.js';
import { decodePublishProperties } from '../protocol/decode-publish-properties.js';
import { PacketFault, type QoS, REASON_CODES } from '../protocol/packets.js';

/** A PUBLISH as it was read. `payload` is a view, valid during the call. */
export interface Publish {
  readonly topic: string;
  readonly qos: QoS;
  readonly packetId: number;
  readonly isDuplicate: boolean;
  readonly isRetained: boolean;
  /** What was read of the payload: of a packet that was read past only the beginning. */
  readonly payload: Buffer;
  /** The length of the payload as it was sent. */
  readonly payloadBytes: number;
  /** The bytes of its properties; 0 before MQTT 5. */
  readonly propertiesBytes: number;
  readonly properties: MessageProperties | undefined;
}

const NO_TOPIC = new PacketFault('less than a topic');
const CUT = new PacketFault('less than its topic and packet id');
const NO_PACKET_ID = new PacketFault('packet id 0 [MQTT-2.3.1-1]');
const NOT_TEXT = new PacketFault('a topic that is not UTF-8, or has a NUL [MQTT-1.5.3-1, MQTT-1.5.3-2]');
const CUT_PROPERTIES = new PacketFault('less than its properties');
const NO_ALIAS = protocolError('neither a topic nor a topic alias [MQTT-3.3.2-8]');
const UNKNOWN_ALIAS = protocolError('a topic alias that was not set (MQTT 5 section 3.3.2.3.4)');
const ALIAS_TOO_LARGE = new PacketFault(
  `a topic alias over the limit of ${TOPIC_ALIAS_MAXIMUM} [MQTT-3.3.2-9]`,
  0,
  REASON_CODES.topicAliasInvalid,
);
const TOO_MANY_PROPERTIES = new PacketFault(
  'an alias behind properties that are too large to be kept',
  0,
  REASON_CODES.packetTooLarge,
);

/** The only property of most packets that have one: a topic alias. */
const TOPIC_ALIAS = 0x23;
const TOPIC_ALIAS_BYTES = 3;

/**
 * Reads a PUBLISH whose first byte is valid; `bytes` from `start` to `end` is what is behind its fixed header, or the beginning
 * of it where the packet of `wholeBytes` was read past. Returns what is wrong with it when it is malformed.
 */
export function readPublish(
  connection: Connection,
  firstByte: number,
  bytes: Buffer,
  start: number,
  end: number,
  wholeBytes = end - start,
): Publish | PacketFault {
  const qos = ((firstByte >> 1) & 3) as QoS;
  const topicStart = start + 2;
  if (topicStart > end) return NO_TOPIC;
  const topicEnd = topicStart + ((bytes[start]! << 8) | bytes[start + 1]!);
  const idEnd = topicEnd + (qos === 0 ? 0 : 2);
  if (idEnd > end) return CUT;
  const packetId = qos === 0 ? 0 : (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]!;
  if (qos > 0 && packetId === 0) return NO_PACKET_ID;
  const { mqtt5 } = connection;
  let payloadStart = idEnd;
  let topic: string | undefined;
  let properties: MessageProperties | undefined;
  if (mqtt5 === undefined) {
    topic = topicOf(connection, bytes, topicStart, topicEnd);
    if (topic === undefined) return NOT_TEXT;
  } else {
    const length = readVariableInteger(bytes, idEnd, end);
    if (length === undefined) return CUT_PROPERTIES;
    payloadStart = length.end + length.value;
    if (payloadStart - start > wholeBytes) return CUT_PROPERTIES;
    const isWhole = payloadStart <= end;
    let alias: number | undefined;
    if (length.value === TOPIC_ALIAS_BYTES && bytes[length.end] === TOPIC_ALIAS && isWhole) {
      alias = (bytes[length.end + 1]! << 8) | bytes[length.end + 2]!;
    } else if (length.value > 0 && isWhole) {
      const decoded = decodePublishProperties(bytes, length.end, payloadStart);
      if (decoded instanceof PacketFault) return decoded;
      alias = decoded.topicAlias;
      properties = decoded.message;
    } else if (!isWhole && topicEnd === topicStart) {
      return TOO_MANY_PROPERTIES;
    }
    const resolved = resolve(connection, mqtt5, bytes, topicStart, topicEnd, alias);
    if (resolved instanceof PacketFault) return resolved;
    topic = resolved;
  }
  return {
    topic,
    qos,
    packetId,
    isDuplicate: (firstByte & 8) !== 0,
    isRetained: (firstByte & 1) !== 0,
    payload: bytes.subarray(Math.min(payloadStart, end), end),
    payloadBytes: wholeBytes - (payloadStart - start),
    propertiesBytes: payloadStart - idEnd,
    properties,
  };
}

/** The topic of a packet of MQTT 5, by its name or its alias. */
function resolve(
  connection: Connection,
  mqtt5: Mqtt5State,
  bytes: Buffer,
  start: number,
  end: number,
  alias: number | undefined,
): string | PacketFault {
  if (alias === undefined) {
    if (start === end) return NO_ALIAS;
    return topicOf(connection, bytes, start, end) ?? NOT_TEXT;
  }
  if (alias === 0 || alias > TOPIC_ALIAS_MAXIMUM) return ALIAS_TOO_LARGE;
  if (start === end) {
    const known = mqtt5.topicOf(alias);
    if (known === undefined) return UNKNOWN_ALIAS;
    connection.lastTopic = known;
    return known.topic;
  }
  const topic = topicOf(connection, bytes, start, end);
  if (topic === undefined) return NOT_TEXT;
  const { lastTopic } = connection;
  mqtt5.setTopic(alias, lastTopic?.topic === topic ? lastTopic : beginningOf(bytes, start));
  return topic;
}

/** A device publishes on one or a few topics: the last one is not decoded again. */
function topicOf(connection: Connection, bytes: Buffer, start: number, end: number): string | undefined {
  const last = connection.lastTopic;
  if (last !== undefined && isSame(last.bytes, bytes, start, end)) return last.topic;
  const topic = decodeText(bytes, start, end);
  if (topic === undefined) return undefined;
  // The broker takes no longer one: it must not stay in the memory.
  if (end - start > MAX_TOPIC_BYTES) return topic;
  connection.lastTopic = lastTopicOf(bytes, start, end, topic);
  return topic;
}

function lastTopicOf(bytes: Buffer, start: number, end: number, topic: string): LastTopic {
  return { bytes: Buffer.from(bytes.subarray(start, end)), topic, isChecked: false };
}

/** Of a topic that is too long to be accepted an alias keeps as much as is too long, too. */
function beginningOf(bytes: Buffer, start: number): LastTopic {
  let end = start + MAX_TOPIC_BYTES + 1;
  while ((bytes[end]! & 0xc0) === 0x80) end += 1;
  return lastTopicOf(bytes, start, end, bytes.toString('utf8', start, end));
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

function protocolError(detail: string): PacketFault {
  return new PacketFault(detail, 0, REASON_CODES.protocolError);
}
