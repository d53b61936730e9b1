import { expect, it } from 'vitest';
import { SenderBytes } from '../../src/dead-letter/sender-bytes.js';

it('a client gets the bytes of a file back when the file is gone', () => {
  const senders = new SenderBytes();
  senders.add(1, 'a', 10);
  senders.add(2, 'a', 5);
  senders.add(2, 'b', 7);
  expect([senders.of('a'), senders.of('b'), senders.of('c')]).toEqual([15, 7, 0]);
  senders.keepOnly([2]);
  expect([senders.of('a'), senders.of('b')]).toEqual([5, 7]);
  senders.keepOnly([]);
  expect([senders.of('a'), senders.of('b'), senders.counts]).toEqual([0, 0, 0]);
});

it('the table is bounded, and forgets the smallest senders first', () => {
  const senders = new SenderBytes(100);
  senders.add(0, 'flooder', 1_000_000);
  for (let n = 0; n < 10_000; n += 1) {
    senders.add(n % 3, `client-${n}`, 1);
    expect(senders.counts).toBeLessThanOrEqual(100);
  }
  expect(senders.of('flooder')).toBe(1_000_000);
});
