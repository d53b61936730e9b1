import { describe, expect, it } from 'vitest';
import { decodeConnect } from '../../../src/broker/protocol/decode-connect.js';
import { NO_SESSION_EXPIRY, PacketFault } from '../../../src/broker/protocol/packets.js';

const field = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

/** The body of a CONNECT: name, level, flags, keep alive 258, and the fields of the payload. */
const body = (name: string, level: number, flags: number, ...fields: (string | Buffer)[]) =>
  Buffer.concat([field(name), Buffer.from([level, flags, 1, 2]), ...fields.map(field)]);

const v4 = (flags: number, ...fields: (string | Buffer)[]) => body('MQTT', 4, flags, ...fields);

describe('a CONNECT that is well formed', () => {
  const plain = {
    level: 4,
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
  const will = {
    topic: 'w/t',
    payload: Buffer.from([0, 255]),
    qos: 2,
    isRetained: true,
    delaySeconds: 0,
    properties: undefined,
  };
  const secret = Buffer.from([0, 1, 255]);

  it.each([
    ['MQTT 3.1.1', v4(0x02, 'c'), plain],
    ['MQTT 3.1', body('MQIsdp', 3, 0x02, 'c'), { ...plain, level: 3 }],
    ['a bridge of MQTT 3.1.1', body('MQTT', 0x84, 0x02, 'c'), { ...plain, isBridge: true }],
    ['a bridge of MQTT 3.1', body('MQIsdp', 0x83, 0x02, 'c'), { ...plain, level: 3, isBridge: true }],
    [
      'clean session 0',
      v4(0x00, 'c'),
      { ...plain, isCleanStart: false, sessionExpirySeconds: NO_SESSION_EXPIRY },
    ],
    ['no client id', v4(0x02, ''), { ...plain, clientId: '' }],
    ['a user', v4(0x82, 'c', 'u'), { ...plain, userName: 'u' }],
    [
      'an empty user and password',
      v4(0xc2, 'c', '', ''),
      { ...plain, userName: '', password: Buffer.alloc(0) },
    ],
    [
      'everything',
      v4(0xf6, 'c', 'w/t', will.payload, 'ü', secret),
      { ...plain, will, userName: 'ü', password: secret },
    ],
    [
      'an empty will message of QoS 0',
      v4(0x06, 'c', 'w', ''),
      {
        ...plain,
        will: {
          topic: 'w',
          payload: Buffer.alloc(0),
          qos: 0,
          isRetained: false,
          delaySeconds: 0,
          properties: undefined,
        },
      },
    ],
    ['MQTT 3.1 with flags of a user it does not send', body('MQIsdp', 3, 0xc2, 'c'), { ...plain, level: 3 }],
    [
      'MQTT 3.1 with the flag of a password it does not send',
      body('MQIsdp', 3, 0xc2, 'c', 'u'),
      { ...plain, level: 3, userName: 'u' },
    ],
  ])('%s', (_, bytes, packet) => {
    expect(decodeConnect(bytes)).toEqual(packet);
  });

  it('keeps nothing of the buffer of the socket', () => {
    const bytes = v4(0xc6, 'c', 'w', 'gone', 'u', 'secret');
    const packet = decodeConnect(bytes);
    bytes.fill(0);
    expect(packet).toMatchObject({ will: { payload: Buffer.from('gone') }, password: Buffer.from('secret') });
  });
});

describe('a CONNECT that is not', () => {
  it.each([
    ['another protocol [MQTT-3.1.2-1]', body('HTTP', 4, 2, 'c'), 0, 'MQTT-3.1.2-1'],
    ['a name in small letters [MQTT-3.1.2-1]', body('mqtt', 4, 2, 'c'), 0, 'MQTT-3.1.2-1'],
    ['a bridge of MQTT 5 [MQTT-3.1.2-2]', body('MQTT', 0x85, 2, 'c'), 1, 'MQTT 5'],
    ['level 6 [MQTT-3.1.2-2]', body('MQTT', 6, 2, 'c'), 1, 'MQTT with level 6'],
    ['level 0 [MQTT-3.1.2-2]', body('MQTT', 0, 2, 'c'), 1, 'MQTT-3.1.2-2'],
    ['the old name with level 4 [MQTT-3.1.2-2]', body('MQIsdp', 4, 2, 'c'), 1, 'MQIsdp with level 4'],
    ['the new name with level 3 [MQTT-3.1.2-2]', body('MQTT', 3, 2, 'c'), 1, 'MQTT with level 3'],
    ['the reserved flag [MQTT-3.1.2-3]', v4(0x03, 'c'), 0, 'MQTT-3.1.2-3'],
    ['will QoS without a will [MQTT-3.1.2-11, MQTT-3.1.2-13]', v4(0x0a, 'c'), 0, 'MQTT-3.1.2-13'],
    ['will retain without a will [MQTT-3.1.2-11, MQTT-3.1.2-15]', v4(0x22, 'c'), 0, 'MQTT-3.1.2-15'],
    ['will QoS 3 [MQTT-3.1.2-14]', v4(0x1e, 'c', 'w', 'x'), 0, 'MQTT-3.1.2-14'],
    ['a will that is missing [MQTT-3.1.2-9]', v4(0x06, 'c'), 0, 'ends in the will topic'],
    ['a user name without its flag [MQTT-3.1.2-18]', v4(0x02, 'c', 'u'), 0, 'behind the last field'],
    ['a user name that is missing [MQTT-3.1.2-19]', v4(0x82, 'c'), 0, 'ends in the user name'],
    ['a password without its flag [MQTT-3.1.2-20]', v4(0x82, 'c', 'u', 'p'), 0, 'behind the last field'],
    ['a password that is missing [MQTT-3.1.2-21]', v4(0xc2, 'c', 'u'), 0, 'ends in the password'],
    ['a password without a user [MQTT-3.1.2-22]', v4(0x42, 'c', 'p'), 0, 'MQTT-3.1.2-22'],
    ['no client id at all [MQTT-3.1.3-3]', v4(0x02), 0, 'ends in the client id'],
    [
      'a client id that is not UTF-8 [MQTT-1.5.3-1]',
      v4(0x02, Buffer.from([0xff])),
      0,
      'client id is not UTF-8',
    ],
    ['a NUL in the user name [MQTT-1.5.3-2]', v4(0x82, 'c', '\0'), 0, 'user name is not UTF-8'],
    ['clean session 0 without a client id [MQTT-3.1.3-8]', v4(0x00, ''), 2, 'MQTT-3.1.3-8'],
    ['MQTT 3.1 without a client id', body('MQIsdp', 3, 2, ''), 2, 'client id'],
    ['no client id and malformed behind it', v4(0x80, ''), 0, 'ends in the user name'],
    ['an empty will topic [MQTT-4.7.3-1]', v4(0x06, 'c', '', 'x'), 0, 'MQTT-4.7.3-1'],
    ['a wildcard in the will topic [MQTT-4.7.1-1]', v4(0x06, 'c', 'w/+', 'x'), 0, 'MQTT-4.7.1-1'],
    ['trailing bytes', Buffer.concat([v4(0x02, 'c'), Buffer.from([0])]), 0, '1 bytes behind the last field'],
  ])('%s', (_, bytes, returnCode, detail) => {
    const fault = decodeConnect(bytes);
    expect(fault).toBeInstanceOf(PacketFault);
    expect(fault).toMatchObject({ returnCode, detail: expect.stringContaining(detail) });
  });

  it('is one wherever it is cut', () => {
    const bytes = v4(0xf6, 'c', 'w/t', 'gone', 'user', 'secret');
    for (let end = 0; end < bytes.length; end += 1) {
      expect(decodeConnect(bytes.subarray(0, end))).toEqual(expect.any(PacketFault));
    }
  });
});
