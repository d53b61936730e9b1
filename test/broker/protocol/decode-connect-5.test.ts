import { describe, expect, it } from 'vitest';
import { decodeConnect, levelOfConnect } from '../../../src/broker/protocol/decode-connect.js';
import { NO_SESSION_EXPIRY, PacketFault, REASON_CODES } from '../../../src/broker/protocol/packets.js';
import { encodeMessageProperties } from '../../../src/lib/message-properties.js';
import { type Properties, variableInteger, writeProperties } from '../../../src/lib/mqtt-properties.js';

const { malformedPacket, protocolError, unsupportedProtocolVersion } = REASON_CODES;

const field = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

/** Properties with their length in front. */
const withLength = (bytes: Buffer | readonly number[]) =>
  Buffer.concat([variableInteger(bytes.length), Buffer.from(bytes)]);
const NONE = withLength([]);
const properties = (values: Properties) => withLength(writeProperties(values));

/** The body of a CONNECT of MQTT 5 with keep alive 258. */
const v5 = (flags: number, ...rest: readonly Buffer[]) =>
  Buffer.concat([field('MQTT'), Buffer.from([5, flags, 1, 2]), ...rest]);

const plain = {
  level: 5,
  isBridge: false,
  isCleanStart: true,
  sessionExpirySeconds: 0,
  keepAliveSeconds: 258,
  clientId: 'c',
  userName: undefined,
  password: undefined,
  will: undefined,
  receiveMaximum: 65_535,
  maximumPacketBytes: undefined,
  topicAliasMaximum: 0,
  wantsProblemInformation: true,
  authenticationMethod: undefined,
};

const EVERYTHING: Properties = {
  sessionExpirySeconds: NO_SESSION_EXPIRY,
  receiveMaximum: 1,
  maximumPacketBytes: 0xffff_ffff,
  topicAliasMaximum: 65_535,
  requestResponseInformation: 1,
  requestProblemInformation: 0,
  authenticationMethod: 'SCRAM-SHA-1',
  authenticationData: Buffer.from([0, 255]),
  userProperties: [
    ['a', '1'],
    ['a', '2'],
  ],
};

const MESSAGE = {
  isText: true,
  expirySeconds: 9,
  contentType: 't',
  responseTopic: 'r',
  correlationData: Buffer.from([1]),
  userProperties: [['a', 'b']],
} as const;

const WILL = withLength(
  Buffer.concat([writeProperties({ willDelaySeconds: 258 }), encodeMessageProperties(MESSAGE)]),
);

