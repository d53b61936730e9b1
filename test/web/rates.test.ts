import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface RatesLike {
  add(sample: { startedAtMs: number; sampledAtMs: number; totals: Record<string, number> }): void;
  perSecond(name: string): number | null;
}
const { Rates } = await pageModule<{ Rates: new () => RatesLike }>('rates.js');

function ratesOf(samples: readonly (readonly [sampledAtMs: number, total: number])[]): RatesLike {
  const rates = new Rates();
  for (const [sampledAtMs, total] of samples)
    rates.add({ startedAtMs: 1, sampledAtMs, totals: { log: total } });
  return rates;
}

describe('Rates', () => {
  it('knows nothing from one sample', () => expect(ratesOf([[0, 500]]).perSecond('log')).toBeNull());

  it('divides by the time of the samples, not of their arrival', () => {
    expect(
      ratesOf([
        [0, 0],
        [2500, 1000],
      ]).perSecond('log'),
    ).toBe(400);
  });

  it('smooths the jumps of batches over five seconds', () => {
    const batches = [0, 0, 0, 5000, 5000, 5000].map((total, second) => [second * 1000, total] as const);
    expect(ratesOf(batches).perSecond('log')).toBe(1000);
  });

  it('forgets what is older than five seconds', () => {
    const burstThenQuiet = [0, 9000, 9000, 9000, 9000, 9000, 9000].map(
      (total, second) => [second * 1000, total] as const,
    );
    expect(ratesOf(burstThenQuiet).perSecond('log')).toBe(0);
  });

  it('starts again when the gateway was started again', () => {
    const rates = ratesOf([
      [0, 0],
      [1000, 9000],
    ]);
    rates.add({ startedAtMs: 2, sampledAtMs: 10, totals: { log: 5 } });
    expect(rates.perSecond('log')).toBeNull();
    rates.add({ startedAtMs: 2, sampledAtMs: 1010, totals: { log: 25 } });
    expect(rates.perSecond('log')).toBe(20);
  });
});
