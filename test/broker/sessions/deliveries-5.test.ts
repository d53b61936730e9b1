import type mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import {
  NO_SESSION_EXPIRY,
  type QoS,
  type SubscriptionOptions,
} from '../../../src/broker/protocol/packets.js';
import { nextTurns, type StartedDeliveries, startDeliveries } from '../../support/deliveries-fixture.js';
import { FakeOutlet, type FakeOutletOptions } from '../../support/fake-outlet.js';
import { FakeRetained } from '../../support/fake-retained.js';
import { MemoryJournal } from '../../support/memory-journal.js';

const OFF: SubscriptionOptions = {
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
  identifier: undefined,
};

class SetClock {
  ms = 1_796_000_000_000;
  nowNs(): bigint {
    return BigInt(this.ms) * 1_000_000n;
  }
  monotonicMs(): number {
    return this.ms;
  }
}

/** A client of MQTT 5 that is connected. */
function connect5(
  { deliveries }: StartedDeliveries,
  options: FakeOutletOptions & { readonly expirySeconds?: number; readonly isCleanStart?: boolean } = {},
): FakeOutlet {
  const { expirySeconds = 0, isCleanStart = false, ...outletOptions } = options;
  const outlet = new FakeOutlet({ ...outletOptions, level: 5 });
  deliveries.attach(outlet, { isCleanStart, expirySeconds });
  deliveries.begin(outlet);
  return outlet;
}

function subscribe5(
  { deliveries }: StartedDeliveries,
  outlet: FakeOutlet,
  filter: string,
  qos: QoS,
  options: Partial<SubscriptionOptions> = {},
): void {
  deliveries.subscribe(outlet, {
    packetId: 1,
    subscriptions: [{ filter, qos, options: { ...OFF, ...options } }],
  });
}

function published(outlet: FakeOutlet): mqttPacket.IPublishPacket[] {
  return outlet.packets.splice(0).filter((packet) => packet.cmd === 'publish');
}

