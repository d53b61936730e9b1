import { describe, expect, it } from 'vitest';
import { MAX_IN_FLIGHT, MAX_IN_FLIGHT_BYTES } from '../../../src/broker/sessions/mqtt-session.js';
import { decodeSessionEntry } from '../../../src/broker/sessions/session-entry.js';
import { SetClock } from '../../support/clock.js';
import {
  nextTurns,
  type StartedDeliveries,
  startDeliveries,
  startOf,
} from '../../support/deliveries-fixture.js';
import { FakeOutlet } from '../../support/fake-outlet.js';
import { MemoryJournal } from '../../support/memory-journal.js';

/** Connects without CONNACK being written. */
function attach({ deliveries }: StartedDeliveries, outlet: FakeOutlet, isClean = false): boolean {
  return deliveries.attach(outlet, startOf(isClean)).isPresent;
}

/** A client that has subscribed to everything at this QoS and has gone. */
async function absentClient(started: StartedDeliveries, qos: 0 | 1 | 2, clientId = 'c'): Promise<void> {
  const client = started.connect({ clientId });
  started.subscribe(client, '#', qos);
  await nextTurns();
  started.deliveries.detach(client);
}

describe('a session', () => {
  it('is present once it was made, until its client connects with clean session 1 [MQTT-3.1.2-6, MQTT-3.2.2-2, MQTT-3.2.2-3]', async () => {
    const started = startDeliveries();
    const { deliveries, subscribe, publish } = started;
    const first = new FakeOutlet();
    expect(attach(started, first)).toBe(false);
    deliveries.begin(first);
    subscribe(first, 'a', 1);
    await nextTurns();
    deliveries.detach(first);
    const second = new FakeOutlet();
    expect(attach(started, second)).toBe(true);
    expect(deliveries.filtersOf(second)).toEqual(['a']);
    deliveries.detach(second);
    expect(attach(started, new FakeOutlet(), true)).toBe(false);
    const third = new FakeOutlet();
    expect(attach(started, third)).toBe(false);
    deliveries.begin(third);
    publish('a', 'x');
    expect(third.take()).toEqual([]);
    expect(deliveries.isNeeded).toBe(false);
  });

  it('belongs to its user: the same client id of another user does not get it', async () => {
    const started = startDeliveries();
    const owner = started.connect({ user: 'owner' });
    started.subscribe(owner, 'a', 1);
    await nextTurns();
    started.deliveries.detach(owner);
    const other = new FakeOutlet({ user: 'other' });
    expect(attach(started, other)).toBe(false);
    expect(started.deliveries.filtersOf(other)).toEqual([]);
    // Nor can the other one end it.
    started.deliveries.detach(other);
    attach(started, new FakeOutlet({ user: 'other' }), true);
    expect(attach(started, new FakeOutlet({ user: 'owner' }))).toBe(true);
  });

  it('keeps QoS 1 and 2 for an absent client, and sends them in order once CONNACK is written; QoS 0 is not kept', async () => {
    const started = startDeliveries();
    await absentClient(started, 2);
    for (const qos of [0, 1, 2] as const) started.publish('a', `${qos}`, { qos });
    const client = new FakeOutlet();
    expect(attach(started, client)).toBe(true);
    started.publish('a', 'before CONNACK');
    await nextTurns();
    expect(client.take()).toEqual([]);
    started.deliveries.begin(client);
    await nextTurns();
    expect(client.take()).toEqual(['publish a=1 q1 1', 'publish a=2 q2 2', 'publish a=before CONNACK q1 3']);
  });

  it('sends again what was in flight, in its order and with DUP, then what waited [MQTT-4.4.0-1, MQTT-4.6.0-1]', async () => {
    const started = startDeliveries();
    const { deliveries, publish, subscribe, connect } = started;
    const client = connect();
    subscribe(client, '#', 2);
    await nextTurns();
    client.take();
    for (const [payload, qos] of [
      ['0', 2],
      ['1', 1],
      ['2', 2],
      ['3', 1],
    ] as const)
      publish('a', payload, { qos });
    await nextTurns();
    expect(client.takeDelivered()).toHaveLength(4);
    deliveries.pubrec(client, 3);
    deliveries.pubrec(client, 1);
    deliveries.puback(client, 4);
    await nextTurns();
    expect(client.take()).toEqual(['pubrel 3', 'pubrel 1']);
    deliveries.detach(client);
    publish('a', '4', { qos: 2 });
    const again = connect();
    await nextTurns();
    expect(again.take()).toEqual(['pubrel 3', 'pubrel 1', 'publish a=1 q1 2 dup', 'publish a=4 q2 5']);
  });

  it('goes to the new connection of a client that takes over', async () => {
    const started = startDeliveries();
    const first = started.connect();
    started.subscribe(first, '#', 1);
    await nextTurns();
    first.take();
    const second = new FakeOutlet();
    expect(attach(started, second)).toBe(true);
    started.deliveries.begin(second);
    started.deliveries.detach(first);
    started.publish('a', 'x');
    expect(first.take()).toEqual([]);
    expect(second.take()).toEqual(['publish a=x q1 1']);
  });

  it('loses the filters that its client may no longer have when it comes back', async () => {
    const started = startDeliveries();
    await absentClient(started, 1);
    const client = new FakeOutlet();
    client.denied.add('#');
    expect(attach(started, client)).toBe(true);
    expect(started.deliveries.filtersOf(client)).toEqual([]);
    expect(client.denials).toHaveLength(1);
  });

  it('ends when its client was absent for too long', async () => {
    const clock = new SetClock();
    const started = startDeliveries({ expiryMs: 1000 }, { clock });
    await absentClient(started, 1);
    clock.wallNs += 999_000_000n;
    expect(attach(started, new FakeOutlet({ clientId: 'other' }))).toBe(false);
    expect(started.deliveries.counters()).toMatchObject({ sessions: 2, subscriptions: 1 });
    clock.wallNs += 2_000_000n;
    expect(attach(started, new FakeOutlet())).toBe(false);
  });
});

