import { messagePropertiesOf } from '../../lib/message-properties.js';
import type { Properties, PropertyName } from '../../lib/mqtt-properties.js';
import { clause } from './clause.js';
import { messagePropertiesDetail } from './decode-publish-properties.js';
import { FieldReader } from './field-reader.js';
import {
  type ConnectPacket,
  NO_SESSION_EXPIRY,
  PacketFault,
  type ProtocolLevel,
  type QoS,
  REASON_CODES,
  type Will,
} from './packets.js';

const UNACCEPTABLE_PROTOCOL_LEVEL = 1;
const IDENTIFIER_REJECTED = 2;

const BRIDGE = 0x80;

const RESERVED = 0x01;
const CLEAN_START = 0x02;
const HAS_WILL = 0x04;
const WILL_QOS_SHIFT = 3;
const WILL_RETAIN = 0x20;
const HAS_PASSWORD = 0x40;
const HAS_USER_NAME = 0x80;

const CONNECT_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'sessionExpirySeconds',
  'receiveMaximum',
  'maximumPacketBytes',
  'topicAliasMaximum',
  'requestResponseInformation',
  'requestProblemInformation',
  'userProperties',
  'authenticationMethod',
  'authenticationData',
]);

const WILL_PROPERTIES: ReadonlySet<PropertyName> = new Set<PropertyName>([
  'willDelaySeconds',
  'payloadFormat',
  'messageExpirySeconds',
  'contentType',
  'responseTopic',
  'correlationData',
  'userProperties',
]);

/** The version that a CONNECT asks for, so that also one that is malformed is answered in its form; 4 when it is none known here. */
export function levelOfConnect(body: Buffer): ProtocolLevel {
  const reader = new FieldReader(body, 4);
  const level = levelOf(reader.text('protocol name'), reader.byte('protocol level'));
  return reader.fault !== undefined || level instanceof PacketFault ? 4 : level;
}

/** The CONNECT whose variable header and payload are `body`: MQTT 3.1, 3.1.1 and 5, also as Mosquitto's bridges send them. */
export function decodeConnect(body: Buffer): ConnectPacket | PacketFault {
  const reader = new FieldReader(body, 4);
  const protocolName = reader.text('protocol name');
  const levelByte = reader.byte('protocol level');
  if (reader.fault !== undefined) return reader.fault;
  const level = levelOf(protocolName, levelByte);
  if (level instanceof PacketFault) return level;
  reader.level = level;

  const flags = reader.byte('connect flags');
  const keepAliveSeconds = reader.uint16('keep alive');
  if (reader.fault === undefined) checkFlags(reader, flags);
  const isCleanStart = (flags & CLEAN_START) !== 0;
  const properties = level === 5 ? reader.properties(CONNECT_PROPERTIES) : {};
  checkProperties(reader, properties);

  const clientId = reader.text('client id');
  const will = (flags & HAS_WILL) === 0 ? undefined : readWill(reader, level, flags);
  const hasUserName = (flags & HAS_USER_NAME) !== 0 && !isOmitted(reader, level);
  const userName = hasUserName ? reader.text('user name') : undefined;
  const hasPassword = (flags & HAS_PASSWORD) !== 0 && !isOmitted(reader, level);
  const password = hasPassword ? reader.data('password') : undefined;
  reader.end();
  // Last: a packet that is malformed gets no CONNACK, whatever its client id is.
  if (clientId === '') checkEmptyClientId(reader, level, isCleanStart);

  return (
    reader.fault ?? {
      level,
      isBridge: (levelByte & BRIDGE) !== 0,
      isCleanStart,
      sessionExpirySeconds: sessionExpiry(level, isCleanStart, properties),
      keepAliveSeconds,
      clientId,
      userName,
      password,
      will,
      receiveMaximum: properties.receiveMaximum ?? 0xffff,
      maximumPacketBytes: properties.maximumPacketBytes,
      topicAliasMaximum: properties.topicAliasMaximum ?? 0,
      wantsProblemInformation: properties.requestProblemInformation !== 0,
      authenticationMethod: properties.authenticationMethod,
    }
  );
}