describe('deliveries to a client of MQTT 5', () => {
  it.each([0, 1, 2] as const)('at QoS %i have the properties of the message; others do not', (qos) => {
    const started = startDeliveries({}, { clock: new SetClock() });
    const five = connect5(started, { clientId: 'five' });
    const four = started.connect({ clientId: 'four', isClean: true });
    subscribe5(started, five, '#', 2, { identifier: 300 });
    started.subscribe(four, '#', 2);
    four.take();
    five.take();
    const properties = {
      isText: true,
      expirySeconds: 60,
      contentType: 'text/csv',
      responseTopic: 'r',
      correlationData: Buffer.from('c'),
      userProperties: [['a', '1']] as const,
    };
    started.publish('a', 'x', { qos, properties });
    expect(published(five)).toMatchObject([
      {
        topic: 'a',
        qos,
        properties: {
          payloadFormatIndicator: true,
          messageExpiryInterval: 60,
          contentType: 'text/csv',
          responseTopic: 'r',
          correlationData: Buffer.from('c'),
          userProperties: { a: '1' },
          subscriptionIdentifier: 300,
        },
      },
    ]);
    expect(four.take()).toEqual([`publish a=x q${qos}${qos === 0 ? '' : ' 1'}`]);
  });

  it('say what is left of the message expiry interval, and expired ones are dropped and counted [MQTT-3.3.2-5, MQTT-3.3.2-6]', async () => {
    const clock = new SetClock();
    const started = startDeliveries({}, { clock });
    const client = connect5(started, { expirySeconds: 3600 });
    subscribe5(started, client, '#', 1);
    await nextTurns();
    started.deliveries.detach(client, { expirySeconds: 3600 });
    started.publish('a', 'short', { properties: { expirySeconds: 10 } });
    started.publish('a', 'long', { properties: { expirySeconds: 60 } });
    clock.ms += 10_500;
    const again = connect5(started, { expirySeconds: 3600 });
    expect(published(again)).toMatchObject([
      { payload: Buffer.from('long'), properties: { messageExpiryInterval: 50 } },
    ]);
    expect(started.deliveries.counters()).toMatchObject({ expired: 1, queuedMessages: 1 });
  });

  it.each([1, 2] as const)(
    'that wait for a clean session at QoS %i keep their properties, expire, and must fit, too [MQTT-3.3.2-5, MQTT-3.3.2-6]',
    (qos) => {
      const clock = new SetClock();
      const started = startDeliveries({}, { clock });
      const client = connect5(started, { receiveMaximum: 1, maximumPacketBytes: 90 });
      subscribe5(started, client, '#', 2, { identifier: 300 });
      const userProperties = [['unit', 'K']] as const;
      started.publish('first', 'x', { qos });
      started.publish('a', 'short', { qos, properties: { expirySeconds: 10 } });
      started.publish('a', 'x'.repeat(90), { qos });
      started.publish('a', 'long', { qos, properties: { expirySeconds: 60, userProperties } });
      started.publish('größe', 'for ever', { qos });
      clock.ms += 10_500;
      const sent: mqttPacket.IPublishPacket[] = [];
      for (const [first] = published(client); sent.length < 3; ) {
        const packet = sent.length === 0 ? first! : published(client)[0]!;
        sent.push(packet);
        if (qos === 1) started.deliveries.puback(client, packet.messageId!);
        else {
          started.deliveries.pubrec(client, packet.messageId!, 0);
          started.deliveries.pubcomp(client, packet.messageId!);
        }
      }
      expect(sent).toMatchObject([
        { topic: 'first', qos, dup: false },
        {
          topic: 'a',
          payload: Buffer.from('long'),
          qos,
          properties: {
            messageExpiryInterval: 50,
            userProperties: { unit: 'K' },
            subscriptionIdentifier: 300,
          },
        },
        { topic: 'größe', payload: Buffer.from('for ever'), properties: { subscriptionIdentifier: 300 } },
      ]);
      expect(sent[2]!.properties).not.toHaveProperty('messageExpiryInterval');
      expect(started.deliveries.counters()).toMatchObject({
        sent: 3,
        expired: 1,
        tooLarge: 1,
        queuedMessages: 0,
        queuedBytes: 0,
      });
    },
  );

  it('that was sent at QoS 2, and no longer fits when the client is back, is released, not forgotten', async () => {
    const started = startDeliveries();
    const client = connect5(started, { expirySeconds: 60 });
    subscribe5(started, client, '#', 2);
    await nextTurns();
    started.publish('a', 'x'.repeat(100), { qos: 2 });
    await nextTurns();
    const [sent] = published(client);
    started.deliveries.detach(client, { expirySeconds: 60 });
    const again = connect5(started, { expirySeconds: 60, maximumPacketBytes: 30 });
    await nextTurns();
    expect(again.packets).toMatchObject([{ cmd: 'pubrel', messageId: sent!.messageId }]);
    started.deliveries.pubcomp(again, sent!.messageId!);
    expect(started.deliveries.counters().queuedMessages).toBe(0);
  });

  it('are not sent when they are larger than the client takes, and count as delivered [MQTT-3.1.2-24, MQTT-3.1.2-25]', () => {
    const started = startDeliveries();
    const client = connect5(started, { maximumPacketBytes: 30, expirySeconds: 60 });
    subscribe5(started, client, '#', 1);
    for (const qos of [0, 1] as const) started.publish('a', 'x'.repeat(30), { qos });
    started.publish('a', 'fits');
    expect(published(client).map(({ payload }) => payload.toString())).toEqual(['fits']);
    expect(started.deliveries.counters()).toMatchObject({ tooLarge: 2, queuedMessages: 1 });
  });

  it.each([0, 60])(
    'are at most receive maximum without an answer, with session expiry %i [MQTT-3.3.4-9]',
    (expirySeconds) => {
      const started = startDeliveries();
      const client = connect5(started, { receiveMaximum: 2, expirySeconds });
      subscribe5(started, client, '#', 1);
      for (const payload of ['1', '2', '3']) started.publish('a', payload);
      const first = published(client);
      expect(first.map(({ payload }) => payload.toString())).toEqual(['1', '2']);
      started.deliveries.puback(client, first[0]!.messageId!);
      expect(published(client).map(({ payload }) => payload.toString())).toEqual(['3']);
      if (expirySeconds === 0) return;
      started.deliveries.detach(client, { expirySeconds });
      // It takes less now than what is in flight.
      const again = connect5(started, { receiveMaximum: 1, expirySeconds });
      expect(published(again)).toMatchObject([{ payload: Buffer.from('2'), dup: true }]);
      started.deliveries.puback(again, first[1]!.messageId!);
      expect(published(again)).toMatchObject([{ payload: Buffer.from('3'), dup: true }]);
    },
  );

  it('answer a PUBREC of an unknown packet id with 0x92', () => {
    const started = startDeliveries();
    const client = connect5(started);
    started.deliveries.pubrec(client, 7, 0);
    expect(client.packets).toMatchObject([{ cmd: 'pubrel', messageId: 7, reasonCode: 0x92 }]);
  });
});