describe('a CONNECT of MQTT 5 that is well formed', () => {
  it.each([
    ['nothing but a client id', v5(0x02, NONE, field('c')), plain],
    [
      'no clean start: the session ends with the connection',
      v5(0x00, NONE, field('c')),
      { ...plain, isCleanStart: false },
    ],
    ['no client id', v5(0x02, NONE, field('')), { ...plain, clientId: '' }],
    [
      'no client id, and no clean start',
      v5(0x00, NONE, field('')),
      { ...plain, clientId: '', isCleanStart: false },
    ],
    [
      'a password without a user',
      v5(0x42, NONE, field('c'), field('p')),
      { ...plain, password: Buffer.from('p') },
    ],
    [
      'a session that expires',
      v5(0x02, properties({ sessionExpirySeconds: 5 }), field('c')),
      { ...plain, sessionExpirySeconds: 5 },
    ],
    ['problem information', v5(0x02, properties({ requestProblemInformation: 1 }), field('c')), plain],
    ['no response information', v5(0x02, properties({ requestResponseInformation: 0 }), field('c')), plain],
    [
      'a method without data',
      v5(0x02, properties({ authenticationMethod: '' }), field('c')),
      { ...plain, authenticationMethod: '' },
    ],
    [
      'a will without properties',
      v5(0x26, NONE, field('c'), NONE, field('w'), field('gone')),
      {
        ...plain,
        will: {
          topic: 'w',
          payload: Buffer.from('gone'),
          qos: 0,
          isRetained: true,
          delaySeconds: 0,
          properties: undefined,
        },
      },
    ],
    [
      'everything',
      v5(0xd4, properties(EVERYTHING), field('c'), WILL, field('w'), field(''), field('u'), field('p')),
      {
        ...plain,
        isCleanStart: false,
        sessionExpirySeconds: NO_SESSION_EXPIRY,
        receiveMaximum: 1,
        maximumPacketBytes: 0xffff_ffff,
        topicAliasMaximum: 65_535,
        wantsProblemInformation: false,
        authenticationMethod: 'SCRAM-SHA-1',
        userName: 'u',
        password: Buffer.from('p'),
        will: {
          topic: 'w',
          payload: Buffer.alloc(0),
          qos: 2,
          isRetained: false,
          delaySeconds: 258,
          properties: MESSAGE,
        },
      },
    ],
  ])('%s', (_, bytes, packet) => {
    expect(decodeConnect(bytes)).toEqual(packet);
  });

  it('keeps nothing of the buffer of the socket', () => {
    const bytes = v5(0x06, NONE, field('c'), WILL, field('w'), field('gone'));
    const packet = decodeConnect(bytes);
    bytes.fill(0);
    const will = { payload: Buffer.from('gone'), properties: MESSAGE };
    expect(packet).toMatchObject({ will });
  });
});

