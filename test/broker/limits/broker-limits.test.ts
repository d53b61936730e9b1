import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { Access } from '../../../src/access/access.js';
import type { RoleLimits } from '../../../src/access/client-limits.js';
import { Grant } from '../../../src/access/grant.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../../support/raw-client.js';

/** Every user name is accepted; `limits` are those of every role. */
class OpenDoor implements Access {
  generation = 1;
  limits: RoleLimits | undefined;

  signIn({ userName = '' }: { readonly userName?: string }) {
    return {
      kind: 'granted' as const,
      identity: { user: userName, method: 'token' as const, roles: [], secretHash: '' },
    };
  }

  grantOf({ user }: { readonly user: string }, { clientId }: { readonly clientId: string }): Grant {
    const { generation, limits } = this;
    return new Grant({ user, client: clientId, generation, publish: 'all', subscribe: 'all', limits });
  }

  httpRoleOf(): 'none' {
    return 'none';
  }
}

/** An intake that stores at once. */
class InstantIntake extends HeldIntake {
  override accept(...of: Parameters<HeldIntake['accept']>) {
    const taken = super.accept(...of);
    setImmediate(() => this.storeAll());
    return taken;
  }

  from(clientId: string): number {
    return this.accepted.filter(({ packet }) => packet.clientId === clientId).length;
  }
}

async function connected(port: number, clientId: string, username?: string) {
  const device = await rawClient(port);
  device.send({ ...CONNECT, clientId, ...(username === undefined ? {} : { username }) });
  await device.received('connack');
  return device;
}

const flood = (count: number, qos: 0 | 1 = 0) =>
  Buffer.concat(
    Array.from({ length: count }, (_, n) =>
      mqttPacket.generate(
        publish({ qos, ...(qos === 0 ? {} : { messageId: n + 1 }), payload: 'x'.repeat(80) }),
      ),
    ),
  );

const slowed = (broker: Awaited<ReturnType<typeof startBroker>>['broker']) => broker.counters().limits;

describe('the rate of a client [security 23]', () => {
  it('is kept by not reading its socket: nothing is lost, and its neighbour is not slowed', async () => {
    const intake = new InstantIntake();
    const { broker, port } = await startBroker(intake, {
      limits: { perClient: { messagesPerSecond: 500 }, burstMs: 1_000 },
    });
    const fast = await connected(port, 'fast');
    const startedMs = performance.now();
    fast.socket.write(flood(1_500, 1));
    await eventually(() => slowed(broker).held.client === 1);
    const before = intake.from('fast');
    const calm = await connected(port, 'calm');
    calm.send(publish({ messageId: 1 }));
    await calm.received('puback');
    expect(before).toBeLessThan(1_000);
    await fast.received('puback', 1_500);
    // 500 at once, then 500 a second; the last slice is taken before it is paid.
    expect(performance.now() - startedMs).toBeGreaterThan(1_500);
    expect(intake.from('fast')).toBe(1_500);
    expect(slowed(broker).holds.client).toBeGreaterThan(0);
    expect(fast.isClosed()).toBe(false);
  });

  it('counts bytes too, and gives nobody who reconnects another burst', async () => {
    const intake = new InstantIntake();
    const { broker, port } = await startBroker(intake, {
      limits: { perClient: { bytesPerSecond: 10_000 }, burstMs: 1_000 },
    });
    const first = await connected(port, 'd');
    first.socket.write(flood(1_000));
    await eventually(() => slowed(broker).held.client === 1);
    const again = await connected(port, 'd');
    await first.closed();
    const before = intake.from('d');
    again.socket.write(flood(1_000));
    await eventually(() => slowed(broker).held.client === 1);
    expect(intake.from('d')).toBe(before);
  });

  it('ends the connection only after it was slowed for the time without a break', async () => {
    const { broker, port, lines } = await startBroker(new InstantIntake(), {
      limits: { perClient: { messagesPerSecond: 10 }, burstMs: 1_000, disconnectAfterMs: 700 },
    });
    const device = await connected(port, 'd');
    const startedMs = performance.now();
    device.socket.write(flood(1_000));
    await device.closed();
    expect(performance.now() - startedMs).toBeGreaterThan(700);
    expect(broker.counters().refused['rate-exceeded']).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ code: 'BROKER_RATE_EXCEEDED', clientId: 'd' }),
      }),
    );
    expect(slowed(broker).held.client).toBe(0);
  });

  it('does not let the keep alive of a client expire that is not read', async () => {
    const { broker, port } = await startBroker(new InstantIntake(), {
      limits: { perClient: { messagesPerSecond: 10 }, burstMs: 1_000 },
    });
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd', keepalive: 1 });
    await device.received('connack');
    const startedMs = performance.now();
    device.socket.write(flood(60));
    await eventually(() => slowed(broker).held.client === 1);
    await eventually(() => slowed(broker).held.client === 0);
    expect(performance.now() - startedMs).toBeGreaterThan(2_000);
    expect(broker.counters().refused['keep-alive-expired']).toBe(0);
    expect(device.isClosed()).toBe(false);
  });
});

