import { describe, expect, it } from 'vitest';
import { LogWatermark, ShardsWatermark } from '../../src/windows/watermark.js';
import { SetClock } from '../support/clock.js';

const NS_PER_MS = 1_000_000n;
const NOW_MS = 1_795_000_000_000;

function clockAtNow(): SetClock {
  const clock = new SetClock();
  clock.wallNs = BigInt(NOW_MS) * NS_PER_MS;
  return clock;
}
const at = (agoMs: number) => BigInt(NOW_MS - agoMs) * NS_PER_MS;

describe('the watermark of the log', () => {
  it('is the receive time of the last record, as long as records wait', () => {
    let isIdle = false;
    const watermark = new LogWatermark(() => isIdle, clockAtNow());
    expect(watermark.ms).toBe(Number.NEGATIVE_INFINITY);
    watermark.processed('log', at(3_600_000));
    expect(watermark.ms).toBe(NOW_MS - 3_600_000);
    // All are completed: the clock, but for the time that a record is on its way.
    isIdle = true;
    expect(watermark.ms).toBe(NOW_MS - 1_000);
    watermark.processed('log', at(200));
    expect(watermark.ms).toBe(NOW_MS - 200);
  });

  it('follows the clock back into a new epoch', () => {
    let isIdle = false;
    const watermark = new LogWatermark(() => isIdle, clockAtNow());
    watermark.processed('log', at(-7_200_000));
    expect(watermark.ms).toBe(NOW_MS + 7_200_000);
    isIdle = true;
    expect(watermark.ms).toBe(NOW_MS - 1_000);
    isIdle = false;
    watermark.processed('log', at(100));
    expect(watermark.ms).toBe(NOW_MS - 100);
  });
});

describe('the watermark of shards', () => {
  it('is that of the shard which is read slowest', () => {
    const shards = new Map([
      ['a', false],
      ['b', false],
    ]);
    const watermark = new ShardsWatermark(() => shards, clockAtNow());
    watermark.processed('a', at(1_000));
    expect(watermark.ms).toBe(Number.NEGATIVE_INFINITY);
    watermark.processed('b', at(60_000));
    expect(watermark.ms).toBe(NOW_MS - 60_000);
    watermark.processed('b', at(500));
    expect(watermark.ms).toBe(NOW_MS - 1_000);
  });

  it('counts a shard that is read to its end as now, also when it has no record for hours', () => {
    const shards = new Map([
      ['a', false],
      ['b', true],
    ]);
    const watermark = new ShardsWatermark(() => shards, clockAtNow());
    watermark.processed('a', at(2_000));
    watermark.processed('b', at(3_600_000));
    expect(watermark.ms).toBe(NOW_MS - 5_000);
    watermark.processed('b', at(100));
    expect(watermark.ms).toBe(NOW_MS - 2_000);
  });

  it('forgets a shard that is no longer read, and knows nothing without any', () => {
    const shards = new Map([
      ['a', false],
      ['b', false],
    ]);
    const watermark = new ShardsWatermark(() => shards, clockAtNow());
    watermark.processed('a', at(60_000));
    watermark.processed('b', at(1_000));
    shards.delete('a');
    expect(watermark.ms).toBe(NOW_MS - 1_000);
    shards.set('a', false);
    expect(watermark.ms).toBe(Number.NEGATIVE_INFINITY);
    shards.clear();
    expect(watermark.ms).toBe(Number.NEGATIVE_INFINITY);
  });

  it('is never ahead of the clock', () => {
    const watermark = new ShardsWatermark(() => new Map([['a', false]]), clockAtNow());
    watermark.processed('a', at(-60_000));
    expect(watermark.ms).toBe(NOW_MS);
  });
});