describe('the bounds of sessions', () => {
  it('end the session that was absent longest when there are too many, and warn', async () => {
    const started = startDeliveries({ maxSessions: 2 });
    started.connect({ clientId: 'connected' });
    await absentClient(started, 1, 'oldest');
    for (const clientId of ['next', 'last']) await absentClient(started, 1, clientId);
    expect(started.deliveries.counters()).toMatchObject({ sessions: 2, subscriptions: 1 });
    expect(attach(started, new FakeOutlet({ clientId: 'last' }))).toBe(true);
    expect(started.warnings).toMatchObject([{ code: 'BROKER_SESSIONS_FULL', clientId: 'oldest' }]);
    // Connected clients have theirs, however many.
    expect(attach(started, new FakeOutlet({ clientId: 'more' }))).toBe(false);
    expect(started.deliveries.counters().sessions).toBe(3);
  });

  it.each([
    ['messages', { maxQueuedMessages: 10 }],
    ['bytes', { maxQueuedBytes: 10 * (1 + 100 + 128) }],
    ['bytes of all', { maxTotalBytes: 10 * (1 + 100 + 128) + 10 }],
  ])('of %s let the oldest message go, count it and warn', async (_what, options) => {
    const started = startDeliveries(options);
    await absentClient(started, 1);
    for (let n = 0; n < 25; n += 1) started.publish('a', `${n}`.padEnd(100));
    expect(started.deliveries.counters()).toMatchObject({ queuedMessages: 10, dropped: 15 });
    expect(started.warnings).toMatchObject([{ code: 'BROKER_SESSION_QUEUE_FULL', clientId: 'c' }]);
    const kept = Array.from({ length: 10 }, (_, n) => `${n + 15}`);
    expect(
      started
        .connect()
        .takeDelivered()
        .map(({ payload }) => payload.trim()),
    ).toEqual(kept);
    // Nor does it come back after a restart.
    await nextTurns();
    started.journal.commit();
    const restarted = startDeliveries({}, {}, new MemoryJournal(started.journal.durable));
    expect(restarted.deliveries.counters().queuedMessages).toBe(10);
  });

  it('hold for a clean session that is slow as well', () => {
    const started = startDeliveries({ maxQueuedMessages: 10 });
    const client = started.connect({ isClean: true });
    started.subscribe(client, '#', 1);
    client.isFull = true;
    for (let n = 0; n < 25; n += 1) started.publish('a', `${n}`);
    expect(started.deliveries.counters()).toMatchObject({ queuedMessages: 10, dropped: 15 });
    started.deliveries.detach(client);
    expect(started.deliveries.counters()).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
  });

  it('of all take from the longest queue, not from the one that is short', async () => {
    const started = startDeliveries({ maxTotalBytes: 100 * 1024 });
    const short = started.connect({ clientId: 'short' });
    started.subscribe(short, 'short', 1);
    await nextTurns();
    started.deliveries.detach(short);
    await absentClient(started, 1, 'long');
    started.publish('short', 'x');
    for (let n = 0; n < 500; n += 1) started.publish('a', 'x'.padEnd(1000));
    expect(started.deliveries.counters().dropped).toBeGreaterThan(300);
    expect(started.deliveries.counters().queuedBytes).toBeLessThanOrEqual(100 * 1024);
    expect(started.connect({ clientId: 'short' }).takeDelivered()).toHaveLength(1);
  });

  it('never drop what is in flight, which is bounded by itself', async () => {
    const started = startDeliveries({ maxQueuedMessages: 5 });
    const client = started.connect();
    started.subscribe(client, '#', 1);
    await nextTurns();
    client.take();
    for (let n = 0; n < MAX_IN_FLIGHT + 20; n += 1) started.publish('a', `${n}`);
    expect(client.takeDelivered()).toHaveLength(MAX_IN_FLIGHT);
    expect(started.deliveries.counters()).toMatchObject({ queuedMessages: MAX_IN_FLIGHT + 5, dropped: 15 });
    started.deliveries.detach(client);
    const resent = started.connect().takeDelivered();
    expect(resent.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: MAX_IN_FLIGHT }, (_, n) => n),
    );
    expect(resent.every(({ dup }) => dup)).toBe(true);
  });

  it('hold back large messages before a hundred are in flight', async () => {
    const started = startDeliveries();
    const client = started.connect();
    started.subscribe(client, '#', 1);
    await nextTurns();
    client.take();
    for (let n = 0; n < 20; n += 1) started.publish('a', 'x'.padEnd(MAX_IN_FLIGHT_BYTES / 4));
    const sent = client.takeDelivered();
    expect(sent).toHaveLength(4);
    for (const { id } of sent) started.deliveries.puback(client, id!);
    expect(client.takeDelivered()).toHaveLength(4);
  });
});

