import { expect, it } from 'vitest';
import { ClientBytes } from '../../src/dead-letter/client-bytes.js';

it('a client gets the bytes of a file back when the file is gone', () => {
  const clients = new ClientBytes();
  clients.add(1, 'a', 10);
  clients.add(2, 'a', 5);
  clients.add(2, 'b', 7);
  expect([clients.of('a'), clients.of('b'), clients.of('c')]).toEqual([15, 7, 0]);
  clients.keepOnly([2]);
  expect([clients.of('a'), clients.of('b')]).toEqual([5, 7]);
  clients.keepOnly([]);
  expect([clients.of('a'), clients.of('b'), clients.counts]).toEqual([0, 0, 0]);
});

it('the table is bounded, and forgets the smallest clients first', () => {
  const clients = new ClientBytes(100);
  clients.add(0, 'flooder', 1_000_000);
  for (let n = 0; n < 10_000; n += 1) {
    clients.add(n % 3, `client-${n}`, 1);
    expect(clients.counts).toBeLessThanOrEqual(100);
  }
  expect(clients.of('flooder')).toBe(1_000_000);
});
