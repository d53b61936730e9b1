import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HeldIntake, startBroker, startIngest } from '../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../support/raw-client.js';

async function client(url: string, options: mqtt.IClientOptions = {}) {
  const connected = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  onTestFinished(() => connected.endAsync(true).then(() => undefined));
  return connected;
}

describe('the PUBACK gate', () => {
  it.each([1, 2] as const)('answers QoS %i only after the intake has stored the packet', async (qos) => {
    const intake = new HeldIntake();
    const { url } = await startBroker(intake);
    const device = await client(url, { clientId: 'd1' });
    let acknowledged = false;
    const publishing = device.publishAsync('a/b/c', 'x', { qos }).then(() => {
      acknowledged = true;
    });
    await eventually(() => intake.accepted.length === 1);
    await device.publishAsync('a/b/c', 'fence', { qos: 0 });
    await eventually(() => intake.accepted.length === 2);
    expect(acknowledged).toBe(false);
    intake.storeAll();
    await publishing;
    expect(intake.accepted[0]).toMatchObject({
      packet: { clientId: 'd1', topic: 'a/b/c', qos },
      payload: 'x',
    });
  });

  it('answers in the order of arrival [MQTT-4.6.0-2]', async () => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    for (let id = 1; id <= 50; id += 1) device.send(publish({ messageId: id }));
    await eventually(() => intake.accepted.length === 50);
    intake.storeAll();
    await device.received('puback', 50);
    expect(device.packets.filter((p) => p.cmd === 'puback').map((p) => p.messageId)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });

  it('stores a retransmission of an open QoS 2 handshake once, also over a reconnect', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const first = await rawClient(port);
    first.send({ ...CONNECT, clientId: 'd', clean: false });
    await first.received('connack');
    first.send(publish({ qos: 2, messageId: 7 }));
    first.send(publish({ qos: 2, messageId: 7, dup: true }));
    await eventually(() => broker.counters().retransmissions === 1);
    intake.storeAll();
    await first.received('pubrec', 2);
    first.socket.destroy();

    const second = await rawClient(port);
    second.send({ ...CONNECT, clientId: 'd', clean: false });
    await second.received('connack');
    second.send(publish({ qos: 2, messageId: 7, dup: true }));
    await second.received('pubrec');
    expect(intake.accepted.length).toBe(1);
    second.send({ cmd: 'pubrel', messageId: 7 });
    await second.received('pubcomp');
    // The id is free again: the same content under it is a new packet.
    second.send(publish({ qos: 2, messageId: 7 }));
    await eventually(() => intake.accepted.length === 2);
  });

  it('takes an open id for a retransmission within a connection, whatever else it says [MQTT-4.3.3-2]', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd', clean: false });
    await device.received('connack');
    device.send(publish({ qos: 2, messageId: 7, payload: 'one' }));
    device.send(publish({ qos: 2, messageId: 7, payload: 'one' }));
    device.send(publish({ qos: 2, messageId: 7, payload: 'one', dup: true }));
    await eventually(() => broker.counters().retransmissions === 2);
    intake.storeAll();
    await device.received('pubrec', 3);
    expect(intake.accepted).toHaveLength(1);
  });

  it('takes new content under the id of an earlier connection for a new packet', async () => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    for (const payload of ['one', 'two']) {
      const device = await rawClient(port);
      device.send({ ...CONNECT, clientId: 'd', clean: false });
      await device.received('connack');
      device.send(publish({ qos: 2, messageId: 7, payload, dup: payload === 'two' }));
      await eventually(() => intake.waiting.length === 1);
      intake.storeAll();
      await device.received('pubrec');
      device.socket.destroy();
    }
    expect(intake.accepted).toHaveLength(2);
  });

  it('counts a shed QoS 0 packet and goes on', async () => {
    const intake = new HeldIntake();
    intake.sheds = true;
    const { url, broker } = await startBroker(intake);
    const device = await client(url);
    await device.publishAsync('a', '0', { qos: 0 });
    const publishing = device.publishAsync('a', '1', { qos: 1 });
    await eventually(() => intake.accepted.length === 1);
    intake.storeAll();
    await publishing;
    expect(broker.counters()).toMatchObject({ packetsShed: 1, acknowledged: 1, packetsAccepted: 1 });
  });

  it('stores the will of a device that is gone', async () => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({
      ...CONNECT,
      clientId: 'd',
      will: { topic: 'status/d', payload: Buffer.from('offline'), qos: 1, retain: true },
    });
    await device.received('connack');
    device.socket.destroy();
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]).toMatchObject({ packet: { topic: 'status/d' }, payload: 'offline' });
    intake.storeAll();
  });
});

