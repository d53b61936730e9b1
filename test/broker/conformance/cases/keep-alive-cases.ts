import type { ConformanceCase } from '../conformance-case.js';
import type { ScriptedPeer } from '../scripted-peer.js';

/** Answers PINGREQ after PINGREQ until the other connection has ended. */
async function pingUntil(peer: ScriptedPeer, ended: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  // It is awaited when the pings are over; until then it may fail.
  over.catch(() => undefined);
  while (!isOver) {
    await peer.expectNothing();
    // The other connection and the broker, which may be in this process, have their turn in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await over;
}

export const KEEP_ALIVE_CASES: readonly ConformanceCase[] = [
  {
    title:
      'a client that sends nothing in one and a half times its keep alive is closed as if it were gone; with packets, 0 or 65535 it is not',
    shows: { 4: '3.1.2-24', 5: '3.1.2-22 3.2.2-22' },
    waits: true,
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const others = [
        await context.connected({ keepAlive: 0 }),
        await context.connected({ keepAlive: 65_535 }),
      ];
      const lively = await context.connected({ keepAlive: 1 });
      const silent = await context.connected({ keepAlive: 1, will: { topic, payload: 'silent' } });
      await pingUntil(lively, silent.expectClosed(0x8d));
      await watcher.expect(`PUBLISH q0 ${topic} = silent`);
      for (const other of others) await other.expectNothing();
    },
  },
];
