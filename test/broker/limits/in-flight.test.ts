import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

const CLIENTS = 20;
const MESSAGES = 4_000;
const MiB = 2 ** 20;

/** Lets everything that can happen without the log happen. */
async function untilNothingMoves(intake: HeldIntake): Promise<void> {
  for (let before = -1; before !== intake.accepted.length; ) {
    before = intake.accepted.length;
    for (let n = 0; n < 200; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('while the log is stuck [security 24]', () => {
  it.each([1, 2] as const)(
    'packets in flight of QoS %i stay bounded, and none is lost after it goes on',
    async (qos) => {
      const intake = new HeldIntake();
      const { port } = await startBroker(intake, { maxInFlightPerClient: 50 });
      const devices = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, at) => {
          const device = await rawClient(port);
          device.send({ ...CONNECT, clientId: `d${at}` });
          await device.received('connack');
          return device;
        }),
      );
      const rssBefore = process.memoryUsage.rss();
      // At QoS 2 a client may have 1,000 handshakes open.
      const each = qos === 1 ? MESSAGES : 900;
      for (const [at, device] of devices.entries()) {
        const packets = Array.from({ length: each }, (_, n) =>
          mqttPacket.generate(publish({ qos, messageId: n + 1, payload: `${at} ${n} ${'x'.repeat(100)}` })),
        );
        device.socket.write(Buffer.concat(packets));
      }
      await untilNothingMoves(intake);
      // Of each client the limit and what one read of 16 KiB overshoots it by; without it all 80,000 would wait.
      expect(intake.waiting.length).toBeGreaterThanOrEqual(CLIENTS * 50);
      expect(intake.waiting.length).toBeLessThan(CLIENTS * 250);
      expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(64 * MiB);

      const pump = setInterval(() => intake.storeAll(), 1);
      onTestFinished(() => clearInterval(pump));
      await Promise.all(devices.map((device) => device.received(qos === 1 ? 'puback' : 'pubrec', each)));
      await eventually(() => intake.accepted.length === CLIENTS * each);
      const distinct = new Set(intake.accepted.map(({ payload }) => payload));
      expect(distinct.size).toBe(CLIENTS * each);
    },
  );
});
