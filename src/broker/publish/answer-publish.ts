import type { Connection } from '../connection/connection.js';
import { acknowledgement5 } from '../protocol/encode-packets-5.js';
import { FIRST_BYTES, REASON_CODES, type ReasonCode } from '../protocol/packets.js';
import type { PublishVerdict } from './judge-publish.js';
import type { Publish } from './read-publish.js';

type Answered = Pick<Publish, 'qos' | 'packetId'>;

/** Answers a PUBLISH of QoS 1 or 2 that is accepted. */
export function answerAccepted({ output }: Connection, { qos, packetId }: Answered): void {
  output.answer(qos === 1 ? FIRST_BYTES.puback : FIRST_BYTES.pubrec, packetId);
}

/** Says to a client of MQTT 5 that its message was not accepted; it is parked all the same. */
export function answerRefused(
  connection: Connection,
  packet: Answered,
  { reason, detail }: Extract<PublishVerdict, { kind: 'refused' }>,
): void {
  // 0x95, packet too large, is not a reason code of these packets (MQTT 5 section 3.4.2.1).
  const reasonCode =
    reason === 'packet-too-large' ? REASON_CODES.quotaExceeded : REASON_CODES.topicNameInvalid;
  answerPublish(connection, packet, reasonCode, detail);
}

/** Says to a client of MQTT 5 that it may not publish on the topic. */
export function answerDenied(connection: Connection, packet: Answered): void {
  answerPublish(connection, packet, REASON_CODES.notAuthorized);
}

/** Answers a PUBREL. Only MQTT 5 can say that there is no such handshake, and the client can end it either way. */
export function answerPubrel(connection: Connection, packetId: number, isKnown: boolean): void {
  if (isKnown || connection.level !== 5) connection.output.answer(FIRST_BYTES.pubcomp, packetId);
  else answer(connection, FIRST_BYTES.pubcomp, packetId, REASON_CODES.packetIdentifierNotFound);
}

function answerPublish(
  connection: Connection,
  { qos, packetId }: Answered,
  reasonCode: ReasonCode,
  detail?: string,
): void {
  answer(connection, qos === 1 ? FIRST_BYTES.puback : FIRST_BYTES.pubrec, packetId, reasonCode, detail);
}

function answer(
  connection: Connection,
  firstByte: (typeof FIRST_BYTES)['puback' | 'pubrec' | 'pubcomp'],
  packetId: number,
  reasonCode: ReasonCode,
  detail?: string,
): void {
  const { mqtt5, maximumPacketBytes } = connection;
  // [MQTT-3.1.2-29]
  const reasonString = mqtt5?.wantsProblemInformation === false ? undefined : detail;
  connection.write(acknowledgement5(firstByte, packetId, reasonCode, reasonString, maximumPacketBytes));
}
