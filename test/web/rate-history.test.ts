import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Sample {
  readonly atMs: number;
  readonly perSecond: number;
}
const { RateHistory, sparkPaths } = await pageModule<{
  RateHistory: new () => {
    add(name: string, atMs: number, perSecond: number | null): void;
    of(name: string): readonly Sample[];
    peak(name: string): number;
    seed(before: object): void;
    takeBefore(state: { nowMs: number; sampledAtMs: number }): void;
  };
  sparkPaths(
    samples: readonly Sample[],
    box: { width: number; height: number; nowMs: number; peak: number },
  ): { line: string; area: string };
}>('rate-history.js');

describe('RateHistory', () => {
  it('keeps three minutes, and no more samples than it has room for', () => {
    const history = new RateHistory();
    for (let at = 0; at <= 400_000; at += 1_000) history.add('log', at, at);
    expect(history.of('log').length).toBe(181);
    expect(history.of('log')[0]).toEqual({ atMs: 220_000, perSecond: 220_000 });
    for (let at = 0; at < 1_000; at += 1) history.add('quick', at, 1);
    expect(history.of('quick').length).toBe(400);
  });

  it('knows the highest rate, and takes an unknown one for no sample', () => {
    const history = new RateHistory();
    expect(history.peak('log')).toBe(0);
    history.add('log', 1, null);
    expect(history.of('log')).toEqual([]);
    history.add('log', 2, 7);
    history.add('log', 3, 5);
    expect(history.peak('log')).toBe(7);
  });

  it('begins with what the gateway knew, on the clock of the samples, and goes on from there', () => {
    const history = new RateHistory();
    history.add('log', 10, 99);
    history.seed({ stepMs: 1_000, fromMs: 700_000, rates: { log: [1, 2, 3], sink: [4] }, behindMs: [] });
    expect(history.of('log')).toHaveLength(1);
    history.takeBefore({ nowMs: 703_500, sampledAtMs: 60_000 });
    history.add('log', 60_000, 5);
    expect(history.of('log')).toEqual([
      { atMs: 57_500, perSecond: 1 },
      { atMs: 58_500, perSecond: 2 },
      { atMs: 59_500, perSecond: 3 },
      { atMs: 60_000, perSecond: 5 },
    ]);
    expect(history.peak('sink')).toBe(4);
    history.takeBefore({ nowMs: 704_500, sampledAtMs: 61_000 });
    expect(history.of('log')).toHaveLength(4);
  });

  it('starts again when the clock of the gateway did', () => {
    const history = new RateHistory();
    history.add('log', 50_000, 1);
    history.add('log', 10, 2);
    expect(history.of('log')).toEqual([{ atMs: 10, perSecond: 2 }]);
  });
});

describe('sparkPaths', () => {
  const box = { width: 180, height: 10, nowMs: 180_000, peak: 4 };

  it('draws the newest sample at the right edge and nothing per second at the bottom', () => {
    const samples = [
      { atMs: 178_000, perSecond: 0 },
      { atMs: 179_000, perSecond: 2 },
      { atMs: 180_000, perSecond: 4 },
    ];
    expect(sparkPaths(samples, box)).toEqual({
      line: 'M178 10L179 5L180 0',
      area: 'M178 10L178 10L179 5L180 0L180 10Z',
    });
  });

  it('leaves a gap where nothing was received, and draws no single point', () => {
    const samples = [0, 1_000, 60_000, 120_000, 121_000].map((atMs) => ({ atMs, perSecond: 4 }));
    expect(sparkPaths(samples, box).line).toBe('M0 0L1 0M120 0L121 0');
  });

  it('draws a line at the bottom while nothing flows', () => {
    const samples = [0, 1_000].map((atMs) => ({ atMs, perSecond: 0 }));
    expect(sparkPaths(samples, { ...box, peak: 0 }).line).toBe('M0 10L1 10');
  });
});
