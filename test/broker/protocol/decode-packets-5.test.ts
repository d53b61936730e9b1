import { describe, expect, it } from 'vitest';
import {
  decodeAcknowledgement,
  decodeDisconnect,
  decodeSubscribe,
  decodeUnsubscribe,
} from '../../../src/broker/protocol/decode-packets.js';
import { PACKET_TYPES, PacketFault, REASON_CODES } from '../../../src/broker/protocol/packets.js';

const { malformedPacket, protocolError } = REASON_CODES;
const { puback, pubrec, pubrel, pubcomp } = PACKET_TYPES;

const text = (value: string): readonly number[] => {
  const bytes = [...Buffer.from(value)];
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
};
const REASON = [0x1f, ...text('why')];
const USER = [0x26, ...text('a'), ...text('b')];

function expectFault(result: unknown, reasonCode: number, detail: string): void {
  expect(result).toBeInstanceOf(PacketFault);
  expect(result).toMatchObject({ returnCode: 0, reasonCode, detail: expect.stringContaining(detail) });
}

describe('SUBSCRIBE of MQTT 5', () => {
  const subscribe = (...bytes: readonly number[]) => decodeSubscribe(5, 2, Buffer.from(bytes));
  const off = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0, identifier: undefined };

  it('holds filters with the options of each', () => {
    const bytes = [1, 2, 0, ...text('a/#'), 0x00, ...text('+'), 0x05, ...text('b'), 0x0a, ...text('c'), 0x2e];
    expect(subscribe(...bytes)).toEqual({
      packetId: 258,
      subscriptions: [
        { filter: 'a/#', qos: 0, options: off },
        { filter: '+', qos: 1, options: { ...off, isNoLocal: true } },
        { filter: 'b', qos: 2, options: { ...off, isRetainAsPublished: true } },
        {
          filter: 'c',
          qos: 2,
          options: { isNoLocal: true, isRetainAsPublished: true, retainHandling: 2, identifier: undefined },
        },
      ],
    });
  });

  it.each([
    [1, [0x0b, 1]],
    [268_435_455, [0x0b, 0xff, 0xff, 0xff, 0x7f]],
  ])('gives its identifier %i to each of its filters', (identifier, property) => {
    const bytes = [
      0,
      1,
      property.length + USER.length,
      ...USER,
      ...property,
      ...text('a'),
      0,
      ...text('b'),
      0x11,
    ];
    expect(subscribe(...bytes)).toEqual({
      packetId: 1,
      subscriptions: [
        { filter: 'a', qos: 0, options: { ...off, identifier } },
        { filter: 'b', qos: 1, options: { ...off, retainHandling: 1, identifier } },
      ],
    });
  });

  it('decodes a shared filter as it is', () => {
    expect(subscribe(0, 1, 0, ...text('$share/g/a/#'), 1)).toMatchObject({
      subscriptions: [{ filter: '$share/g/a/#' }],
    });
  });

  it.each([
    [
      'reserved bit 6 of the options [MQTT-3.8.3-5]',
      [0, 1, 0, ...text('a'), 0x40],
      malformedPacket,
      'MQTT-3.8.3-5',
    ],
    [
      'reserved bit 7 of the options [MQTT-3.8.3-5]',
      [0, 1, 0, ...text('a'), 0x80],
      malformedPacket,
      'MQTT-3.8.3-5',
    ],
    ['QoS 3', [0, 1, 0, ...text('a'), 3], protocolError, 'maximum QoS 3'],
    ['retain handling 3', [0, 1, 0, ...text('a'), 0x30], protocolError, 'retain handling 3'],
    [
      'no local on a shared filter [MQTT-3.8.3-4]',
      [0, 1, 0, ...text('$share/g/a'), 4],
      protocolError,
      'MQTT-3.8.3-4',
    ],
    ['identifier 0', [0, 1, 2, 0x0b, 0, ...text('a'), 0], protocolError, 'subscription identifier 0'],
    ['two identifiers', [0, 1, 4, 0x0b, 1, 0x0b, 2, ...text('a'), 0], protocolError, 'twice'],
    [
      'an identifier in too many bytes [MQTT-1.5.5-1]',
      [0, 1, 3, 0x0b, 0x81, 0, ...text('a'), 0],
      malformedPacket,
      'cut',
    ],
    ['a property it must not have', [0, 1, 3, 0x23, 0, 1, ...text('a'), 0], malformedPacket, 'property 0x23'],
    ['no filter [MQTT-3.8.3-2]', [0, 1, 0], protocolError, 'MQTT-3.8.3-2'],
    ['packet id 0 [MQTT-2.2.1-3]', [0, 0, 0, ...text('a'), 0], malformedPacket, 'MQTT-2.2.1-3'],
    ['+ beside a character [MQTT-4.7.1-2]', [0, 1, 0, ...text('a+'), 0], malformedPacket, 'MQTT-4.7.1-2'],
    ['a filter that is not UTF-8 [MQTT-1.5.4-1]', [0, 1, 0, 0, 1, 0xff, 0], malformedPacket, 'MQTT-1.5.4-1'],
    ['# beside a character [MQTT-4.7.1-1]', [0, 1, 0, ...text('a#'), 0], malformedPacket, 'MQTT-4.7.1-1'],
    [
      'a filter without options',
      [0, 1, 0, ...text('a')],
      malformedPacket,
      'ends in the subscription options',
    ],
    ['properties that are longer than it is', [0, 1, 9, 0x26], malformedPacket, 'ends in its properties'],
    ['no properties', [0, 1], malformedPacket, 'ends in its properties'],
  ])('rejects %s', (_, bytes, reasonCode, detail) => {
    expectFault(subscribe(...bytes), reasonCode, detail);
  });

  it('rejects other flags [MQTT-3.8.1-1]', () => {
    expectFault(
      decodeSubscribe(5, 0, Buffer.from([0, 1, 0, ...text('a'), 0])),
      malformedPacket,
      'MQTT-3.8.1-1',
    );
  });
});

