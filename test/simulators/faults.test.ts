import { describe, expect, it } from 'vitest';
import {
  chooseFault,
  malformedPayload,
  NO_FAULTS,
  READING_FAULTS,
  wrongClockMs,
} from '../../simulators/faults.js';
import { cities } from '../../simulators/scenarios/cities.js';
import { climate } from '../../simulators/scenarios/climate.js';
import { energy } from '../../simulators/scenarios/energy.js';

describe('chooseFault', () => {
  it('gives each fault about its share, none where none is asked', () => {
    const shares = { ...NO_FAULTS, late: 0.01, malformed: 0.05, wrongClock: 0.2 };
    const counts = Object.fromEntries(READING_FAULTS.map((fault) => [fault, 0]));
    const readings = 50_000;
    for (let tick = 0; tick < readings; tick++) {
      const fault = chooseFault(shares, 1, tick % 20, Math.floor(tick / 20));
      if (fault) counts[fault]!++;
    }
    for (const fault of READING_FAULTS) {
      // Four standard deviations of a binomial; the seed is fixed, so this either always holds or never.
      const slack = 4 * Math.sqrt(shares[fault] * (1 - shares[fault]) * readings);
      expect(Math.abs(counts[fault]! - shares[fault] * readings)).toBeLessThanOrEqual(slack);
    }
  });

  it('hits every reading at a share of 100 %', () => {
    for (let tick = 0; tick < 1000; tick++) {
      expect(chooseFault({ ...NO_FAULTS, malformed: 1 }, 1, 0, tick)).toBe('malformed');
    }
  });
});

describe('malformedPayload', () => {
  it('is never a JSON text, in any scenario', () => {
    const kinds = new Set<string>();
    for (const scenario of [cities, climate, energy]) {
      const device = scenario.device(0, { seed: 1, idPrefix: '', dayMs: 86_400_000, storyMs: 0 });
      for (let tick = 0; tick < 300; tick++) {
        const good = device.payload({
          tick,
          elapsedMs: tick,
          timestampMs: 1_700_000_000_000 + tick,
          stepMs: 1000,
        });
        const bad = malformedPayload(good, 1, 0, tick);
        expect(() => JSON.parse(bad.toString())).toThrow();
        kinds.add(typeof bad === 'string' ? bad.slice(0, 5) + bad.includes('nan') : 'bytes');
      }
    }
    expect(kinds.has('bytes')).toBe(true);
    expect(kinds.has('false')).toBe(true);
    expect(kinds.has('ERRORfalse')).toBe(true);
    expect([...kinds].some((kind) => kind.endsWith('true'))).toBe(true);
  });
});

it('a wrong clock was never set or is ten years ahead', () => {
  const now = Date.UTC(2026, 0, 31);
  const years = new Set<number>();
  for (let tick = 0; tick < 100; tick++) {
    years.add(new Date(wrongClockMs(now, 5000 + tick, 1, 0, tick)).getUTCFullYear());
  }
  expect([...years].sort()).toEqual([1970, 2036]);
});