describe('the journal of sessions', () => {
  it('has a subscription before its SUBACK is sent, and its end before the UNSUBACK', async () => {
    const started = startDeliveries();
    const { journal, connect, subscribe, deliveries } = started;
    journal.isFast = false;
    const client = connect();
    subscribe(client, 'a', 1);
    await nextTurns();
    expect(client.take()).toEqual([]);
    journal.commit();
    expect(client.take()).toEqual(['suback 1']);
    deliveries.unsubscribe(client, { packetId: 2, filters: ['a'] });
    await nextTurns();
    expect(client.take()).toEqual([]);
    journal.commit();
    expect(client.take()).toEqual(['unsuback 2']);
  });

  it('delays no answer to a clean session', async () => {
    const { journal, connect, subscribe } = startDeliveries();
    journal.isFast = false;
    const client = connect({ isClean: true });
    subscribe(client, 'a', 1);
    expect(client.take()).toEqual(['suback 1']);
    expect(journal.durable).toEqual([]);
  });

  it('has a message and its id before it leaves at QoS 2, and its PUBREC before the PUBREL', async () => {
    const { journal, connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect();
    subscribe(client, 'a', 2);
    await nextTurns();
    client.take();
    journal.isFast = false;
    publish('a', 'x', { qos: 2 });
    await nextTurns();
    expect(client.take()).toEqual([]);
    journal.commit();
    expect(client.take()).toEqual(['publish a=x q2 1']);
    deliveries.pubrec(client, 1);
    await nextTurns();
    expect(client.take()).toEqual([]);
    journal.commit();
    expect(client.take()).toEqual(['pubrel 1']);
  });

  it('holds a message once for all sessions that are owed it', async () => {
    const started = startDeliveries();
    for (const clientId of ['one', 'two', 'three']) await absentClient(started, 1, clientId);
    started.journal.commit();
    const before = started.journal.durable.length;
    started.publish('a', 'x'.padEnd(1000));
    started.journal.commit();
    expect(started.journal.durable.slice(before).map((entry) => decodeSessionEntry(entry)?.kind)).toEqual([
      'message',
    ]);
    const messages = [...started.deliveries.snapshot()].filter((entry) => entry.includes('x'.padEnd(1000)));
    expect(messages).toHaveLength(1);
    expect(started.deliveries.liveBytes).toBeLessThan(4000);
  });

  it('brings everything back after a crash: sessions, subscriptions, what is owed and its ids', async () => {
    const { journal, connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect({ user: 'u' });
    subscribe(client, 'a/#', 2);
    await nextTurns();
    client.take();
    for (const [payload, qos] of [
      ['0', 2],
      ['1', 1],
      ['2', 2],
      ['3', 1],
    ] as const)
      publish('a/b', payload, { qos });
    await nextTurns();
    expect(client.takeDelivered()).toHaveLength(4);
    deliveries.pubrec(client, 1);
    deliveries.puback(client, 4);
    await nextTurns();
    const restarted = startDeliveries({}, {}, new MemoryJournal(journal.durable));
    expect(restarted.deliveries.counters()).toMatchObject({
      sessions: 1,
      subscriptions: 1,
      queuedMessages: 2,
    });
    restarted.publish('a/b', 'later');
    const again = new FakeOutlet({ user: 'u' });
    expect(attach(restarted, again)).toBe(true);
    restarted.deliveries.begin(again);
    expect(again.take()).toEqual([
      'pubrel 1',
      'publish a/b=1 q1 2 dup',
      'publish a/b=2 q2 3 dup',
      'publish a/b=later q1 5',
    ]);
    // What was never sent has no DUP.
    restarted.deliveries.detach(again);
    for (let n = 0; n < 3; n += 1) restarted.publish('a/b', `absent ${n}`);
    await nextTurns();
    restarted.journal.commit();
    const third = startDeliveries({}, {}, new MemoryJournal(restarted.journal.durable));
    expect(third.connect({ user: 'u' }).take().slice(-3)).toEqual([
      'publish a/b=absent 0 q1 6',
      'publish a/b=absent 1 q1 7',
      'publish a/b=absent 2 q1 8',
    ]);
  });
});
