import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { HandshakeQueue } from '../../../src/broker/transport/handshake-queue.js';
import { eventually } from '../../support/raw-client.js';

const HOUR_MS = 3_600_000;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function filled(count: number, options = { maxUnderWay: 1000, slotMs: HOUR_MS }) {
  const queue = new HandshakeQueue(options);
  const begun: { readonly index: number; readonly done: () => void }[] = [];
  const sockets = Array.from({ length: count }, () => new EventEmitter() as Socket);
  for (const [index, socket] of sockets.entries()) queue.add(socket, (done) => begun.push({ index, done }));
  return { queue, begun, sockets };
}

it('a few handshakes begin in each turn of the event loop, in the order of their connections [access 9]', async () => {
  const { queue, begun } = filled(10);
  expect(begun).toEqual([]);
  await nextTurn();
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.length).toBeLessThanOrEqual(4);
  await eventually(() => begun.length === 10);
  expect(begun.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect([queue.waiting, queue.underWay]).toEqual([0, 10]);
});

it('no more than the limit are under way, and none is lost [access 9]', async () => {
  const { queue, begun } = filled(50, { maxUnderWay: 5, slotMs: HOUR_MS });
  for (let i = 0; i < 30; i += 1) await nextTurn();
  expect([begun.length, queue.underWay, queue.waiting]).toEqual([5, 5, 45]);
  for (let next = 0; next < 50; next += 1) {
    await eventually(() => begun.length > next);
    begun[next]!.done();
    begun[next]!.done();
  }
  expect([begun.length, queue.underWay, queue.waiting]).toEqual([50, 0, 0]);
});

it('a connection that closes while it waits has no turn', async () => {
  const { begun, sockets } = filled(20, { maxUnderWay: 2, slotMs: HOUR_MS });
  await eventually(() => begun.length === 2);
  for (const socket of sockets.slice(2, 18)) socket.emit('close');
  for (const { done } of [...begun]) done();
  await eventually(() => begun.length === 4);
  expect(begun.map(({ index }) => index)).toEqual([0, 1, 18, 19]);
});

it('handshakes that wait for their clients do not hold up others for long', async () => {
  const { begun } = filled(6, { maxUnderWay: 2, slotMs: 1 });
  await eventually(() => begun.length === 6);
});