describe('guards', () => {
  it('rejects a CONNECT by its declared length, byte by byte, and keeps only the beginning of a PUBLISH [security 20]', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake, { maxPacketBytes: 10_000 });
    const huge = await rawClient(port);
    // CONNECT, remaining length 100 MB, byte by byte.
    for (const byte of [0x10, 0x80, 0xc2, 0xd7, 0x2f]) huge.socket.write(Buffer.from([byte]));
    await huge.closed();
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    device.send(publish({ messageId: 1, payload: Buffer.alloc(20_000) }));
    await eventually(() => intake.accepted.length === 1);
    expect(intake.accepted[0]).toMatchObject({
      packet: { topic: 'a/b/c', refused: { reason: 'packet-too-large', payloadBytes: 20_000 } },
    });
    expect(intake.accepted[0]?.payload.length).toBe(1024);
    intake.storeAll();
    await device.received('puback');
    expect(broker.counters().refused['packet-too-large']).toBe(2);
  });

  it('accepts nothing from a client that is not authenticated', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await rawClient(port);
    device.send(publish({ messageId: 1 }));
    await device.closed();
    expect(intake.accepted.length).toBe(0);
    expect(broker.counters().packetsAccepted).toBe(0);
  });

  it.each([
    ['in the same segment', true],
    ['in a segment of its own', false],
  ])('accepts nothing that is pipelined behind a rejected CONNECT, %s', async (_what, together) => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    device.socket.setNoDelay(true);
    const hello = mqttPacket.generate({ ...CONNECT, clientId: 'bad\u0001id' });
    const packet = mqttPacket.generate(publish({ messageId: 1 }));
    if (together) device.socket.write(Buffer.concat([hello, packet]));
    else {
      device.socket.write(hello);
      device.socket.write(packet);
    }
    await device.closed();
    expect(intake.accepted).toEqual([]);
  });

  it('accepts what is pipelined behind a good CONNECT, in order (MQTT 3.1.1 section 3.1.4)', async () => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    const packets = Array.from({ length: 30 }, (_, i) =>
      mqttPacket.generate(publish({ messageId: i + 1, payload: String(i) })),
    );
    device.socket.write(Buffer.concat([mqttPacket.generate({ ...CONNECT, clientId: 'd' }), ...packets]));
    await eventually(() => intake.accepted.length === 30);
    expect(intake.accepted.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    );
    intake.storeAll();
    await device.received('puback', 30);
  });

  it('cuts a connection that sends no CONNECT [security 22]', async () => {
    const { port } = await startBroker(new HeldIntake(), { connectTimeoutMs: 100 });
    const silent = await rawClient(port);
    await silent.closed();
  });

  it.each([
    ['wildcard in the topic', publish({ messageId: 1, topic: 'a/+' })],
    ['wildcard in a topic of the broker', publish({ messageId: 1, topic: '$SYS/#' })],
  ])('closes on %s', async (_what, packet) => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    device.send(packet);
    await device.closed();
    expect(intake.accepted.length).toBe(0);
  });

  it.each([
    ['a client id with a control character', { clientId: 'a\u0001' }],
    ['a client id over 128 bytes', { clientId: 'x'.repeat(129) }],
    [
      'a will on a wildcard',
      { clientId: 'd', will: { topic: 'a/#', payload: Buffer.from('x'), qos: 0, retain: false } },
    ],
  ] as const)('rejects a CONNECT with %s', async (_what, options) => {
    const { port, broker } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.send({ ...CONNECT, ...options } as mqttPacket.IConnectPacket);
    await device.closed();
    expect(device.packets.some((p) => p.cmd === 'connack' && p.returnCode === 0)).toBe(false);
    expect(broker.counters().refused['connect-malformed']).toBe(1);
  });

  it('answers an empty client id without clean session with CONNACK 2 [MQTT-3.1.3-8]', async () => {
    const { port } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.socket.write(Buffer.from([0x10, 12, 0, 4, ...Buffer.from('MQTT'), 4, 0, 0, 60, 0, 0]));
    await device.closed();
    expect(device.packets).toMatchObject([{ cmd: 'connack', returnCode: 2 }]);
  });

  it('rejects connections over the limit and counts them [security 21]', async () => {
    const { port, broker, warnings } = await startBroker(new HeldIntake(), { maxConnections: 2 });
    const kept = [await rawClient(port), await rawClient(port)];
    for (const one of kept) one.send({ ...CONNECT, clientId: `c${kept.indexOf(one)}` });
    await Promise.all(kept.map((one) => one.received('connack')));
    const third = await rawClient(port);
    await third.closed();
    expect(broker.counters().refused['too-many-connections']).toBe(1);
    expect(warnings[0]).toContain('maxConnections');
  });
});