function levelOf(protocolName: string, levelByte: number): ProtocolLevel | PacketFault {
  if (protocolName !== 'MQTT' && protocolName !== 'MQIsdp') {
    return new PacketFault('the protocol name is not MQTT [MQTT-3.1.2-1]');
  }
  // Mosquitto's bridges set the bit of a bridge at levels 3 and 4; at 5 they have subscription options for it.
  if (protocolName === 'MQTT' && levelByte === 5) return 5;
  const level = levelByte & ~BRIDGE;
  if (protocolName === 'MQTT' && level === 4) return 4;
  if (protocolName === 'MQIsdp' && level === 3) return 3;
  const detail = `${protocolName} with level ${levelByte} is not spoken here: MQTT 5, 3.1.1 and 3.1 are [MQTT-3.1.2-2]`;
  return new PacketFault(detail, UNACCEPTABLE_PROTOCOL_LEVEL, REASON_CODES.unsupportedProtocolVersion);
}

function checkFlags(reader: FieldReader, flags: number): void {
  const { level } = reader;
  if ((flags & RESERVED) !== 0) reader.fail('reserved connect flag set [MQTT-3.1.2-3]');
  const willQos = (flags >> WILL_QOS_SHIFT) & 3;
  if ((flags & HAS_WILL) === 0) {
    if (willQos !== 0) reader.fail(`will QoS without a will ${clause(level, '3.1.2-13', '3.1.2-11')}`);
    if ((flags & WILL_RETAIN) !== 0) {
      reader.fail(`will retain without a will ${clause(level, '3.1.2-15', '3.1.2-13')}`);
    }
  }
  if (willQos === 3) reader.fail(`will QoS 3 ${clause(level, '3.1.2-14', '3.1.2-12')}`);
  // MQTT 5 allows it, for tokens (section 3.1.2.9).
  if (level !== 5 && (flags & HAS_PASSWORD) !== 0 && (flags & HAS_USER_NAME) === 0) {
    reader.fail('a password without a user name [MQTT-3.1.2-22]');
  }
}

/** What is wrong with values is a protocol error (MQTT 5 section 3.1.2.11). */
function checkProperties(reader: FieldReader, properties: Properties): void {
  const { receiveMaximum, maximumPacketBytes, requestProblemInformation, requestResponseInformation } =
    properties;
  if (receiveMaximum === 0) reader.failProtocol('receive maximum 0');
  if (maximumPacketBytes === 0) reader.failProtocol('maximum packet size 0');
  if ((requestProblemInformation ?? 0) > 1) {
    reader.failProtocol(`request problem information ${requestProblemInformation}`);
  }
  if ((requestResponseInformation ?? 0) > 1) {
    reader.failProtocol(`request response information ${requestResponseInformation}`);
  }
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    reader.failProtocol('authentication data without a method');
  }
}

function sessionExpiry(level: ProtocolLevel, isCleanStart: boolean, properties: Properties): number {
  if (level === 5) return properties.sessionExpirySeconds ?? 0;
  return isCleanStart ? 0 : NO_SESSION_EXPIRY;
}

function readWill(reader: FieldReader, level: ProtocolLevel, flags: number): Will {
  const properties = level === 5 ? reader.properties(WILL_PROPERTIES) : {};
  const detail = messagePropertiesDetail(properties);
  if (detail !== undefined) reader.failProtocol(`will with ${detail}`);
  const topic = reader.text('will topic');
  const payload = reader.data('will message');
  if (topic === '') reader.fail('empty will topic [MQTT-4.7.3-1]');
  if (topic.includes('+') || topic.includes('#')) {
    reader.fail(`wildcard in the will topic ${clause(level, '4.7.1-1', '4.7.0-1')}`);
  }
  return {
    topic,
    payload,
    qos: ((flags >> WILL_QOS_SHIFT) & 3) as QoS,
    isRetained: (flags & WILL_RETAIN) !== 0,
    delaySeconds: properties.willDelaySeconds ?? 0,
    properties: messagePropertiesOf(properties),
  };
}

/** MQTT 3.1 lets a client set the flags of user name and password and send neither (section 3.1, "Payload"). */
function isOmitted(reader: FieldReader, level: ProtocolLevel): boolean {
  return level === 3 && reader.isAtEnd;
}

function checkEmptyClientId(reader: FieldReader, level: ProtocolLevel, isCleanStart: boolean): void {
  if (level === 3) reader.fail('MQTT 3.1 asks for a client id', IDENTIFIER_REJECTED);
  if (level === 4 && !isCleanStart) {
    reader.fail('clean session 0 without a client id [MQTT-3.1.3-8]', IDENTIFIER_REJECTED);
  }
}
