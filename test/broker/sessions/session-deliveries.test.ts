import { describe, expect, it } from 'vitest';
import { MAX_IN_FLIGHT } from '../../../src/broker/sessions/mqtt-session.js';
import { MAX_SUBSCRIPTIONS } from '../../../src/broker/sessions/session-options.js';
import { nextTurns, startDeliveries } from '../../support/deliveries-fixture.js';
import type { FakeOutlet } from '../../support/fake-outlet.js';
import { FakeRetained } from '../../support/fake-retained.js';

const CLEAN = { isClean: true } as const;

describe('deliveries to a connected client', () => {
  it.each([
    [0, 0, 0],
    [0, 2, 0],
    [1, 0, 0],
    [1, 1, 1],
    [2, 1, 1],
    [1, 2, 1],
    [2, 2, 2],
  ] as const)(
    'of QoS %i, where %i is granted, have QoS %i [MQTT-3.8.4-6]',
    (published, granted, expected) => {
      const { connect, subscribe, publish, deliveries } = startDeliveries();
      const client = connect(CLEAN);
      subscribe(client, 'a/#', granted);
      expect(client.take()).toEqual(['suback 1']);
      publish('a/b', 'x', { qos: published });
      publish('b', 'not for it', { qos: published });
      expect(client.takeDelivered()).toEqual([
        {
          topic: 'a/b',
          payload: 'x',
          qos: expected,
          id: expected === 0 ? undefined : 1,
          dup: false,
          retain: false,
        },
      ]);
      expect(deliveries.counters()).toMatchObject({ observers: 1, subscriptions: 1, sessions: 0, sent: 1 });
    },
  );

  it('come once to overlapping filters, with the highest QoS [MQTT-3.3.5-1]', () => {
    const { connect, subscribe, publish } = startDeliveries();
    const client = connect(CLEAN);
    for (const [filter, qos] of [
      ['a/#', 0],
      ['a/+', 2],
      ['a/b', 1],
    ] as const)
      subscribe(client, filter, qos);
    client.take();
    publish('a/b', 'x', { qos: 2 });
    expect(client.take()).toEqual(['publish a/b=x q2 1']);
  });

  it('leave out what a client that does not read was sent at QoS 0, and count it', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const slow = connect({ ...CLEAN, clientId: 'slow' });
    const fast = connect({ ...CLEAN, clientId: 'fast' });
    for (const client of [slow, fast]) subscribe(client, '#', 0);
    slow.isFull = true;
    publish('a', '1');
    slow.isFull = false;
    publish('a', '2');
    expect(slow.takeDelivered().map(({ payload }) => payload)).toEqual(['2']);
    expect(fast.takeDelivered().map(({ payload }) => payload)).toEqual(['1', '2']);
    expect(deliveries.counters()).toMatchObject({ skipped: 1, sent: 3 });
  });

  it('go on at QoS 1 where they stopped when a clean session reads and answers again, in order [MQTT-4.6.0-6]', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    subscribe(client, '#', 1);
    client.take();
    publish('a', '0');
    client.isFull = true;
    for (let n = 1; n < 250; n += 1) publish('a', `${n}`);
    expect(client.takeDelivered()).toHaveLength(1);
    expect(deliveries.counters()).toMatchObject({ queuedMessages: 250, dropped: 0 });
    client.isFull = false;
    deliveries.writable(client);
    const received = ['0'];
    for (;;) {
      const delivered = client.takeDelivered();
      if (delivered.length === 0) break;
      expect(delivered.length).toBeLessThanOrEqual(MAX_IN_FLIGHT);
      received.push(...delivered.map(({ payload }) => payload));
      deliveries.puback(client, 1);
      for (const { id } of delivered) deliveries.puback(client, id!);
    }
    expect(received).toEqual(Array.from({ length: 250 }, (_, n) => `${n}`));
    expect(deliveries.counters()).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
  });

  it('take QoS 2 through its four packets, whose order is that of the PUBRECs [MQTT-4.3.3-1, MQTT-4.6.0-4]', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    subscribe(client, '#', 2);
    client.take();
    for (const payload of ['x', 'y']) publish('a', payload, { qos: 2 });
    expect(client.take()).toEqual(['publish a=x q2 1', 'publish a=y q2 2']);
    deliveries.pubrec(client, 2);
    deliveries.pubrec(client, 1);
    // Once more: its PUBREL may have been lost.
    deliveries.pubrec(client, 1);
    expect(client.take()).toEqual(['pubrel 2', 'pubrel 1', 'pubrel 1']);
    deliveries.pubcomp(client, 1);
    deliveries.pubcomp(client, 2);
    expect(client.take()).toEqual([]);
    expect(deliveries.counters().queuedMessages).toBe(0);
  });

  it('ignore acknowledgements of what was not sent, except that PUBREC is answered', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    for (const answer of ['puback', 'pubcomp', 'pubrec'] as const) deliveries[answer](client, 7);
    expect(client.take()).toEqual(['pubrel 7']);
    subscribe(client, '#', 2);
    client.take();
    publish('a', 'x', { qos: 2 });
    publish('a', 'y', { qos: 1 });
    client.take();
    // The wrong kind: both stay in flight.
    deliveries.puback(client, 1);
    deliveries.pubcomp(client, 1);
    deliveries.pubrec(client, 2);
    expect(client.take()).toEqual([]);
    expect(deliveries.counters().queuedMessages).toBe(2);
    expect(client.violations).toEqual([]);
  });

  it('never use a packet id twice at a time, also when ids begin again [MQTT-2.3.1-4]', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    subscribe(client, '#', 1);
    client.take();
    publish('a', 'never acknowledged');
    expect(client.takeDelivered()[0]!.id).toBe(1);
    const ids: number[] = [];
    for (let n = 0; n < 65_536; n += 1) {
      publish('a', 'x');
      const [{ id }] = client.takeDelivered() as unknown as [{ id: number }];
      ids.push(id);
      deliveries.puback(client, id);
    }
    expect(ids).not.toContain(1);
    expect(ids.slice(-3)).toEqual([65_535, 2, 3]);
  });

  it('are judged by the rules in force, also what waits', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    subscribe(client, '#', 1);
    client.take();
    client.isFull = true;
    for (const topic of ['a', 'b']) publish(topic, 'queued');
    client.denied.add('a');
    client.isFull = false;
    deliveries.writable(client);
    for (const topic of ['a', 'b']) publish(topic, 'live', { qos: 0 });
    expect(client.takeDelivered().map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
      'b queued',
      'b live',
    ]);
  });

  it('come to a bridge with their retain flag, and not what it has published itself; to others without the flag [MQTT-3.3.1-9]', () => {
    const { connect, subscribe, publish } = startDeliveries();
    const bridge = connect({ ...CLEAN, clientId: 'bridge', isBridge: true });
    const client = connect({ ...CLEAN, clientId: 'client' });
    for (const one of [bridge, client]) subscribe(one, '#', 1);
    for (const one of [bridge, client]) one.take();
    for (const qos of [0, 1] as const) publish('a', 'x', { qos, isRetained: true, publisher: client });
    expect(bridge.take()).toEqual(['publish a=x q0 retain', 'publish a=x q1 1 retain']);
    expect(client.take()).toEqual(['publish a=x q0', 'publish a=x q1 1']);
    publish('b', 'own', { publisher: bridge });
    expect(bridge.take()).toEqual([]);
    expect(client.take()).toEqual(['publish b=own q1 2']);
  });
});