describe('subscriptions of MQTT 5', () => {
  it('are answered with a reason code per filter', () => {
    const started = startDeliveries();
    const client = connect5(started);
    client.denied.add('secret');
    const filters = ['a', 'secret', '$share/g/a', '/'.repeat(100)];
    const subscriptions = filters.map((filter) => ({ filter, qos: 1 as const }));
    started.deliveries.subscribe(client, { packetId: 5, subscriptions });
    started.deliveries.unsubscribe(client, { packetId: 6, filters: ['a', 'a'] });
    expect(client.packets).toMatchObject([
      { cmd: 'suback', granted: [1, 0x87, 0x9e, 0x8f] },
      { cmd: 'unsuback', granted: [0, 0x11] },
    ]);
  });

  it('beyond the limit are answered with 0x97', () => {
    const started = startDeliveries();
    const client = connect5(started);
    const subscriptions = Array.from({ length: 101 }, (_, n) => ({ filter: `${n}`, qos: 0 as const }));
    started.deliveries.subscribe(client, { packetId: 5, subscriptions });
    expect(client.packets).toMatchObject([{ granted: [...Array<number>(100).fill(0), 0x97] }]);
  });

  it('with no local leave out what the client has published, also through another connection [MQTT-3.8.3-3]', () => {
    const started = startDeliveries();
    const client = connect5(started, { clientId: 'own' });
    const other = connect5(started, { clientId: 'other' });
    subscribe5(started, client, '#', 1, { isNoLocal: true });
    client.take();
    for (const publisher of [client, new FakeOutlet({ clientId: 'own' }), other, undefined])
      started.publish('a', publisher?.clientId ?? 'nobody', { qos: 0, publisher });
    expect(published(client).map(({ payload }) => payload.toString())).toEqual(['other', 'nobody']);
  });

  it('keep the retain flag with retain as published [MQTT-3.3.1-12, MQTT-3.3.1-13]', () => {
    const started = startDeliveries();
    const [as, not] = [true, false].map((isRetainAsPublished, n) => {
      const client = connect5(started, { clientId: `${n}` });
      subscribe5(started, client, '#', 1, { isRetainAsPublished });
      client.take();
      return client;
    }) as [FakeOutlet, FakeOutlet];
    for (const isRetained of [true, false]) started.publish('a', 'x', { qos: 0, isRetained });
    expect(published(as).map(({ retain }) => retain)).toEqual([true, false]);
    expect(published(not).map(({ retain }) => retain)).toEqual([false, false]);
  });

  it.each([
    [0, 2],
    [1, 1],
    [2, 0],
  ] as const)(
    'with retain handling %i get the retained messages %i times of two',
    (retainHandling, times) => {
      const retained = new FakeRetained();
      retained.set('a', Buffer.from('x'), 1, { contentType: 'text/plain' });
      const started = startDeliveries({}, { retained });
      const client = connect5(started);
      for (let n = 0; n < 2; n += 1) subscribe5(started, client, '#', 0, { retainHandling, identifier: 9 });
      const expected = { retain: true, properties: { contentType: 'text/plain', subscriptionIdentifier: 9 } };
      expect(published(client)).toMatchObject(Array<object>(times).fill(expected));
    },
  );

  it('name all identifiers that match in one message [MQTT-3.3.4-4]', () => {
    const started = startDeliveries();
    const client = connect5(started);
    subscribe5(started, client, 'a/#', 0, { identifier: 1 });
    subscribe5(started, client, 'a/+', 1, { identifier: 268_435_455 });
    client.take();
    started.publish('a/b', 'x', { qos: 1 });
    const [packet] = published(client);
    expect(packet!.qos).toBe(1);
    expect((packet!.properties!.subscriptionIdentifier as number[]).toSorted()).toEqual([1, 268_435_455]);
  });

  it('and what is owed survive a restart with options, identifiers, properties and expiry', async () => {
    const clock = new SetClock();
    const started = startDeliveries({}, { clock });
    const client = connect5(started, { expirySeconds: 3600 });
    subscribe5(started, client, '#', 1, { isNoLocal: true, isRetainAsPublished: true, identifier: 5 });
    await nextTurns();
    started.deliveries.detach(client, { expirySeconds: 3600 });
    started.publish('a', 'x', { isRetained: true, properties: { expirySeconds: 100, contentType: 't' } });
    started.publish('a', 'own', { publisher: client });
    await nextTurns();
    for (const compacts of [false, true]) {
      if (compacts) started.journal.compact(started.deliveries.snapshot());
      started.journal.commit();
      const later = startDeliveries({}, { clock }, new MemoryJournal(started.journal.durable));
      const again = connect5(later, { expirySeconds: 3600 });
      expect(published(again)).toMatchObject([
        {
          payload: Buffer.from('x'),
          retain: true,
          properties: { messageExpiryInterval: 100, contentType: 't', subscriptionIdentifier: 5 },
        },
      ]);
      later.publish('b', 'own', { publisher: again });
      expect(published(again)).toEqual([]);
    }
  });
});

