import mqtt from 'mqtt';
import type mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

/** A broker whose packets are stored at once. */
async function start() {
  const intake = new HeldIntake();
  const storing = setInterval(() => intake.storeAll(), 1);
  onTestFinished(() => clearInterval(storing));
  return { intake, ...(await startBroker(intake)) };
}

type Raw = Awaited<ReturnType<typeof rawClient>>;

async function connected(
  port: number,
  more: { readonly clientId: string; readonly clean?: boolean },
): Promise<Raw> {
  const client = await rawClient(port);
  client.send({ ...CONNECT, ...more });
  await client.received('connack');
  return client;
}

async function subscribed(client: Raw, topic: string, qos: 0 | 1 | 2): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  await client.received('suback');
}

function publishes(client: Raw): mqttPacket.IPublishPacket[] {
  return client.packets.filter((packet) => packet.cmd === 'publish');
}

describe('sessions over sockets', () => {
  it('bring a client that was cut what it has not acknowledged, with DUP, and what came meanwhile', async () => {
    const { port, broker } = await start();
    const watcher = { clientId: 'watcher', clean: false };
    const first = await connected(port, watcher);
    expect(first.packets[0]).toMatchObject({ cmd: 'connack', sessionPresent: false });
    await subscribed(first, 'a/#', 1);
    const device = await connected(port, { clientId: 'device' });
    for (const n of [1, 2]) device.send(publish({ topic: 'a/b', payload: `${n}`, messageId: n }));
    await first.received('publish', 2);
    first.send({ cmd: 'puback', messageId: publishes(first)[0]!.messageId! });
    await eventually(() => broker.counters().deliveries.queuedMessages === 1);
    first.socket.destroy();
    await eventually(() => broker.counters().connections === 1);
    device.send(publish({ topic: 'a/b', payload: '3', messageId: 3 }));
    await device.received('puback', 3);
    const second = await connected(port, watcher);
    await second.received('publish', 2);
    expect(second.packets).toMatchObject([
      { cmd: 'connack', sessionPresent: true },
      { cmd: 'publish', dup: true, qos: 1, messageId: publishes(first)[1]!.messageId },
      { cmd: 'publish', dup: false, qos: 1 },
    ]);
    expect(publishes(second).map(({ payload }) => payload.toString())).toEqual(['2', '3']);
  });

  it('take a client over: its old connection ends, and it misses nothing', async () => {
    const { port } = await start();
    const watcher = { clientId: 'watcher', clean: false };
    const first = await connected(port, watcher);
    await subscribed(first, '#', 2);
    const device = await connected(port, { clientId: 'device' });
    const second = await connected(port, watcher);
    await first.closed();
    expect(second.packets[0]).toMatchObject({ sessionPresent: true });
    device.send(publish({ qos: 2, messageId: 1 }));
    await second.received('publish');
    second.send({ cmd: 'pubrec', messageId: publishes(second)[0]!.messageId! });
    await second.received('pubrel');
  });

  it('deliver to MQTT.js at each QoS what it has published itself, in order', async () => {
    const { url } = await start();
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    onTestFinished(() => client.endAsync(true).then(() => undefined));
    const received: string[] = [];
    client.on('message', (topic, payload) => received.push(`${topic} ${payload.toString()}`));
    await client.subscribeAsync({ 'q/0': { qos: 0 }, 'q/1': { qos: 1 }, 'q/2': { qos: 2 } });
    const expected: string[] = [];
    const all: Promise<unknown>[] = [];
    for (let n = 0; n < 600; n += 1) {
      const qos = (n % 3) as 0 | 1 | 2;
      expected.push(`q/${qos} ${n}`);
      all.push(client.publishAsync(`q/${qos}`, `${n}`, { qos }));
    }
    await Promise.all(all);
    await eventually(() => received.length >= 600);
    for (const qos of [0, 1, 2]) {
      const ofQos = (line: string) => line.startsWith(`q/${qos}`);
      expect(received.filter(ofQos)).toEqual(expected.filter(ofQos));
    }
  });

  it('hold back nobody else: a subscriber that never reads is skipped at QoS 0, and loses its oldest at QoS 1', async () => {
    const { port, broker, intake } = await start();
    const stuck = await connected(port, { clientId: 'stuck' });
    await subscribed(stuck, 'zero', 0);
    stuck.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'one', qos: 1 }] });
    await stuck.received('suback', 2);
    stuck.socket.pause();
    const device = await connected(port, { clientId: 'device' });
    const payload = 'x'.repeat(100_000);
    let sent = 0;
    const counters = () => broker.counters().deliveries;
    while (counters().skipped === 0 || counters().dropped === 0) {
      for (const topic of ['zero', 'one']) {
        sent += 1;
        device.send(publish({ topic, payload, messageId: sent }));
      }
      const expected = sent;
      await eventually(() => intake.accepted.length === expected);
      for (const accepted of intake.accepted) accepted.payload = '';
    }
    await device.received('puback', sent);
    expect(counters().queuedBytes).toBeLessThan(10 * 2 ** 20);
  });
});
