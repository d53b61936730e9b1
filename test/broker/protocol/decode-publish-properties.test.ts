import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageProperties } from '../../../harness/arbitrary-properties.js';
import { decodePublishProperties } from '../../../src/broker/protocol/decode-publish-properties.js';
import { PacketFault, REASON_CODES } from '../../../src/broker/protocol/packets.js';
import { encodeMessageProperties } from '../../../src/lib/message-properties.js';

const { malformedPacket, protocolError } = REASON_CODES;

const decoded = (bytes: readonly number[]) =>
  decodePublishProperties(Buffer.from([1, 2, ...bytes, 3]), 2, 2 + bytes.length);
const text = (value: string) => [value.length >> 8, value.length & 0xff, ...Buffer.from(value, 'latin1')];

describe('properties of a PUBLISH', () => {
  it('may be none', () => {
    expect(decoded([])).toEqual({ topicAlias: undefined, message: undefined });
  });

  it('may be only a topic alias, which does not belong to the message', () => {
    expect(decoded([0x23, 1, 2])).toEqual({ topicAlias: 258, message: undefined });
  });

  it('belong to the message but for the alias', () => {
    const bytes = [
      ...[0x26, ...text('a'), ...text('1'), 0x01, 1, 0x02, 0, 0, 1, 0, 0x23, 0, 7],
      ...[0x26, ...text('a'), ...text('2'), 0x03, ...text('t'), 0x08, ...text('r/s'), 0x09, 0, 2, 255, 0],
    ];
    expect(decoded(bytes)).toEqual({
      topicAlias: 7,
      message: {
        isText: true,
        expirySeconds: 256,
        contentType: 't',
        responseTopic: 'r/s',
        correlationData: Buffer.from([255, 0]),
        userProperties: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
    });
  });

  it('are read as they are stored', () => {
    fc.assert(
      fc.property(messageProperties, (properties) => {
        const message = Object.keys(properties).length === 0 ? undefined : properties;
        const bytes = encodeMessageProperties(properties);
        expect(decoded([...bytes, 0x23, 0, 1])).toEqual({ topicAlias: 1, message });
      }),
    );
  });

  it('keep nothing of the buffer of the socket', () => {
    const bytes = Buffer.from([0x09, 0, 1, 65]);
    const properties = decodePublishProperties(bytes, 0, bytes.length);
    bytes.fill(0);
    expect(properties).toMatchObject({ message: { correlationData: Buffer.from('A') } });
  });

  it.each([
    ['a property of CONNECT', [0x11, 0, 0, 0, 1], malformedPacket, 'property 0x11'],
    ['a delay of a will', [0x18, 0, 0, 0, 1], malformedPacket, 'property 0x18'],
    ['a value that ends early', [0x02, 0, 0, 0], malformedPacket, 'message expiry seconds that is cut'],
    ['a text that is not UTF-8 [MQTT-1.5.4-1]', [0x03, 0, 1, 0xff], malformedPacket, 'not UTF-8'],
    ['an indicator of 2', [0x01, 2], protocolError, 'payload format indicator 2'],
    ['an expiry that comes twice', [0x02, 0, 0, 0, 1, 0x02, 0, 0, 0, 1], protocolError, 'twice'],
    ['an alias that comes twice', [0x23, 0, 1, 0x23, 0, 1], protocolError, 'topic alias twice'],
    ['+ in the response topic [MQTT-3.3.2-14]', [0x08, ...text('a/+')], protocolError, 'MQTT-3.3.2-14'],
    ['# in the response topic [MQTT-3.3.2-14]', [0x08, ...text('#')], protocolError, 'MQTT-3.3.2-14'],
    ['an empty response topic [MQTT-4.7.3-1]', [0x08, 0, 0], protocolError, 'empty response topic'],
    ['a subscription identifier [MQTT-3.3.4-6]', [0x0b, 5], protocolError, 'MQTT-3.3.4-6'],
  ])('may not be %s', (_, bytes, reasonCode, detail) => {
    const fault = decoded(bytes);
    expect(fault).toBeInstanceOf(PacketFault);
    expect(fault).toMatchObject({ returnCode: 0, reasonCode, detail: expect.stringContaining(detail) });
  });
});