describe('the rate of an address and of a user [security 23]', () => {
  it.each(['address', 'user'] as const)('of the %s is shared by its clients', async (owner) => {
    const rate = { messagesPerSecond: 100 };
    const { broker, port } = await startBroker(
      new InstantIntake(),
      { limits: { ...(owner === 'user' ? { perUser: rate } : { perAddress: rate }), burstMs: 1_000 } },
      { access: new OpenDoor() },
    );
    const first = await connected(port, 'd1', 'u');
    const second = await connected(port, 'd2', 'u');
    first.socket.write(flood(400));
    await eventually(() => slowed(broker).held[owner] === 1);
    second.socket.write(flood(1));
    await eventually(() => slowed(broker).held[owner] === 2);
  });
});

describe('the limits of a role', () => {
  it('replace those of the broker, and follow a reload on the living connection', async () => {
    const access = new OpenDoor();
    access.limits = { messagesPerSecond: 10 };
    const intake = new InstantIntake();
    const { broker, port } = await startBroker(intake, { limits: { burstMs: 1_000 } }, { access });
    const device = await connected(port, 'd', 'u');
    device.socket.write(flood(200));
    await eventually(() => slowed(broker).held.client === 1);
    access.limits = undefined;
    access.generation += 1;
    await broker.accessReplaced();
    await eventually(() => intake.from('d') === 200);
    expect(slowed(broker).held.client).toBe(0);
  });
});

describe('the connections of a user [security 21]', () => {
  it('have a limit; its own client may reconnect, and others are not affected', async () => {
    const access = new OpenDoor();
    const { broker, port } = await startBroker(
      new InstantIntake(),
      { limits: { connectionsPerUser: 2 } },
      { access },
    );
    const first = await connected(port, 'd1', 'u');
    await connected(port, 'd2', 'u');
    const third = await connected(port, 'd3', 'u');
    expect(third.packets).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
    expect(broker.counters().refused['too-many-from-user']).toBe(1);
    expect((await connected(port, 'd3', 'other')).packets).toMatchObject([{ returnCode: 0 }]);
    // It takes over its own connection, which may be half open.
    expect((await connected(port, 'd1', 'u')).packets).toMatchObject([{ returnCode: 0 }]);
    await first.closed();

    access.limits = { connections: 3 };
    expect((await connected(port, 'd4', 'u')).packets).toMatchObject([{ returnCode: 0 }]);
    expect((await connected(port, 'd5', 'u')).packets).toMatchObject([{ returnCode: 3 }]);
  });
});

describe('a client that neither publishes nor subscribes [security 27]', () => {
  it('is closed with closeSilent; publishers and observers are not', async () => {
    const { broker, port } = await startBroker(new InstantIntake(), {
      limits: { silentAfterMs: 400, closesSilent: true },
    });
    const idle = await connected(port, 'idle');
    const device = await connected(port, 'device');
    device.send(publish({ messageId: 1 }));
    const observer = await connected(port, 'observer');
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/#', qos: 0 }] });
    await observer.received('suback');
    await idle.closed();
    const later = await connected(port, 'later');
    await later.closed();
    expect([device.isClosed(), observer.isClosed()]).toEqual([false, false]);
    expect(broker.counters().refused.silent).toBe(2);
  });
});
