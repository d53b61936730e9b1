import type mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { BrokerDeps, BrokerOptions } from '../../../src/broker/broker.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, rawClient } from '../../support/raw-client.js';

async function start(options: Partial<BrokerOptions> = {}, deps: Partial<BrokerDeps> = {}) {
  const intake = new HeldIntake();
  return { intake, ...(await startBroker(intake, options, deps)) };
}

const CONNECT_5: mqttPacket.IConnectPacket = { ...CONNECT, clientId: '', protocolVersion: 5 };

async function connected(port: number, more: Partial<mqttPacket.IConnectPacket> = {}) {
  const client = await rawClient(port, undefined, 5);
  client.send({ ...CONNECT_5, ...more });
  await client.received('connack');
  return client;
}

type Client = Awaited<ReturnType<typeof rawClient>>;
const last = ({ packets }: Client) => packets.at(-1);

describe('the end of a connection of MQTT 5', () => {
  it('is announced when the gateway stops, behind the answers', async () => {
    const { broker, port, intake } = await start();
    const client = await connected(port);
    client.send({
      cmd: 'publish',
      topic: 'a',
      payload: 'x',
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    await expect.poll(() => intake.accepted.length).toBe(1);
    const drained = broker.drain();
    intake.storeAll();
    await client.closed();
    await drained;
    expect(client.packets.map(({ cmd }) => cmd)).toEqual(['connack', 'puback', 'disconnect']);
    expect(last(client)).toMatchObject({ reasonCode: 0x8b });
  });

  it('names another gateway when one is configured', async () => {
    const { broker, port } = await start({ serverReference: 'other.example:1883' });
    const client = await connected(port);
    await Promise.all([broker.drain(), client.closed()]);
    expect(last(client)).toMatchObject({
      cmd: 'disconnect',
      reasonCode: 0x9c,
      properties: { serverReference: 'other.example:1883' },
    });
  });

  it('is told to the client whose id another connection takes', async () => {
    const { port } = await start();
    const first = await connected(port, { clientId: 'same' });
    await connected(port, { clientId: 'same' });
    await first.closed();
    expect(last(first)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x8e });
    // Who the other is, is not the business of the client.
    expect(JSON.stringify(last(first))).not.toContain('127.0.0.1');
  });

  it('comes before what the client still sends, which is ignored', async () => {
    const { port, intake } = await start();
    const client = await connected(port);
    // A PUBLISH with packet id 0, a megabyte behind it.
    client.socket.write(Buffer.from([0x32, 6, 0, 1, 0x61, 0, 0, 0]));
    for (let i = 0; i < 16; i += 1) client.socket.write(Buffer.alloc(64 * 1024, 0xc0));
    await client.closed();
    expect(last(client)).toMatchObject({ cmd: 'disconnect', reasonCode: 0x81 });
    expect(client.packets.filter(({ cmd }) => cmd === 'disconnect')).toHaveLength(1);
    expect(intake.accepted).toEqual([]);
  });

  it('has no answer behind it, also when what was accepted is stored later', async () => {
    const { port, intake } = await start();
    const client = await connected(port);
    client.send({
      cmd: 'publish',
      topic: 'a',
      payload: 'x',
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    await expect.poll(() => intake.accepted.length).toBe(1);
    client.send(CONNECT_5);
    await client.received('disconnect');
    intake.storeAll();
    await client.closed();
    expect(client.packets.map(({ cmd }) => cmd)).toEqual(['connack', 'disconnect']);
  });

  it.each([undefined, 30])('is within a maximum packet size of %s', async (maximumPacketSize) => {
    const { port } = await start();
    const properties = maximumPacketSize === undefined ? {} : { maximumPacketSize };
    const client = await connected(port, { properties, clientId: 'c' });
    client.send(CONNECT_5);
    await client.closed();
    const disconnect = last(client) as mqttPacket.IDisconnectPacket;
    expect(disconnect.reasonCode).toBe(0x82);
    expect(disconnect.properties?.reasonString === undefined).toBe(maximumPacketSize !== undefined);
  });

  it('comes without a CONNACK when that would be larger than the client takes [MQTT-3.1.2-24]', async () => {
    const { port, lines } = await start();
    const client = await rawClient(port, undefined, 5);
    client.send({ ...CONNECT_5, clientId: 'c', properties: { maximumPacketSize: 15 } });
    await client.closed();
    expect(client.packets).toEqual([]);
    expect(lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ reason: 'packet-too-large' }) }),
    );
  });
});
