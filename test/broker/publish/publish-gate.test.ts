import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runLoad } from '../../../harness/load-client.js';
import { HeldIntake, startBroker, startIngest } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

/** A device that has published on a/b/c. */
async function knownDevice(port: number, intake: HeldIntake) {
  const device = await rawClient(port);
  device.send({ ...CONNECT, clientId: 'd' });
  await device.received('connack');
  device.send(publish({ messageId: 60_000 }));
  await eventually(() => intake.waiting.length === 1);
  intake.storeAll();
  await device.received('puback');
  device.packets.length = 0;
  intake.accepted.length = 0;
  return device;
}

describe('PublishGate', () => {
  it('[security 52] takes what devices send most', async () => {
    const { port, broker } = await startIngest();
    await runLoad({
      host: '127.0.0.1',
      port,
      connections: 4,
      messages: 1000,
      qos: 1,
      window: 100,
      topic: (c) => `t/${c}`,
      payload: (_c, n) => Buffer.from(String(n)),
    });
    const { packetsAccepted } = broker.counters();
    expect(packetsAccepted).toBe(4000);
  });

  it('gives the same records and answers however the bytes are cut', async () => {
    const packets = [
      publish({ messageId: 1, payload: 'one' }),
      publish({ qos: 0, payload: 'zero' }),
      publish({ messageId: 2, payload: '', dup: true }),
      { cmd: 'pingreq' } as const,
      publish({ messageId: 3, topic: 'new/topic', payload: 'another topic' }),
      publish({ messageId: 4, payload: 'x'.repeat(200) }),
      publish({ messageId: 5, qos: 2, payload: 'two' }),
      publish({ messageId: 6, topic: 'new/topic', payload: 'known now' }),
      publish({ messageId: 7, topic: 'a/ü/c', payload: 'ü' }),
    ];
    const bytes = Buffer.concat(packets.map((packet) => mqttPacket.generate(packet)));
    const published = packets.filter((packet) => packet.cmd === 'publish');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const intake = new HeldIntake();
      const { port, broker } = await startBroker(intake);
      const device = await knownDevice(port, intake);
      device.socket.setNoDelay(true);
      device.socket.write(bytes.subarray(0, cut));
      await new Promise<void>((resolve) => setImmediate(resolve));
      device.socket.write(bytes.subarray(cut));
      await eventually(() => intake.accepted.length === published.length);
      expect(
        intake.accepted.map(({ packet, payload }) => [packet.topic, packet.qos, payload]),
        `cut ${cut}`,
      ).toEqual(published.map(({ topic, qos, payload }) => [topic, qos, payload]));
      intake.storeAll();
      await device.received('pingresp');
      await device.received('puback', 6);
      await device.received('pubrec');
      const acknowledged = device.packets
        .filter(({ cmd }) => cmd === 'puback')
        .map(({ messageId }) => messageId);
      expect(acknowledged, `cut ${cut}`).toEqual([1, 2, 3, 4, 6, 7]);
      device.socket.destroy();
      await broker.close();
    }
  });

  it('answers nothing before it is stored', async () => {
    const intake = new HeldIntake();
    const { port, broker } = await startBroker(intake);
    const device = await knownDevice(port, intake);
    for (let id = 1; id <= 20; id += 1) device.send(publish({ messageId: id }));
    device.send({ cmd: 'pingreq' });
    await device.received('pingresp');
    expect(intake.waiting.length).toBe(20);
    // With that of `knownDevice`.
    expect(broker.counters().packetsAccepted).toBe(21);
    expect(device.packets.filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    intake.storeAll();
    await device.received('puback', 20);
  });

  it('ends the connection for what is malformed: packet id 0, DUP with QoS 0, a topic longer than the packet', async () => {
    const odd = [
      Buffer.from([0x32, 9, 0, 5, ...Buffer.from('a/b/c'), 0, 0]),
      Buffer.from([0x38, 8, 0, 5, ...Buffer.from('a/b/c'), 120]),
      Buffer.from([0x30, 4, 0, 200, 97, 98]),
      Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      Buffer.from([0x36, 9, 0, 5, ...Buffer.from('a/b/c'), 0, 1]),
    ];
    for (const bytes of odd) {
      const intake = new HeldIntake();
      const { port } = await startBroker(intake);
      const device = await knownDevice(port, intake);
      device.socket.write(bytes);
      await device.closed();
      expect(intake.accepted.filter(({ payload }) => payload === 'x')).toEqual([]);
    }
  });

  it('lets observers see everything from the moment they subscribe', async () => {
    const intake = new HeldIntake();
    const { port, url, broker } = await startBroker(intake);
    const device = await knownDevice(port, intake);
    const observer = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
    onTestFinished(() => observer.endAsync(true).then(() => undefined));
    const seen: string[] = [];
    observer.on('message', (_topic, payload) => seen.push(payload.toString()));
    // Half a packet is kept by the fast path when the subscription comes.
    const bytes = mqttPacket.generate(publish({ messageId: 1, payload: 'cut in two' }));
    device.socket.write(bytes.subarray(0, 12));
    await observer.subscribeAsync('a/#');
    device.socket.write(bytes.subarray(12));
    await eventually(() => intake.accepted.length === 1);
    intake.storeAll();
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['cut in two']);
    // One is that of `knownDevice`.
    expect(broker.counters().packetsAccepted).toBe(2);
  });

  it('takes no more from a client that does not read its answers, and goes on when it does', async () => {
    const { port, broker } = await startIngest({ maxInFlightPerClient: 1000 });
    const device = await rawClient(port, undefined, 5);
    device.send({ ...CONNECT, protocolVersion: 5, clientId: 'd' });
    await device.received('connack');
    device.socket.pause();
    // An answer with a reason string fills the buffers of the system twenty times as fast as a plain one.
    const total = 300_000;
    const packet = mqttPacket.generate(publish({ messageId: 1, payload: '', topic: '$x' }), {
      protocolVersion: 5,
    });
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => packet));
    let written = 0;
    const pump = () => {
      while (written < total) {
        written += 10_000;
        if (!device.socket.write(many)) {
          device.socket.once('drain', pump);
          return;
        }
      }
    };
    pump();
    // Until nothing moves any more: kernel buffers on both sides are full.
    let before = -1;
    while (broker.counters().packetsAccepted !== before) {
      before = broker.counters().packetsAccepted;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(before).toBeLessThan(total);
    device.socket.resume();
    await device.received('puback', total);
    expect(broker.counters().acknowledged).toBe(total);
  });

  it('counts as a sign of life', async () => {
    const intake = new HeldIntake();
    const { port } = await startBroker(intake);
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd', keepalive: 1 });
    await device.received('connack');
    // For twice the time after which the broker would cut a silent client.
    for (let id = 1; id <= 15; id += 1) {
      device.send(publish({ messageId: id }));
      await new Promise((resolve) => setTimeout(resolve, 200));
      intake.storeAll();
    }
    expect(device.isClosed()).toBe(false);
    await device.received('puback', 15);
  });
});
