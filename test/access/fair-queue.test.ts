import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/access/fair-queue.js';

function takeAll(queue: FairQueue<string>): string[] {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

describe('FairQueue', () => {
  it('takes the items of each sender in order, and the senders by turns', () => {
    const queue = new FairQueue<string>(10);
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add(item[0]!, item);
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    expect(queue.size).toBe(0);
  });

  it('refuses what comes last of a sender who fills it', () => {
    const queue = new FairQueue<string>(2);
    expect(queue.add('a', 'a1')).toBeUndefined();
    expect(queue.add('a', 'a2')).toBeUndefined();
    expect(queue.add('a', 'a3')).toBe('a3');
    expect(queue.size).toBe(2);
  });

  it('makes room for another sender where the most wait', () => {
    const queue = new FairQueue<string>(3);
    for (const item of ['a1', 'a2', 'a3']) queue.add('a', item);
    expect(queue.add('b', 'b1')).toBe('a3');
    expect(queue.add('b', 'b2')).toBe('b2');
    expect(takeAll(queue)).toEqual(['a1', 'b1', 'a2']);
  });
});
