import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/broker/connection/connection.js';
import { Mqtt5State, TOPIC_ALIAS_MAXIMUM } from '../../../src/broker/connection/mqtt5-state.js';
import { type ConnectPacket, PacketFault } from '../../../src/broker/protocol/packets.js';
import { readPublish } from '../../../src/broker/publish/read-publish.js';
import { MAX_TOPIC_BYTES } from '../../../src/lib/mqtt-names.js';

const clientOf5 = () =>
  ({ mqtt5: new Mqtt5State({ keepAliveSeconds: 0 } as ConnectPacket), lastTopic: undefined }) as Connection;

const topicField = (topic: string) => {
  const bytes = Buffer.from(topic);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};
/** A QoS 0 PUBLISH of MQTT 5, without its fixed header. */
const body = (topic: string, properties: number[], payload = 'x') =>
  Buffer.concat([topicField(topic), Buffer.from([properties.length, ...properties]), Buffer.from(payload)]);
const alias = (number: number) => [0x23, number >> 8, number & 0xff];

function read(client: Connection, bytes: Buffer, wholeBytes?: number) {
  return readPublish(client, 0x30, bytes, 0, bytes.length, wholeBytes);
}

const fault = (reasonCode: number) => expect.objectContaining({ reasonCode });

describe('a topic alias', () => {
  it('stands for the topic with which it was set', () => {
    const client = clientOf5();
    expect(read(client, body('a/b', alias(1)))).toMatchObject({ topic: 'a/b' });
    expect(read(client, body('c', alias(TOPIC_ALIAS_MAXIMUM)))).toMatchObject({ topic: 'c' });
    expect(read(client, body('', alias(1)))).toMatchObject({ topic: 'a/b' });
    expect(read(client, body('', alias(TOPIC_ALIAS_MAXIMUM)))).toMatchObject({ topic: 'c' });
    // Behind an alias the topic of the packet before is another one.
    expect(read(client, body('a/b', []))).toMatchObject({ topic: 'a/b' });
  });

  it('can be set again [MQTT-3.3.2-12]', () => {
    const client = clientOf5();
    read(client, body('old', alias(2)));
    read(client, body('new', alias(2)));
    expect(read(client, body('', alias(2)))).toMatchObject({ topic: 'new' });
  });

  it('is that of one connection [MQTT-3.3.2-10]', () => {
    read(clientOf5(), body('a', alias(1)));
    expect(read(clientOf5(), body('', alias(1)))).toEqual(fault(0x82));
  });

  it.each([0, TOPIC_ALIAS_MAXIMUM + 1, 65_535])('of %i is a fault [MQTT-3.3.2-8, MQTT-3.3.2-9]', (number) => {
    expect(read(clientOf5(), body('a', alias(number)))).toEqual(fault(0x94));
  });

  it('is needed where there is no topic', () => {
    expect(read(clientOf5(), body('', []))).toEqual(fault(0x82));
  });

  it('of a topic that is too long stands for one that is too long', () => {
    const client = clientOf5();
    const long = `${'x'.repeat(MAX_TOPIC_BYTES)}ä/${'y'.repeat(60_000)}`;
    expect(read(client, body(long, alias(1)))).toMatchObject({ topic: long });
    const again = read(client, body('', alias(1)));
    if (again instanceof PacketFault) throw new Error(again.detail);
    expect(Buffer.byteLength(again.topic)).toBe(MAX_TOPIC_BYTES + 2);
  });

  it('among other properties is found, too', () => {
    const client = clientOf5();
    read(client, body('a', [0x01, 1, ...alias(3)]));
    expect(read(client, body('', [...alias(3), 0x01, 0]))).toMatchObject({
      topic: 'a',
      properties: { isText: false },
    });
  });
});

describe('the payload', () => {
  it('begins behind the properties', () => {
    expect(read(clientOf5(), body('a', [0x01, 1], 'payload'))).toMatchObject({
      payload: Buffer.from('payload'),
      payloadBytes: 7,
      propertiesBytes: 3,
      properties: { isText: true },
    });
  });

  it('has its length as it was sent, where only the beginning was kept', () => {
    const bytes = body('a', alias(1), 'begin');
    expect(read(clientOf5(), bytes, bytes.length + 1_000)).toMatchObject({
      topic: 'a',
      payload: Buffer.from('begin'),
      payloadBytes: 1_005,
    });
  });

  it('is empty where properties are all that was kept', () => {
    // 20,000 bytes of properties, of which ten are here.
    const bytes = Buffer.concat([topicField('a'), Buffer.from([0xa0, 0x9c, 0x01]), Buffer.alloc(10)]);
    expect(read(clientOf5(), bytes, 30_006)).toMatchObject({
      topic: 'a',
      payload: Buffer.alloc(0),
      payloadBytes: 30_006 - 3 - 3 - 20_000,
      properties: undefined,
    });
    // Its topic is behind the alias among them.
    const nameless = Buffer.concat([topicField(''), Buffer.from([0xa0, 0x9c, 0x01]), Buffer.alloc(10)]);
    expect(read(clientOf5(), nameless, 30_000)).toEqual(fault(0x95));
  });

  it.each([
    ['no length of its properties', topicField('a')],
    ['properties that are longer than the packet', Buffer.concat([topicField('a'), Buffer.from([5, 1, 1])])],
    ['a cut length', Buffer.concat([topicField('a'), Buffer.from([0x80])])],
  ])('is malformed with %s', (_, bytes) => {
    expect(read(clientOf5(), bytes)).toEqual(fault(0x81));
  });
});