describe('SUBSCRIBE', () => {
  it('is answered per filter, and a denied one is counted [MQTT-3.8.4-5]', () => {
    const { connect, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    client.denied.add('secret');
    const filters = ['a', 'secret', '$share/g/a', '$SYS/#', '/'.repeat(100)];
    const subscriptions = filters.map((filter) => ({ filter, qos: 1 as const }));
    deliveries.subscribe(client, { packetId: 5, subscriptions });
    expect(client.packets).toMatchObject([{ cmd: 'suback', messageId: 5, granted: [1, 128, 128, 1, 128] }]);
    expect(client.denials).toHaveLength(3);
    expect(deliveries.filtersOf(client)).toEqual(['a', '$SYS/#']);
  });

  it(`is denied beyond ${MAX_SUBSCRIPTIONS} filters; one that the client has may be renewed`, () => {
    const { connect, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    const subscriptions = Array.from({ length: MAX_SUBSCRIPTIONS + 1 }, (_, n) => ({
      filter: `a/${n}`,
      qos: 0 as const,
    }));
    deliveries.subscribe(client, {
      packetId: 1,
      subscriptions: [...subscriptions, { filter: 'a/0', qos: 1 }],
    });
    const granted = [...subscriptions.map((_, n) => (n < MAX_SUBSCRIPTIONS ? 0 : 128)), 1];
    expect(client.packets).toMatchObject([{ cmd: 'suback', granted }]);
    deliveries.unsubscribe(client, { packetId: 2, filters: ['a/1'] });
    deliveries.subscribe(client, { packetId: 3, subscriptions: [{ filter: 'b', qos: 2 }] });
    expect(client.packets.at(-1)).toMatchObject({ cmd: 'suback', granted: [2] });
  });

  it('again changes the QoS of the filter [MQTT-3.8.4-3]', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    subscribe(client, 'a', 0);
    publish('a', 'x');
    subscribe(client, 'a', 1);
    publish('a', 'y');
    expect(client.take()).toEqual(['suback 1', 'publish a=x q0', 'suback 2', 'publish a=y q1 1']);
    expect(deliveries.counters().subscriptions).toBe(1);
  });

  it('ends with UNSUBSCRIBE, which is answered also when nothing matches [MQTT-3.10.4-1, MQTT-3.10.4-5]', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    deliveries.unsubscribe(client, { packetId: 8, filters: ['a'] });
    subscribe(client, 'a', 1);
    deliveries.unsubscribe(client, { packetId: 9, filters: ['a/+', 'a'] });
    publish('a', 'x');
    expect(client.take()).toEqual(['unsuback 8', 'suback 1', 'unsuback 9']);
    expect(deliveries.isNeeded).toBe(false);
    expect(deliveries.counters().observers).toBe(0);
  });

  it('loses what new rules deny, which is counted', () => {
    const { connect, subscribe, publish, deliveries } = startDeliveries();
    const client = connect(CLEAN);
    for (const filter of ['a', 'b']) subscribe(client, filter, 0);
    client.take();
    client.denied.add('a');
    expect(deliveries.judgeAgain(client)).toEqual(['a']);
    client.denied.clear();
    expect(deliveries.judgeAgain(client)).toEqual([]);
    for (const topic of ['a', 'b']) publish(topic, 'x');
    expect(client.take()).toEqual(['publish b=x q0']);
    expect(client.denials).toHaveLength(1);
  });
});

