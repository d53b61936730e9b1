import { describe, expect, it } from 'vitest';
import { electricity } from '../../../simulators/scenarios/electricity.js';
import { DAY_MS, HOUR_MS, mean, readingsOf, STORY_MS, sentBy } from '../story-readings.js';

interface Payload {
  readonly power: number;
  readonly voltage: number;
  readonly energy_today: number;
}

const BAKERY = 0;
const LIGHTING = 3;
const OFFICE = 4;
const PUMP = 5;
const LAST_DAY = { fromMs: STORY_MS - DAY_MS, toMs: STORY_MS };
const MIDNIGHT_MS = new Date(STORY_MS).setHours(0, 0, 0, 0);

function powerBetween(index: number, fromHour: number, toHour: number): number {
  const all = readingsOf<Payload>(electricity, index, LAST_DAY).filter(({ timestamp }) => {
    const hour = new Date(timestamp).getHours();
    return hour >= fromHour && hour < toHour;
  });
  return mean(all.map(({ power }) => power));
}

describe('electricity', () => {
  it('has working hours: bakeries at night, offices by day and not on Sundays, light in the dark', () => {
    expect(powerBetween(BAKERY, 3, 9)).toBeGreaterThan(3 * powerBetween(BAKERY, 18, 24));
    expect(powerBetween(OFFICE, 9, 12)).toBeGreaterThan(4 * powerBetween(OFFICE, 0, 6));
    expect(powerBetween(LIGHTING, 18, 22)).toBeGreaterThan(4 * powerBetween(LIGHTING, 11, 14));
    const sunday = new Date(2026, 10, 29, 9).getTime();
    const values = readingsOf<Payload>(electricity, OFFICE, { fromMs: sunday, toMs: sunday + 3 * HOUR_MS });
    expect(mean(values.map(({ power }) => power))).toBeLessThan(0.5);
  });

  it('stays plausible for days', () => {
    for (const index of [0, 1, 2, 3, 4, 5, 6, 40]) {
      const all = readingsOf<Payload>(electricity, index, {
        fromMs: STORY_MS - 8 * DAY_MS,
        toMs: STORY_MS,
        stepMs: HOUR_MS / 6,
      });
      for (const { power, voltage } of all) {
        expect(power).toBeGreaterThan(0);
        expect(power).toBeLessThan(18);
        expect(voltage).toBeGreaterThan(224);
        expect(voltage).toBeLessThan(238);
      }
    }
  });

  it('counts energy from midnight: it never falls within a day, and is the sum of the power', () => {
    const all = readingsOf<Payload>(electricity, BAKERY, {
      fromMs: MIDNIGHT_MS,
      toMs: STORY_MS,
      stepMs: 10_000,
    });
    expect(all[0]!.energy_today).toBe(0);
    for (const [at, { energy_today }] of all.entries()) {
      expect(energy_today).toBeGreaterThanOrEqual(all[at - 1]?.energy_today ?? 0);
    }
    const hours = (STORY_MS - MIDNIGHT_MS) / HOUR_MS;
    const expected = mean(all.map(({ power }) => power)) * hours;
    expect(Math.abs(all.at(-1)!.energy_today - expected)).toBeLessThan(0.01 * expected);
    const [before] = readingsOf<Payload>(electricity, BAKERY, {
      fromMs: MIDNIGHT_MS - 1000,
      toMs: MIDNIGHT_MS - 1,
    });
    expect(before!.energy_today).toBeGreaterThan(20);
  });

  it('has the same energy whichever readings were made before', () => {
    const alone = readingsOf<Payload>(electricity, BAKERY, { fromMs: STORY_MS, toMs: STORY_MS });
    const after = readingsOf<Payload>(electricity, BAKERY, LAST_DAY);
    expect(after.at(-1)).toEqual(alone[0]);
  });
});

describe('the pump', () => {
  it.each([5000, 625])(
    'sends nonsense every 100 s from 14 minutes before the story, with a reading each %i ms',
    (stepMs) => {
      const sent = sentBy(electricity, PUMP, {
        fromMs: STORY_MS - HOUR_MS,
        toMs: STORY_MS + HOUR_MS,
        stepMs,
      });
      const nonsense = sent.filter(({ text }) => text.includes('NaN') || text.startsWith('ERR'));
      // Once in 100 s for 45 minutes of the first hour, and for 14 minutes of the next one.
      expect(nonsense.length).toBeGreaterThanOrEqual(27 + 8);
      expect(nonsense.length).toBeLessThanOrEqual(28 + 9);
      const during = sent.filter(({ atMs }) => atMs >= nonsense[0]!.atMs && atMs < STORY_MS + 30 * 60_000);
      expect(during.every((one) => nonsense.includes(one))).toBe(true);
      expect(nonsense[0]!.atMs).toBeGreaterThanOrEqual(STORY_MS - 14 * 60_000);
      expect(nonsense[0]!.atMs).toBeLessThan(STORY_MS - 12 * 60_000);
      expect(new Set(nonsense.map(({ text }) => text.slice(0, 3)))).toEqual(new Set(['{"t', 'ERR']));
    },
  );

  it('is the only one', () => {
    for (const index of [0, 1, 2, 3, 4, 6]) {
      const texts = sentBy(electricity, index, { fromMs: STORY_MS - HOUR_MS, toMs: STORY_MS });
      for (const { text } of texts) expect(() => JSON.parse(text)).not.toThrow();
    }
  });
});
