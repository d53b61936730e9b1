import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { SignIn } from '../../../src/access/access.js';
import { Grant } from '../../../src/access/grant.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { FakeAccess } from '../../support/fake-access.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

/** Answers when the test says so. */
class HeldAccess extends FakeAccess {
  readonly waiting: ((isGranted: boolean) => void)[] = [];

  override signIn(credential: Parameters<FakeAccess['signIn']>[0]): SignIn {
    const answer = super.signIn(credential);
    const refused = { kind: 'refused', reason: 'credential-wrong', detail: 'as the test says' } as const;
    return new Promise((resolve) => {
      this.waiting.push((isGranted) => resolve(isGranted ? answer : refused));
    }) as unknown as SignIn;
  }
}

class HeldOpenAccess extends HeldAccess {
  override grantOf(): Grant {
    return new Grant({ user: 'owner', client: 'd', generation: 1, publish: 'all', subscribe: 'all' });
  }
}

const KNOWN = { ...CONNECT, clientId: 'd', username: 'owner', password: Buffer.from('owner-token') };

describe('a packet that comes before CONNECT is answered [security 9]', () => {
  it.each([
    ['PUBLISH', publish({ messageId: 1 })],
    ['SUBSCRIBE', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/#', qos: 0 }] }],
  ] satisfies [string, Packet][])('is not handled when the answer is no: %s', async (_what, packet) => {
    const intake = new HeldIntake();
    const access = new HeldAccess();
    const { port, broker } = await startBroker(intake, {}, { access });
    const device = await rawClient(port);
    device.send(KNOWN);
    device.send(packet);
    await eventually(() => access.waiting.length === 1);
    access.waiting[0]?.(false);
    await device.closed();
    expect(device.packets).toMatchObject([{ cmd: 'connack', returnCode: 4 }]);
    expect(intake.accepted).toEqual([]);
    expect(broker.counters().deliveries.subscriptions).toBe(0);
  });

  it('waits for a yes, and is handled then', async () => {
    const intake = new HeldIntake();
    const access = new HeldOpenAccess();
    const { port } = await startBroker(intake, {}, { access });
    const device = await rawClient(port);
    device.send(KNOWN);
    await eventually(() => access.waiting.length === 1);
    device.send(publish({ messageId: 1 }));
    // In a second connection everything sent before has been read.
    const other = await rawClient(port);
    other.send(KNOWN);
    await eventually(() => access.waiting.length === 2);
    expect(intake.accepted).toEqual([]);
    access.waiting[0]?.(true);
    await eventually(() => intake.accepted.length === 1);
    intake.storeAll();
    await device.received('puback');
  });
});