describe('retained messages', () => {
  function withRetained(messages: Readonly<Record<string, string>>) {
    const retained = new FakeRetained();
    for (const [topic, payload] of Object.entries(messages)) retained.set(topic, Buffer.from(payload), 1);
    return { retained, ...startDeliveries({}, { retained }) };
  }

  it('follow each SUBACK, also a repeated one, with the retain flag and the lower QoS [MQTT-3.3.1-6, MQTT-3.3.1-8]', () => {
    const { connect, subscribe } = withRetained({ 'a/1': 'x', 'a/2': 'y', b: 'z' });
    const client = connect(CLEAN);
    subscribe(client, 'a/#', 2);
    expect(client.take()).toEqual(['suback 1', 'publish a/1=x q1 1 retain', 'publish a/2=y q1 2 retain']);
    subscribe(client, 'a/#', 0);
    expect(client.take()).toEqual(['suback 2', 'publish a/1=x q0 retain', 'publish a/2=y q0 retain']);
  });

  it('are not sent of topics that the client may not receive', () => {
    const { connect, subscribe } = withRetained({ 'a/1': 'x', 'a/2': 'y' });
    const client = connect(CLEAN);
    client.denied.add('a/1');
    subscribe(client, 'a/#', 0);
    expect(client.take()).toEqual(['suback 1', 'publish a/2=y q0 retain']);
  });

  it.each([0, 1] as const)(
    'come at QoS %i as fast as the client reads, all of them, each as it is when it is sent',
    async (qos) => {
      const topics = Array.from({ length: 1000 }, (_, n) => `a/${n}`);
      const { connect, subscribe, deliveries, retained } = withRetained(
        Object.fromEntries(topics.map((topic) => [topic, 'old'.padEnd(1024)])),
      );
      const client = connect(CLEAN);
      client.isFull = true;
      subscribe(client, 'a/#', qos);
      await nextTurns();
      expect(client.take()).toEqual(['suback 1']);
      for (const topic of topics) retained.set(topic, Buffer.from('new'.padEnd(1024)), 1);
      retained.set('a/0', Buffer.alloc(0), 0);
      client.isFull = false;
      deliveries.writable(client);
      const delivered = await drain(client, (id) => deliveries.puback(client, id));
      expect(delivered.map(({ topic }) => topic)).toEqual(topics.slice(1));
      expect(delivered.every(({ payload, retain }) => payload.startsWith('new') && retain)).toBe(true);
      expect(deliveries.counters().dropped).toBe(0);
    },
  );

  it('of which a durable session was sent only some come again when its client is back', async () => {
    const topics = Array.from({ length: 300 }, (_, n) => `a/${n}`);
    const { connect, subscribe, deliveries } = withRetained(
      Object.fromEntries(topics.map((topic) => [topic, 'x'])),
    );
    const client = connect();
    client.onPacket = () => {
      client.isFull = client.packets.length >= 10;
    };
    subscribe(client, 'a/#', 0);
    await nextTurns();
    expect(client.takeDelivered()).toHaveLength(9);
    deliveries.detach(client);
    const again = connect();
    expect((await drain(again, () => undefined)).map(({ topic }) => topic)).toEqual(topics);
    deliveries.detach(again);
    expect(await drain(connect(), () => undefined)).toEqual([]);
  });

  it('end with their subscription', async () => {
    const topics = Array.from({ length: 300 }, (_, n) => `a/${n}`);
    const { connect, subscribe, deliveries } = withRetained(
      Object.fromEntries(topics.map((topic) => [topic, 'x'])),
    );
    const client = connect(CLEAN);
    client.isFull = true;
    subscribe(client, 'a/#', 0);
    deliveries.unsubscribe(client, { packetId: 9, filters: ['a/#'] });
    client.isFull = false;
    deliveries.writable(client);
    await nextTurns();
    expect(client.take()).toEqual(['suback 1', 'unsuback 9']);
  });
});

/** Takes what comes until nothing more does, and answers it. */
async function drain(client: FakeOutlet, answer: (id: number) => void) {
  const all = [];
  for (;;) {
    await nextTurns();
    const delivered = client.takeDelivered();
    if (delivered.length === 0) return all;
    all.push(...delivered);
    for (const { id } of delivered) if (id !== undefined) answer(id);
  }
}
