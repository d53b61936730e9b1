import { puback, pubcomp, publish, pubrec, pubrel, subscribe } from '../bytes-of-packets.js';
import { maximumPacketSize, receiveMaximum } from '../bytes-of-properties.js';
import { type CaseContext, type ConformanceCase, propertyOf } from '../conformance-case.js';

const FIVE = ['1', '2', '3', '4', '5'];

/** A subscriber that takes two messages at a time, while five were published. */
async function withQuota(context: CaseContext, qos: number) {
  const topic = context.name('t');
  const reader = await context.connected({ properties: [receiveMaximum(2)] });
  reader.send(subscribe(1, [topic, qos]));
  await reader.expect(`SUBACK 1 [${qos}]`);
  const peer = await context.connected();
  for (const [n, payload] of FIVE.entries()) {
    peer.send(publish({ topic, payload, qos, id: n + 1 }));
    await peer.expect(`${qos === 1 ? 'PUBACK' : 'PUBREC'} ${n + 1}`);
    if (qos === 2) {
      peer.send(pubrel(n + 1));
      await peer.expect(`PUBCOMP ${n + 1}`);
    }
  }
  return { topic, reader };
}

export const FLOW_CONTROL_CASES: readonly ConformanceCase[] = [
  {
    title: 'a client has no more QoS 1 messages open than its receive maximum, and everything else goes on',
    shows: { 5: '3.3.4-9 3.3.4-10 4.9.0-1 4.9.0-2 4.9.0-3' },
    run: async (context) => {
      const { topic, reader } = await withQuota(context, 1);
      const [first] = await reader.expectEach(`PUBLISH q1 ${topic} = 1`, `PUBLISH q1 ${topic} = 2`);
      await reader.expectNothing();
      reader.send(
        subscribe(2, [context.name('other'), 0]),
        publish({ topic: context.name('other'), qos: 1 }),
      );
      await reader.expect('SUBACK 2 [0]');
      await reader.expectInAnyOrder('PUBACK 1', `PUBLISH q0 ${context.name('other')} = x`);
      reader.send(puback(first?.id ?? 0));
      let { id } = await reader.expect(`PUBLISH q1 ${topic} = 3`);
      await reader.expectNothing();
      for (const payload of ['4', '5']) {
        reader.send(puback(id));
        ({ id } = await reader.expect(`PUBLISH q1 ${topic} = ${payload}`));
      }
    },
  },
  {
    title: 'a QoS 2 message is open until its PUBCOMP, or a PUBREC that rejects it',
    shows: { 5: '3.3.4-9 4.9.0-2 4.3.3-4 4.4.0-2' },
    run: async (context) => {
      const { topic, reader } = await withQuota(context, 2);
      const [first, second] = await reader.expectEach(`PUBLISH q2 ${topic} = 1`, `PUBLISH q2 ${topic} = 2`);
      reader.send(pubrec(first?.id ?? 0));
      await reader.expect(`PUBREL ${first?.id}`);
      await reader.expectNothing();
      reader.send(pubcomp(first?.id ?? 0));
      await reader.expect(`PUBLISH q2 ${topic} = 3`);
      await reader.expectNothing();
      reader.send(pubrec(second?.id ?? 0, 0x80));
      await reader.expect(`PUBLISH q2 ${topic} = 4`);
      await reader.expectNothing();
    },
  },
  {
    title: 'a client that exceeds the receive maximum of CONNACK gets DISCONNECT 0x93',
    shows: { 5: '3.3.4-7 4.13.1-1' },
    run: async (context) => {
      const peer = context.open();
      const maximum = Number(propertyOf(await context.accepted(peer), 'receiveMaximum') ?? 65_535);
      const ids = Array.from({ length: maximum + 1 }, (_, n) => n + 1);
      // They stay open without PUBREL.
      peer.send(...ids.map((id) => publish({ topic: context.name('t'), qos: 2, id })));
      let answered = 0;
      for (;;) {
        const { line } = await peer.expectOneOf(`PUBREC ${answered + 1}`, 'DISCONNECT 0x93');
        if (line.startsWith('DISCONNECT')) break;
        answered += 1;
      }
      context.equal(answered <= maximum, true, 'no more than the maximum are answered');
      await peer.expectClosed();
    },
  },
  {
    title: 'what is too large for a client is discarded, and does not count as open',
    shows: { 5: '3.1.2-24 3.1.2-25' },
    run: async (context) => {
      const topic = context.name('t');
      const reader = await context.connected({ properties: [maximumPacketSize(100), receiveMaximum(1)] });
      reader.send(subscribe(1, [topic, 1]));
      await reader.expect('SUBACK 1 [1]');
      const peer = await context.connected();
      const [large, small] = ['y'.repeat(200), 'small'];
      for (const [n, payload] of [large, large, small].entries()) {
        peer.send(publish({ topic, payload, qos: 1, id: n + 1 }));
        await peer.expect(`PUBACK ${n + 1}`);
      }
      peer.send(publish({ topic, payload: large }), publish({ topic, payload: 'zero' }));
      await peer.expectNothing();
      await reader.expectInAnyOrder(`PUBLISH q1 ${topic} = small`, `PUBLISH q0 ${topic} = zero`);
      await reader.expectNothing();
    },
  },
  {
    title: 'a client that comes back with a smaller receive maximum has no more messages open than that',
    shows: { 5: '3.3.4-9 4.4.0-1' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      const peer = await context.connected();
      for (const [n, payload] of FIVE.entries()) peer.send(publish({ topic, payload, qos: 1, id: n + 1 }));
      await first.expectEach(...FIVE.map((payload) => `PUBLISH q1 ${topic} = ${payload}`));
      first.cut();
      const again = context.open();
      await context.accepted(again, { clientId, isClean: false, properties: [receiveMaximum(2)] }, true);
      const [one] = await again.expectEach(`PUBLISH q1 dup ${topic} = 1`, `PUBLISH q1 dup ${topic} = 2`);
      await again.expectNothing();
      again.send(puback(one?.id ?? 0));
      await again.expect(`PUBLISH q1 dup ${topic} = 3`);
      await again.expectNothing();
    },
  },
  {
    title: 'retained messages count for the receive maximum, too',
    shows: { 5: '3.3.4-9 3.3.1-9' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      for (const [n, level] of FIVE.entries()) {
        peer.send(
          publish({ topic: `${topic}/${level}`, payload: 'kept', qos: 1, id: n + 1, isRetained: true }),
        );
        await peer.expect(`PUBACK ${n + 1}`);
      }
      const reader = await context.connected({ properties: [receiveMaximum(1)] });
      reader.send(subscribe(1, [`${topic}/+`, 1]));
      await reader.expect('SUBACK 1 [1]');
      const left = new Set(FIVE.map((level) => `PUBLISH q1 retain ${topic}/${level} = kept`));
      while (left.size > 0) {
        const { line, id } = await reader.expectOneOf(...left);
        left.delete(line);
        await reader.expectNothing();
        reader.send(puback(id));
      }
      await reader.expectNothing();
    },
  },
  {
    title: 'what waits in a session and is too large for its client is discarded when it comes back',
    shows: { 5: '3.1.2-24 3.1.2-25' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 2]));
      await first.expect('SUBACK 1 [2]');
      first.cut();
      const peer = await context.connected();
      const large = publish({ topic, payload: 'y'.repeat(200), qos: 1, isRetained: true });
      peer.send(large, publish({ topic, payload: 'small', qos: 1, id: 2 }));
      await peer.expectEach('PUBACK 1', 'PUBACK 2');
      const again = context.open();
      await context.accepted(again, { clientId, isClean: false, properties: [maximumPacketSize(100)] }, true);
      await again.expect(`PUBLISH q1 ${topic} = small`);
      // The large one is the retained message.
      again.send(subscribe(2, [topic, 1]));
      await again.expect('SUBACK 2 [1]');
      await again.expectNothing();
    },
  },
  {
    title: 'a packet of just the maximum packet size of a client is sent',
    shows: { 5: '3.1.2-24' },
    run: async (context) => {
      const topic = context.name('t');
      const reader = await context.connected({ properties: [maximumPacketSize(100)] });
      reader.send(subscribe(1, [topic, 0]));
      await reader.expect('SUBACK 1 [0]');
      // Two bytes before the topic name, its length, and the length of the properties.
      const most = 'y'.repeat(100 - 2 - 2 - topic.length - 1);
      reader.send(publish({ topic, payload: `${most}y` }), publish({ topic, payload: most }));
      const { bytes } = await reader.expect(`PUBLISH q0 ${topic} = ${most}`);
      context.equal(bytes, 100, 'bytes');
    },
  },
  {
    title:
      'a PUBLISH above the maximum packet size of CONNACK is refused with 0x97, or ends the connection with 0x95',
    shows: { 5: '3.2.2-15' },
    run: async (context) => {
      const peer = context.open();
      const maximum = Number(propertyOf(await context.accepted(peer), 'maximumPacketSize'));
      peer.send(publish({ topic: context.name('t'), payload: 'y'.repeat(maximum), qos: 1 }));
      const { line } = await peer.expectOneOf('PUBACK 1 0x97', 'DISCONNECT 0x95');
      if (line.startsWith('DISCONNECT')) await peer.expectClosed();
      else await peer.expectNothing();
    },
  },
];
