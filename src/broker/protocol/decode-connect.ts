import { FieldReader } from './field-reader.js';
import { type ConnectPacket, NO_SESSION_EXPIRY, PacketFault, type QoS, type Will } from './packets.js';

const UNACCEPTABLE_PROTOCOL_LEVEL = 1;
const IDENTIFIER_REJECTED = 2;

const BRIDGE = 0x80;

const RESERVED = 0x01;
const CLEAN_SESSION = 0x02;
const HAS_WILL = 0x04;
const WILL_QOS_SHIFT = 3;
const WILL_RETAIN = 0x20;
const HAS_PASSWORD = 0x40;
const HAS_USER_NAME = 0x80;

/** The CONNECT whose variable header and payload are `body`: MQTT 3.1 and 3.1.1, also as Mosquitto's bridges send them. */
export function decodeConnect(body: Buffer): ConnectPacket | PacketFault {
  const reader = new FieldReader(body);
  const protocolName = reader.text('protocol name');
  const levelByte = reader.byte('protocol level');
  if (reader.fault !== undefined) return reader.fault;
  const level = levelOf(protocolName, levelByte);
  if (level instanceof PacketFault) return level;

  const flags = reader.byte('connect flags');
  const keepAliveSeconds = reader.uint16('keep alive');
  if (reader.fault === undefined) checkFlags(reader, flags);
  const isCleanSession = (flags & CLEAN_SESSION) !== 0;

  const clientId = reader.text('client id');
  const will = (flags & HAS_WILL) === 0 ? undefined : readWill(reader, flags);
  const hasUserName = (flags & HAS_USER_NAME) !== 0 && !isOmitted(reader, level);
  const userName = hasUserName ? reader.text('user name') : undefined;
  const hasPassword = (flags & HAS_PASSWORD) !== 0 && !isOmitted(reader, level);
  const password = hasPassword ? reader.data('password') : undefined;
  reader.end();
  // Last: a packet that is malformed gets no CONNACK, whatever its client id is.
  if (clientId === '') checkEmptyClientId(reader, level, isCleanSession);

  return (
    reader.fault ?? {
      level,
      isBridge: (levelByte & BRIDGE) !== 0,
      isCleanStart: isCleanSession,
      sessionExpirySeconds: isCleanSession ? 0 : NO_SESSION_EXPIRY,
      keepAliveSeconds,
      clientId,
      userName,
      password,
      will,
      receiveMaximum: 0xffff,
      maximumPacketBytes: undefined,
      topicAliasMaximum: 0,
      wantsProblemInformation: true,
      authenticationMethod: undefined,
    }
  );
}

function levelOf(protocolName: string, levelByte: number): 3 | 4 | PacketFault {
  if (protocolName !== 'MQTT' && protocolName !== 'MQIsdp') {
    return new PacketFault('the protocol name is not MQTT [MQTT-3.1.2-1]');
  }
  const level = levelByte & ~BRIDGE;
  if (protocolName === 'MQTT' && level === 4) return 4;
  if (protocolName === 'MQIsdp' && level === 3) return 3;
  const version =
    protocolName === 'MQTT' && level === 5 ? 'MQTT 5' : `${protocolName} with level ${levelByte}`;
  return new PacketFault(
    `${version} is not spoken here, MQTT 3.1.1 is [MQTT-3.1.2-2]`,
    UNACCEPTABLE_PROTOCOL_LEVEL,
  );
}

function checkFlags(reader: FieldReader, flags: number): void {
  if ((flags & RESERVED) !== 0) reader.fail('reserved connect flag set [MQTT-3.1.2-3]');
  const willQos = (flags >> WILL_QOS_SHIFT) & 3;
  if ((flags & HAS_WILL) === 0) {
    if (willQos !== 0) reader.fail('will QoS without a will [MQTT-3.1.2-13]');
    if ((flags & WILL_RETAIN) !== 0) reader.fail('will retain without a will [MQTT-3.1.2-15]');
  }
  if (willQos === 3) reader.fail('will QoS 3 [MQTT-3.1.2-14]');
  if ((flags & HAS_PASSWORD) !== 0 && (flags & HAS_USER_NAME) === 0) {
    reader.fail('a password without a user name [MQTT-3.1.2-22]');
  }
}

function readWill(reader: FieldReader, flags: number): Will {
  const topic = reader.text('will topic');
  const payload = reader.data('will message');
  if (topic === '') reader.fail('empty will topic [MQTT-4.7.3-1]');
  if (topic.includes('+') || topic.includes('#')) reader.fail('wildcard in the will topic [MQTT-4.7.1-1]');
  const qos = ((flags >> WILL_QOS_SHIFT) & 3) as QoS;
  return {
    topic,
    payload,
    qos,
    isRetained: (flags & WILL_RETAIN) !== 0,
    delaySeconds: 0,
    properties: undefined,
  };
}

/** MQTT 3.1 lets a client set the flags of user name and password and send neither (section 3.1, "Payload"). */
function isOmitted(reader: FieldReader, level: 3 | 4): boolean {
  return level === 3 && reader.isAtEnd;
}

function checkEmptyClientId(reader: FieldReader, level: 3 | 4, isCleanSession: boolean): void {
  if (level === 3) reader.fail('MQTT 3.1 asks for a client id', IDENTIFIER_REJECTED);
  if (!isCleanSession) reader.fail('clean session 0 without a client id [MQTT-3.1.3-8]', IDENTIFIER_REJECTED);
}
