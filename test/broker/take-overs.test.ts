import { describe, expect, it } from 'vitest';
import { TakeOvers } from '../../src/broker/take-overs.js';
import { HeldIntake, startBroker } from '../support/broker-fixture.js';
import { CONNECT, rawClient } from '../support/raw-client.js';
import { usedBytes } from '../support/used-bytes.js';

describe('TakeOvers', () => {
  it('is a fight with the fifth in a minute, of the same client id', () => {
    const takeOvers = new TakeOvers();
    const answers = [0, 10_000, 20_000, 30_000, 40_000, 50_000].map((ms) => takeOvers.contested('a', ms));
    expect(answers).toEqual([undefined, undefined, undefined, undefined, 5, 6]);
    expect(takeOvers.contested('b', 50_000)).toBeUndefined();
  });

  it('is none for a device that reconnects now and then', () => {
    const takeOvers = new TakeOvers();
    const answers = Array.from({ length: 20 }, (_, n) => takeOvers.contested('a', n * 20_000));
    expect(answers.every((answer) => answer === undefined)).toBe(true);
  });

  it('stays bounded', () => {
    const takeOvers = new TakeOvers();
    const before = usedBytes();
    for (let n = 0; n < 300_000; n += 1) takeOvers.contested(`client-${n}`, 0);
    expect(usedBytes() - before).toBeLessThan(16 * 2 ** 20);
  });
});

describe('two clients with one client id', () => {
  it('are named in a warning with both addresses and what to do', async () => {
    const { port, broker, lines } = await startBroker(new HeldIntake());
    for (let n = 0; n < 7; n += 1) {
      const device = await rawClient(port);
      device.send({ ...CONNECT, clientId: 'pump' });
      await device.received('connack');
    }
    expect(broker.counters().refused['taken-over']).toBe(6);
    const warnings = lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields)).toEqual([
      {
        code: 'BROKER_CLIENT_ID_CONTESTED',
        clientId: 'pump',
        remoteAddress: '127.0.0.1',
        detail: 'by a connection from 127.0.0.1',
        takeOvers: 5,
        heldBack: 0,
      },
    ]);
  });
});
