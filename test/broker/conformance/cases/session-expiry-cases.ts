import { DISCONNECT, disconnect, puback, publish, subscribe } from '../bytes-of-packets.js';
import { contentType, sessionExpiry } from '../bytes-of-properties.js';
import { type CaseContext, type ConformanceCase, pass, propertyOf } from '../conformance-case.js';

/** A client with a subscription at QoS 1. */
async function subscribed(context: CaseContext, isClean: boolean, expirySeconds: number) {
  const topic = context.name('t');
  const clientId = context.name('id');
  const peer = await context.connected({ clientId, isClean, expirySeconds });
  peer.send(subscribe(1, [topic, 1]));
  await peer.expect('SUBACK 1 [1]');
  const back = (isPresent: boolean) => context.connected({ clientId, isClean: false }, isPresent);
  return { topic, peer, back };
}

export const SESSION_EXPIRY_CASES: readonly ConformanceCase[] = [
  {
    title: 'a session that began with a clean start is kept for its expiry interval',
    shows: { 5: '3.1.2-23 3.2.2-3 4.1.0-1' },
    run: async (context) => {
      const { topic, peer, back } = await subscribed(context, true, 3600);
      peer.send(DISCONNECT);
      await peer.expectClosed();
      const publisher = await context.connected();
      publisher.send(publish({ topic, qos: 1 }));
      await publisher.expect('PUBACK 1');
      const again = await back(true);
      await again.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title: 'a session without an expiry interval ends with its connection',
    shows: { 5: '4.1.0-2 3.2.2-3' },
    run: async (context) => {
      const { topic, peer, back } = await subscribed(context, false, 0);
      peer.cut();
      const again = await back(false);
      again.send(publish({ topic }));
      await again.expectNothing();
    },
  },
  {
    title: 'a session ends when its expiry interval is over',
    shows: { 5: '4.1.0-2' },
    waits: true,
    run: async (context) => {
      const { peer, back } = await subscribed(context, false, 1);
      peer.cut();
      await pass(3.2);
      await back(false);
    },
  },
  {
    title: 'a session does not end while its client is connected, whatever its expiry interval is',
    shows: { 5: '4.1.0-1' },
    waits: true,
    run: async (context) => {
      const { topic, peer } = await subscribed(context, false, 1);
      await pass(2.2);
      peer.send(publish({ topic }));
      await peer.expect(`PUBLISH q0 ${topic} = x`);
    },
  },
  {
    title: 'DISCONNECT may give a longer expiry interval than CONNECT had',
    shows: { 5: '3.1.2-23' },
    waits: true,
    run: async (context) => {
      const { peer, back } = await subscribed(context, false, 1);
      peer.send(disconnect(0, sessionExpiry(3600)));
      await peer.expectClosed();
      await pass(3.2);
      await back(true);
    },
  },
  {
    title: 'the expiry interval is that of the last connection',
    shows: { 5: '4.1.0-2 3.1.2-23' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      for (const [isPresent, expirySeconds] of [
        [false, 3600],
        [true, 3600],
        [true, 0],
        [false, 0],
      ] as const) {
        const peer = await context.connected({ clientId, isClean: false, expirySeconds }, isPresent);
        peer.send(subscribe(1, [topic, 1]));
        await peer.expect('SUBACK 1 [1]');
        peer.send(DISCONNECT);
        await peer.expectClosed();
      }
    },
  },
  {
    title: 'a session may go on in the other version',
    shows: { 5: '3.1.2-5 3.1.3-2' },
    run: async (context) => {
      const { topic, peer, back } = await subscribed(context, false, 3600);
      peer.cut();
      const publisher = await context.connected();
      for (const payload of ['one', 'two']) {
        publisher.send(publish({ topic, payload, qos: 1, properties: [contentType('a')] }));
        await publisher.expect('PUBACK 1');
      }
      const clientId = context.name('id');
      const old = context.open(undefined, 4);
      await context.accepted(old, { clientId, isClean: false }, true);
      const [one] = await old.expectEach(`PUBLISH q1 ${topic} = one`, `PUBLISH q1 ${topic} = two`);
      old.send(puback(one?.id ?? 0));
      await old.expectNothing();
      old.cut();
      await (await back(true)).expectWith(`PUBLISH q1 dup ${topic} = two`, 'contentType=a');
    },
  },
  {
    title: 'DISCONNECT may shorten the expiry interval, to 0, too',
    shows: { 5: '4.1.0-2' },
    run: async (context) => {
      const { peer, back } = await subscribed(context, false, 3600);
      peer.send(disconnect(0, sessionExpiry(0)));
      await peer.expectClosed();
      await back(false);
    },
  },
  {
    title: 'a DISCONNECT that gives an expiry interval to a session without one is a protocol error',
    shows: { 5: '4.13.1-1 3.14.2-1' },
    run: async (context) => {
      const { peer } = await subscribed(context, true, 0);
      await peer.expectFatal(disconnect(0, sessionExpiry(60)), 0x82);
    },
  },
  {
    title: 'a session expiry interval in CONNACK is not longer than what was asked for',
    shows: { 5: '3.1.2-23' },
    run: async (context) => {
      const peer = context.open();
      const connack = await context.accepted(peer, { clientId: context.name('id'), expirySeconds: 60 });
      context.equal(Number(propertyOf(connack, 'sessionExpiry') ?? 60) <= 60, true, 'it is not longer');
    },
  },
];
