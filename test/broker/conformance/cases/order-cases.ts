import { publish, pubrec, pubrel } from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';

const TWENTY = Array.from({ length: 20 }, (_, n) => n + 1);

export const ORDER_CASES: readonly ConformanceCase[] = [
  {
    title: 'PUBACKs come in the order of their PUBLISHes',
    shows: { 4: '4.6.0-2', 5: '4.6.0-2' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(...TWENTY.map((id) => publish({ topic: context.name('t'), qos: 1, id })));
      await peer.expectEach(...TWENTY.map((id) => `PUBACK ${id}`));
    },
  },
  {
    title: 'PUBRECs come in the order of their PUBLISHes',
    shows: { 4: '4.6.0-3', 5: '4.6.0-3' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(...TWENTY.map((id) => publish({ topic: context.name('t'), qos: 2, id })));
      await peer.expectEach(...TWENTY.map((id) => `PUBREC ${id}`));
      peer.send(...TWENTY.map((id) => pubrel(id)));
      await peer.expectEach(...TWENTY.map((id) => `PUBCOMP ${id}`));
    },
  },
  {
    title: 'PUBRELs come in the order of their PUBRECs',
    shows: { 4: '4.6.0-4', 5: '4.6.0-4' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      for (const id of [1, 2, 3]) {
        peer.send(publish({ topic, payload: `${id}`, qos: 2, id }));
        await peer.expect(`PUBREC ${id}`);
        peer.send(pubrel(id));
        await peer.expect(`PUBCOMP ${id}`);
      }
      const sent = await watcher.expectEach(...[1, 2, 3].map((n) => `PUBLISH q2 ${topic} = ${n}`));
      const ids = [sent[2]?.id ?? 0, sent[0]?.id ?? 0, sent[1]?.id ?? 0];
      watcher.send(...ids.map((id) => pubrec(id)));
      await watcher.expectEach(...ids.map((id) => `PUBREL ${id}`));
    },
  },
  ...[0, 1].map((qos) => ({
    title: `messages of QoS ${qos} arrive in the order of their publisher`,
    shows: { 4: '4.6.0-5 4.6.0-6', 5: '4.6.0-6 4.6.0-5' },
    run: async (context: CaseContext) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(...TWENTY.map((n) => publish({ topic, payload: `${n}`, qos, ...(qos > 0 && { id: n }) })));
      await watcher.expectEach(...TWENTY.map((n) => `PUBLISH q${qos} ${topic} = ${n}`));
    },
  })),
];
