import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runLoad } from '../../../harness/load-client.js';
import { HeldIntake, startBroker, startIngest } from '../../support/broker-fixture.js';
import { HAS_OPENSSL } from '../../support/openssl-ca.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';
import { overTls, overWss, tlsListener } from '../../support/tls-listener.js';

/** How a device reaches the broker: SocketBackpressure stops the reading of each of these streams. */
const TRANSPORTS = {
  mqtt: () => ({ listener: { protocol: 'mqtt', host: '127.0.0.1', port: 0 } as const, open: undefined }),
  mqtts: () => {
    const { listener, trust } = tlsListener('mqtts');
    return { listener, open: overTls(trust) };
  },
  wss: () => {
    const { listener, trust } = tlsListener('wss');
    return { listener, open: overWss(trust) };
  },
};

describe.skipIf(!HAS_OPENSSL).each(['mqtt', 'mqtts', 'wss'] as const)(
  'back-pressure over %s [access 9]',
  (protocol) => {
    it('stops reading a socket whose packets wait, one packet per segment, and continues later', async () => {
      const intake = new HeldIntake();
      const { listener, open } = TRANSPORTS[protocol]();
      const { port } = await startBroker(intake, { listeners: [listener], maxInFlightPerClient: 50 });
      const total = 3000;
      const device = await rawClient(port, open);
      device.send({ ...CONNECT, clientId: 'd' });
      await device.received('connack');
      for (let id = 1; id <= total; id += 1) {
        device.send(publish({ messageId: id, payload: 'x'.repeat(100) }));
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      for (let i = 0; i < 100; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      // The cap is soft by one chunk that was read already; without back-pressure all 3,000 are in flight.
      expect(intake.waiting.length).toBeGreaterThanOrEqual(50);
      expect(intake.waiting.length).toBeLessThan(700);
      const pump = setInterval(() => intake.storeAll(), 1);
      onTestFinished(() => clearInterval(pump));
      await device.received('puback', total);
      expect(intake.accepted.length).toBe(total);
    });

    it('stops all sockets while the byte budget is used up, and none stays stopped', async () => {
      const intake = new HeldIntake();
      const { listener, open } = TRANSPORTS[protocol]();
      const { port } = await startBroker(intake, { listeners: [listener], maxInFlightPerClient: 1000 });
      intake.maxWaiting = 1;
      const first = await rawClient(port, open);
      first.send({ ...CONNECT, clientId: 'first' });
      await first.received('connack');
      first.send(publish({ messageId: 1, payload: 'fills the budget' }));
      await eventually(() => intake.accepted.length === 1);
      const load = runLoad({
        host: '127.0.0.1',
        port,
        open: open && (() => open(port)),
        connections: 5,
        messages: 500,
        qos: 1,
        window: 100,
        topic: () => 'a/b/c',
        payload: () => Buffer.alloc(500, 'x'),
      });
      for (let i = 0; i < 200; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      expect(intake.accepted.length).toBe(1);
      const pump = setInterval(() => intake.storeAll(), 1);
      onTestFinished(() => clearInterval(pump));
      await first.received('puback');
      expect((await load).acknowledged).toBe(2500);
    });

    it('keeps order and loses nothing under group commit, for every QoS', async () => {
      const { listener, open } = TRANSPORTS[protocol]();
      const { port, log } = await startIngest({ listeners: [listener], maxInFlightPerClient: 100 });
      for (const qos of [0, 1, 2] as const) {
        const before = log.writer.durableSequence;
        const result = await runLoad({
          host: '127.0.0.1',
          port,
          open: open && (() => open(port)),
          connections: 10,
          messages: 1000,
          qos,
          window: 300,
          clientId: (c) => `q${qos}-${c}`,
          topic: (c) => `t/${c}`,
          payload: (_c, n) => Buffer.from(String(n)),
        });
        expect(result.acknowledged).toBe(10_000);
        const { records } = await log.readAll(String(before));
        for (let c = 0; c < 10; c += 1) {
          const own = records.filter((r) => r.clientId === `q${qos}-${c}` && Number(r.payload) < 1000);
          expect(own.map((r) => Number(r.payload))).toEqual(Array.from({ length: 1000 }, (_, i) => i));
        }
      }
    });
  },
);

it('sends what it has answered to the packets in front of a malformed one, then ends', async () => {
  const { port } = await startBroker(new HeldIntake());
  const client = await rawClient(port);
  const connect = mqttPacket.generate({ ...CONNECT, clientId: 'c' });
  client.socket.write(Buffer.concat([connect, Buffer.from([0xc0, 0, 0xc1, 0, 0xc0, 0])]));
  await client.closed();
  expect(client.packets.map(({ cmd }) => cmd)).toEqual(['connack', 'pingresp']);
});