describe('UNSUBSCRIBE of MQTT 5', () => {
  const unsubscribe = (...bytes: readonly number[]) => decodeUnsubscribe(5, 2, Buffer.from(bytes));

  it('holds filters in their order', () => {
    expect(unsubscribe(1, 2, USER.length, ...USER, ...text('a/#'), ...text('+'))).toEqual({
      packetId: 258,
      filters: ['a/#', '+'],
    });
  });

  it.each([
    ['no filter [MQTT-3.10.3-2]', [0, 1, 0], protocolError, 'MQTT-3.10.3-2'],
    ['a subscription identifier', [0, 1, 2, 0x0b, 1, ...text('a')], malformedPacket, 'property 0x0b'],
    ['a filter that is malformed', [0, 1, 0, ...text('a/#/b')], malformedPacket, 'MQTT-4.7.1-1'],
    ['no properties', [0, 1], malformedPacket, 'ends in its properties'],
  ])('rejects %s', (_, bytes, reasonCode, detail) => {
    expectFault(unsubscribe(...bytes), reasonCode, detail);
  });
});

/** Table 2-6 of the specification: who may send which code in which packet. */
const RECEIVED_CODES = [0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const RELEASED_CODES = [0x00, 0x92];
const DISCONNECT_CODES = [0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];
const ALL_CODES = Array.from({ length: 256 }, (_, code) => code);

describe('acknowledgements of MQTT 5', () => {
  const TYPES = [
    ['PUBACK', puback, 0, RECEIVED_CODES, 'MQTT-3.4.2-1'],
    ['PUBREC', pubrec, 0, RECEIVED_CODES, 'MQTT-3.5.2-1'],
    ['PUBREL', pubrel, 2, RELEASED_CODES, 'MQTT-3.6.2-1'],
    ['PUBCOMP', pubcomp, 0, RELEASED_CODES, 'MQTT-3.7.2-1'],
  ] as const;

  it.each(TYPES)('%s has a packet id, and a reason code above it', (_, type, flags, codes) => {
    expect(decodeAcknowledgement(5, type, flags, Buffer.from([1, 2]))).toBe(258);
    for (const code of codes) {
      const expected = 0xffff | (code << 16);
      for (const behind of [[], [0], [REASON.length, ...REASON], [USER.length * 2, ...USER, ...USER]]) {
        const body = Buffer.from([255, 255, code, ...behind]);
        expect(decodeAcknowledgement(5, type, flags, body)).toBe(expected);
      }
    }
  });

  it.each(TYPES)(
    '%s has only reason codes that a client may send',
    (_, type, flags, codes: readonly number[]) => {
      for (const code of ALL_CODES) {
        if (codes.includes(code)) continue;
        const fault = decodeAcknowledgement(5, type, flags, Buffer.from([0, 1, code]));
        expectFault(fault, protocolError, code.toString(16));
      }
    },
  );

  it.each([
    ['packet id 0 [MQTT-2.2.1-3]', [0, 0], malformedPacket, 'MQTT-2.2.1-3'],
    ['one byte', [1], malformedPacket, '1 bytes'],
    ['a property it must not have', [0, 1, 0, 3, 0x23, 0, 1], malformedPacket, 'property 0x23'],
    ['two reason strings', [0, 1, 0, 6, 0x1f, 0, 0, 0x1f, 0, 0], protocolError, 'reason string twice'],
    ['properties that are longer than it is', [0, 1, 0, 1], malformedPacket, 'ends in its properties'],
    ['bytes behind its properties', [0, 1, 0, 0, 0], malformedPacket, '1 bytes behind'],
  ])('reject %s', (_, bytes, reasonCode, detail) => {
    expectFault(decodeAcknowledgement(5, puback, 0, Buffer.from(bytes)), reasonCode, detail);
  });

  it('reject other flags', () => {
    expectFault(decodeAcknowledgement(5, pubrel, 0, Buffer.from([0, 1])), malformedPacket, 'MQTT-3.6.1-1');
    expectFault(decodeAcknowledgement(5, pubcomp, 2, Buffer.from([0, 1])), malformedPacket, 'MQTT-2.1.3-1');
  });
});

describe('DISCONNECT of MQTT 5', () => {
  const disconnect = (...bytes: readonly number[]) => decodeDisconnect(5, 0, Buffer.from(bytes));

  it('is normal when it says nothing', () => {
    expect(disconnect()).toEqual({ reasonCode: 0, sessionExpirySeconds: undefined });
    expect(decodeDisconnect(4, 0, Buffer.alloc(0))).toEqual({
      reasonCode: 0,
      sessionExpirySeconds: undefined,
    });
  });

  it('has a reason code, and may change the expiry of the session', () => {
    for (const reasonCode of DISCONNECT_CODES) {
      expect(disconnect(reasonCode)).toEqual({ reasonCode, sessionExpirySeconds: undefined });
      expect(disconnect(reasonCode, 0)).toEqual({ reasonCode, sessionExpirySeconds: undefined });
    }
    const properties = [0x11, 0, 0, 1, 2, ...REASON, ...USER];
    expect(disconnect(4, properties.length, ...properties)).toEqual({
      reasonCode: 4,
      sessionExpirySeconds: 258,
    });
  });

  it('has only reason codes that a client may send [MQTT-3.14.2-1]', () => {
    for (const code of ALL_CODES) {
      if (!DISCONNECT_CODES.includes(code)) expectFault(disconnect(code), protocolError, code.toString(16));
    }
  });

  it.each([
    ['a server reference, which only brokers send', [0, 3, 0x1c, 0, 0], malformedPacket, 'property 0x1c'],
    ['two expiries', [0, 10, 0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1], protocolError, 'twice'],
    ['bytes behind its properties', [0, 0, 0], malformedPacket, '1 bytes behind'],
    ['properties that are longer than it is', [0, 1], malformedPacket, 'ends in its properties'],
  ])('rejects %s', (_, bytes, reasonCode, detail) => {
    expectFault(disconnect(...bytes), reasonCode, detail);
  });

  it('rejects flags [MQTT-3.14.1-1]', () => {
    expectFault(decodeDisconnect(5, 1, Buffer.alloc(0)), malformedPacket, 'MQTT-3.14.1-1');
    expectFault(decodeDisconnect(5, 1, Buffer.from([0])), malformedPacket, 'MQTT-3.14.1-1');
  });

  it('is empty before MQTT 5', () => {
    expectFault(decodeDisconnect(4, 0, Buffer.from([0])), malformedPacket, '1 bytes');
  });
});
