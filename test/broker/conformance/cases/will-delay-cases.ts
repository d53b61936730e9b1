import { disconnect } from '../bytes-of-packets.js';
import { reasonString, willDelay } from '../bytes-of-properties.js';
import { type CaseContext, type ConformanceCase, pass } from '../conformance-case.js';

/** A client whose will is delayed, and one that waits for it. */
async function withDelay(context: CaseContext, delaySeconds: number, expirySeconds: number) {
  const topic = context.name('will');
  const clientId = context.name('id');
  const watcher = await context.watching(topic);
  const will = { topic, qos: 1, properties: [willDelay(delaySeconds)] };
  const peer = await context.connected({ clientId, isClean: false, expirySeconds, will });
  const back = (isPresent: boolean, isClean = false) => context.connected({ clientId, isClean }, isPresent);
  return { topic, watcher, peer, back };
}

export const WILL_DELAY_CASES: readonly ConformanceCase[] = [
  {
    title: 'a will is published after its delay, and not before',
    shows: { 5: '3.1.2-8 3.1.2-7' },
    waits: true,
    run: async (context) => {
      const { topic, watcher, peer } = await withDelay(context, 1, 3600);
      peer.cut();
      await watcher.expectNothing();
      await watcher.expectWith(`PUBLISH q1 ${topic} = gone`);
    },
  },
  {
    title: 'a will is not published when its client is back before its delay, nor later',
    shows: { 5: '3.1.3-9 3.1.2-8' },
    waits: true,
    run: async (context) => {
      const { watcher, peer, back } = await withDelay(context, 2, 3600);
      peer.cut();
      await back(true);
      await pass(3.2);
      await watcher.expectNothing();
    },
  },
  {
    title: 'a will is published when its session ends before its delay',
    shows: { 5: '3.1.2-8' },
    waits: true,
    run: async (context) => {
      const atOnce = await withDelay(context, 3600, 0);
      atOnce.peer.cut();
      await atOnce.watcher.expect(`PUBLISH q1 ${atOnce.topic} = gone`);
    },
  },
  {
    title: 'a delayed will is not published when another connection takes over and goes on with the session',
    shows: { 5: '3.1.3-9 3.1.4-3' },
    waits: true,
    run: async (context) => {
      const { watcher, peer, back } = await withDelay(context, 1, 3600);
      await back(true);
      await peer.expectClosed(0x8e);
      await pass(2.2);
      await watcher.expectNothing();
    },
  },
  {
    title: 'a will is published when a clean start ends its session before its delay',
    shows: { 5: '3.1.2-8 3.1.2-4' },
    run: async (context) => {
      const { topic, watcher, peer, back } = await withDelay(context, 3600, 7200);
      peer.cut();
      await back(false, true);
      await watcher.expect(`PUBLISH q1 ${topic} = gone`);
    },
  },
  {
    title: 'DISCONNECT 0x00 discards a delayed will, too',
    shows: { 5: '3.14.4-3 3.1.2-10' },
    waits: true,
    run: async (context) => {
      const { watcher, peer } = await withDelay(context, 1, 3600);
      peer.send(disconnect(0));
      await peer.expectClosed();
      await pass(2.2);
      await watcher.expectNothing();
    },
  },
  ...[0x04, 0x80, 0x98].map((code) => ({
    title: `DISCONNECT 0x${code.toString(16).padStart(2, '0')} of a client publishes its will`,
    shows: { 5: '3.1.2-8 3.14.2-1' },
    run: async (context: CaseContext) => {
      const { topic, watcher, peer } = await withDelay(context, 0, 3600);
      peer.send(disconnect(code, reasonString('as asked')));
      await peer.expectClosed();
      await watcher.expect(`PUBLISH q1 ${topic} = gone`);
    },
  })),
];
