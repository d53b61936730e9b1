import { describe, expect, it, onTestFinished } from 'vitest';
import { LoadShedding } from '../../../src/broker/limits/load-shedding.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

const LOOK_MS = 250;

function start() {
  const clock = new SetClock();
  let memoryBytes = 0;
  const shedding = new LoadShedding(
    { maxLagMs: 1_000, maxMemoryBytes: 2 ** 30 },
    { monotonicMs: () => clock.monotonicMs(), memoryBytes: () => memoryBytes },
  );
  onTestFinished(() => shedding.close());
  const look = (lateMs = 0) => {
    clock.elapsedMs += LOOK_MS + lateMs;
    shedding.look();
  };
  return { shedding, look, use: (bytes: number) => (memoryBytes = bytes) };
}

describe('LoadShedding [security 26]', () => {
  it('accepts nobody for a second after the thread was blocked', () => {
    const { shedding, look } = start();
    look(1_000);
    expect(shedding.reason()).toBeUndefined();
    look(1_001);
    for (let n = 0; n < 4; n += 1) {
      expect(shedding.reason()).toBe("the broker's thread was 1001 ms late");
      look();
    }
    expect(shedding.reason()).toBeUndefined();
  });

  it('takes a pause of a minute for one of the whole process: somebody has stopped it, or its machine', () => {
    const { shedding, look } = start();
    look(60_001);
    expect(shedding.reason()).toBeUndefined();
    look(60_000);
    expect(shedding.reason()).toMatch(/60000 ms late/);
  });

  it('goes on with the last figure when the memory cannot be read: no file descriptor is free [drill B4]', () => {
    const clock = new SetClock();
    const figures = [2 ** 31];
    const shedding = new LoadShedding(
      { maxLagMs: 1_000, maxMemoryBytes: 2 ** 30 },
      {
        monotonicMs: () => clock.monotonicMs(),
        memoryBytes: () => {
          const [bytes] = figures.splice(0, 1);
          if (bytes === undefined) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
          return bytes;
        },
      },
    );
    onTestFinished(() => shedding.close());
    shedding.look();
    shedding.look();
    expect(shedding.reason()).toBe('the process uses 2048 MiB of memory');
  });

  it('accepts nobody while the process uses too much memory', () => {
    const { shedding, look, use } = start();
    use(2 ** 30 + 1);
    look();
    expect(shedding.reason()).toBe('the process uses 1024 MiB of memory');
    use(2 ** 30);
    look();
    expect(shedding.reason()).toBeUndefined();
  });

  it('is answered with CONNACK 3, leaves open connections alone, and ends without a restart', async () => {
    const intake = new HeldIntake();
    const { broker, port } = await startBroker(intake, { limits: { maxLagMs: 300 } });
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'open' });
    await device.received('connack');

    const late = await rawClient(port);
    late.send({ ...CONNECT, clientId: 'late' });
    // Its CONNECT waits in the socket while the thread is blocked.
    const untilMs = performance.now() + 1_000;
    while (performance.now() < untilMs);
    await late.closed();
    expect(late.packets).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
    expect(broker.counters().refused['server-busy']).toBe(1);

    device.send(publish({ messageId: 1 }));
    await eventually(() => intake.accepted.length === 1);
    for (;;) {
      const next = await rawClient(port);
      next.send({ ...CONNECT, clientId: 'next' });
      await Promise.race([next.received('connack'), next.closed()]);
      if (next.packets.some((packet) => packet.cmd === 'connack' && packet.returnCode === 0)) break;
    }
    expect(device.isClosed()).toBe(false);
  });
});