describe('the expiry of a session', () => {
  it.each([
    [60, 60],
    [3600, 1000],
    [NO_SESSION_EXPIRY, 1000],
  ])('of %i seconds is granted up to what is configured: %i', (expirySeconds, granted) => {
    const { deliveries } = startDeliveries({ expiryMs: 1_000_000 });
    const outlet = new FakeOutlet({ level: 5 });
    const session = deliveries.attach(outlet, { isCleanStart: true, expirySeconds });
    expect(session).toEqual({ isPresent: false, expirySeconds: granted });
  });

  it('is counted from the end of the connection, and what DISCONNECT says counts', () => {
    const clock = new SetClock();
    const started = startDeliveries({}, { clock });
    const outlet = new FakeOutlet({ level: 5 });
    const come = (expirySeconds: number) =>
      started.deliveries.attach(outlet, { isCleanStart: false, expirySeconds }).isPresent;
    expect(come(10)).toBe(false);
    clock.ms += 60_000;
    started.deliveries.detach(outlet, { expirySeconds: 10 });
    clock.ms += 9_999;
    expect(come(10)).toBe(true);
    started.deliveries.detach(outlet, { expirySeconds: 20 });
    clock.ms += 19_000;
    expect(come(10)).toBe(true);
    started.deliveries.detach(outlet, { expirySeconds: 10 });
    clock.ms += 10_000;
    expect(come(10)).toBe(false);
    started.deliveries.detach(outlet, { expirySeconds: 0 });
    expect(come(10)).toBe(false);
    expect(started.deliveries.counters().sessions).toBe(1);
  });

  it('is kept across a restart; of a session whose connection the crash has ended it begins then', async () => {
    const clock = new SetClock();
    const started = startDeliveries({}, { clock });
    for (const [clientId, expirySeconds] of [
      ['short', 10],
      ['long', 100],
    ] as const)
      connect5(started, { clientId, expirySeconds });
    await nextTurns();
    started.journal.commit();
    clock.ms += 50_000;
    const later = startDeliveries({}, { clock }, new MemoryJournal(started.journal.durable));
    expect(later.deliveries.counters().sessions).toBe(2);
    clock.ms += 10_000;
    const long = new FakeOutlet({ clientId: 'long', level: 5 });
    expect(later.deliveries.attach(long, { isCleanStart: false, expirySeconds: 100 }).isPresent).toBe(true);
    expect(later.deliveries.counters().sessions).toBe(1);
  });
});