describe('a CONNECT of MQTT 5 that is not', () => {
  const raw = (...bytes: readonly number[]) => v5(0x02, withLength(bytes), field('c'));
  const will = (...bytes: readonly number[]) =>
    v5(0x06, NONE, field('c'), withLength(bytes), field('w'), field('x'));

  it.each([
    ['receive maximum 0', raw(0x21, 0, 0), protocolError, 'receive maximum 0'],
    ['maximum packet size 0', raw(0x27, 0, 0, 0, 0), protocolError, 'maximum packet size 0'],
    ['problem information of 2', raw(0x17, 2), protocolError, 'request problem information 2'],
    ['response information of 2', raw(0x19, 2), protocolError, 'request response information 2'],
    ['data without a method', raw(0x16, 0, 0), protocolError, 'without a method'],
    [
      'session expiry twice',
      raw(0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1),
      protocolError,
      'session expiry seconds twice',
    ],
    ['receive maximum twice', raw(0x21, 0, 1, 0x21, 0, 1), protocolError, 'receive maximum twice'],
    ['problem information twice', raw(0x17, 0, 0x17, 0), protocolError, 'twice'],
    ['two methods', raw(0x15, 0, 0, 0x15, 0, 0), protocolError, 'authentication method twice'],
    ['a property that is unknown', raw(0x04), malformedPacket, 'property 0x04'],
    ['a delay of a will', raw(0x18, 0, 0, 0, 1), malformedPacket, 'property 0x18'],
    ['a property of a message', raw(0x03, 0, 0), malformedPacket, 'property 0x03'],
    ['a property that only brokers send', raw(0x12, 0, 0), malformedPacket, 'property 0x12'],
    ['a property of the connection in the will', will(0x21, 0, 1), malformedPacket, 'property 0x21'],
    ['a topic alias in the will', will(0x23, 0, 1), malformedPacket, 'property 0x23'],
    ['two delays', will(0x18, 0, 0, 0, 1, 0x18, 0, 0, 0, 1), protocolError, 'will delay seconds twice'],
    ['an indicator of 2 in the will', will(0x01, 2), protocolError, 'will with payload format indicator 2'],
    ['a wildcard in the response topic of the will', will(0x08, 0, 1, 0x23), protocolError, 'MQTT-3.3.2-14'],
    [
      'properties in too many bytes [MQTT-1.5.5-1]',
      v5(0x02, Buffer.from([0x80, 0]), field('c')),
      malformedPacket,
      'ends in its properties',
    ],
    [
      'properties that are longer than it is',
      v5(0x02, Buffer.from([9]), field('c')),
      malformedPacket,
      'ends in its properties',
    ],
    [
      'a property that is cut',
      v5(0x02, Buffer.from([2, 0x21, 0]), field('c')),
      malformedPacket,
      'that is cut',
    ],
    ['the reserved flag [MQTT-3.1.2-3]', v5(0x03, NONE, field('c')), malformedPacket, 'MQTT-3.1.2-3'],
    ['will QoS without a will [MQTT-3.1.2-11]', v5(0x0a, NONE, field('c')), malformedPacket, 'MQTT-3.1.2-11'],
    [
      'will retain without a will [MQTT-3.1.2-13]',
      v5(0x22, NONE, field('c')),
      malformedPacket,
      'MQTT-3.1.2-13',
    ],
    [
      'will QoS 3 [MQTT-3.1.2-12]',
      v5(0x1e, NONE, field('c'), NONE, field('w'), field('')),
      malformedPacket,
      'MQTT-3.1.2-12',
    ],
    [
      'an empty will topic [MQTT-4.7.3-1]',
      v5(0x06, NONE, field('c'), NONE, field(''), field('')),
      malformedPacket,
      'MQTT-4.7.3-1',
    ],
    [
      'a will without its properties',
      v5(0x06, NONE, field('c'), field('w'), field('x')),
      malformedPacket,
      '',
    ],
    ['a user name that is missing', v5(0x82, NONE, field('c')), malformedPacket, 'ends in the user name'],
    ['trailing bytes', v5(0x02, NONE, field('c'), Buffer.from([0])), malformedPacket, '1 bytes behind'],
  ])('%s', (_, bytes, reasonCode, detail) => {
    const fault = decodeConnect(bytes);
    expect(fault).toBeInstanceOf(PacketFault);
    expect(fault).toMatchObject({ reasonCode, returnCode: 0, detail: expect.stringContaining(detail) });
    expect(levelOfConnect(bytes)).toBe(5);
  });

  it('is one wherever it is cut', () => {
    const bytes = v5(
      0xd6,
      properties(EVERYTHING),
      field('c'),
      WILL,
      field('w'),
      field('x'),
      field('u'),
      field('p'),
    );
    expect(decodeConnect(bytes)).not.toBeInstanceOf(PacketFault);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(decodeConnect(bytes.subarray(0, end))).toEqual(expect.any(PacketFault));
    }
  });
});

describe('the version of a CONNECT', () => {
  const named = (name: string, level: number) => Buffer.concat([field(name), Buffer.from([level])]);

  it.each([
    ['MQTT', 5, 5],
    ['MQTT', 4, 4],
    ['MQTT', 0x84, 4],
    ['MQIsdp', 3, 3],
    ['MQIsdp', 0x83, 3],
  ])('%s with level %i, whatever is behind it', (name, level, expected) => {
    expect(levelOfConnect(named(name, level))).toBe(expected);
  });

  it.each([
    ['MQTT', 6],
    ['MQTT', 0x85],
    ['MQTT', 0],
    ['MQTT', 255],
    ['MQIsdp', 5],
  ])(
    '%s with level %i is answered in the form of MQTT 3.1.1, with the codes of both [MQTT-3.1.2-2]',
    (name, level) => {
      const bytes = named(name, level);
      expect(levelOfConnect(bytes)).toBe(4);
      expect(decodeConnect(bytes)).toMatchObject({ returnCode: 1, reasonCode: unsupportedProtocolVersion });
    },
  );

  it('is that of MQTT 3.1.1 where it cannot be told', () => {
    for (const bytes of [Buffer.alloc(0), named('HTTP', 5), field('MQTT')])
      expect(levelOfConnect(bytes)).toBe(4);
  });
});
