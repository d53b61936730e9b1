import { describe, expect, it } from 'vitest';
import { RecordedRates } from '../../src/timeline/recorded-rates.js';

function recorded(
  seconds: number,
  perSecond: (s: number) => number,
  behindMs: (s: number) => number = () => 0,
) {
  const rates = new RecordedRates(500, { broker: 0 });
  let total = 0;
  for (let s = 1; s <= seconds; s += 1) {
    total += perSecond(s);
    // A timer is early and late by some ms.
    rates.add(500 + s * 1_000 + (s % 7) - 3, { broker: total }, behindMs(s));
  }
  return { rates, atMs: 500 + seconds * 1_000, total };
}

describe('the history of rates', () => {
  it('has one step a second for three minutes, whatever the timer does', () => {
    const { rates, atMs } = recorded(100, () => 50);
    const view = rates.view('3m', 1_000_000, atMs);
    expect(view).toMatchObject({ range: '3m', stepMs: 1_000 });
    expect(view.rates.broker).toHaveLength(100);
    for (const rate of view.rates.broker ?? []) expect(Math.abs(rate - 50)).toBeLessThan(0.5);
    expect(Math.abs(view.fromMs - 900_000)).toBeLessThan(10);
  });

  it('keeps a bounded number of steps of each length', () => {
    const { rates, atMs } = recorded(90_000, () => 10);
    const lengths = (['3m', '1h', '24h'] as const).map((range) => {
      const { rates: of, behindMs, stepMs } = rates.view(range, 0, atMs);
      return [of.broker?.length, behindMs.length, stepMs];
    });
    expect(lengths).toEqual([
      [180, 180, 1_000],
      [360, 360, 10_000],
      [288, 288, 300_000],
    ]);
  });

  it('has the mean rate and the greatest age of each step', () => {
    const { rates, atMs } = recorded(
      20,
      (s) => (s <= 10 ? 10 : 0),
      (s) => (s === 13 ? 9_000 : 5),
    );
    const { rates: of, behindMs } = rates.view('1h', 0, atMs);
    expect(of.broker?.map(Math.round)).toEqual([10, 0]);
    expect(behindMs).toEqual([5, 9_000]);
  });

  it('gives the steps that a machine has slept through their mean', () => {
    const rates = new RecordedRates(0, { sink: 0 });
    rates.add(1_000, { sink: 5 }, 0);
    rates.add(6_000, { sink: 15 }, 700);
    expect(rates.view('3m', 10_000, 6_000)).toMatchObject({
      fromMs: 4_000,
      rates: { sink: [5, 2, 2, 2, 2, 2] },
      behindMs: [0, 700, 700, 700, 700, 700],
    });
    rates.add(10_000_000, { sink: 15 }, 0);
    expect(rates.view('3m', 0, 0).behindMs).toHaveLength(180);
  });

  it('says when its last step was over, not when it is asked', () => {
    const { rates, atMs } = recorded(15, () => 1);
    expect(Math.abs(rates.view('1h', 100_000, atMs).fromMs - 85_000)).toBeLessThan(10);
  });
});