describe('observers', () => {
  it('see what devices publish, and cost nothing once they are gone', async () => {
    const intake = new HeldIntake();
    const { url, broker } = await startBroker(intake);
    const observer = await client(url);
    const seen: string[] = [];
    observer.on('message', (topic, payload) => seen.push(`${topic} ${payload.toString()}`));
    await observer.subscribeAsync('sensors/#');
    const device = await client(url);
    const publishing = device.publishAsync('sensors/a', '1', { qos: 1 });
    await eventually(() => intake.waiting.length === 1);
    intake.storeAll();
    await publishing;
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['sensors/a 1']);
    expect(broker.counters().deliveries.observers).toBe(1);
    await observer.unsubscribeAsync('sensors/#');
    expect(broker.counters().deliveries.observers).toBe(0);
  });

  it('is granted topics of the broker where nothing is published, and a bad filter closes the connection', async () => {
    const { port } = await startBroker(new HeldIntake());
    const observer = await rawClient(port);
    observer.send({ ...CONNECT, clientId: 'o' });
    await observer.received('connack');
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$SYS/#', qos: 0 }] });
    await observer.received('suback');
    expect(observer.packets.find((p) => p.cmd === 'suback')).toMatchObject({ granted: [0] });
    observer.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a#', qos: 0 }] });
    await observer.closed();
  });
});

describe('listeners', () => {
  it('speak MQTT over WebSocket', async () => {
    const { port, log } = await startIngest({ listeners: [{ protocol: 'ws', host: '127.0.0.1', port: 0 }] });
    const device = await client(`ws://127.0.0.1:${port}/mqtt`);
    await device.publishAsync('a/b/c', 'over ws', { qos: 1 });
    expect((await log.readAll()).records[0]!.payload.toString()).toBe('over ws');
  });

  it('name the port in use and the key to change it', async () => {
    const { port } = await startBroker(new HeldIntake());
    await expect(
      startBroker(new HeldIntake(), { listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port }] }),
    ).rejects.toMatchObject({
      code: 'LISTENER_FAILED',
      message: expect.stringContaining('broker.listeners') as string,
    });
  });

  it('drain: accepted packets are answered before the connection closes', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    for (let id = 1; id <= 10; id += 1) device.send(publish({ messageId: id }));
    await eventually(() => intake.accepted.length === 10);
    const draining = broker.drain();
    intake.storeAll();
    await draining;
    await broker.close();
    await device.closed();
    expect(device.packets.filter((p) => p.cmd === 'puback').length).toBe(10);
  });
});
