import { describe, expect, it } from 'vitest';
import { weather } from '../../../simulators/scenarios/weather.js';
import { DAY_MS, HOUR_MS, mean, readingsOf, STORY_MS, sentBy } from '../story-readings.js';

interface Payload {
  readonly temperature: number;
  readonly humidity: number;
  readonly pressure: number;
  readonly wind: number;
}

const AIRFIELD = 0;
const HARBOUR = 1;
const DYKE = 3;
const ORCHARD = 4;
const TODAY_MS = new Date(STORY_MS).setHours(0, 0, 0, 0);
const LAST_DAY = { fromMs: STORY_MS - DAY_MS, toMs: STORY_MS };

/** Hourly means of a field over some weeks. */
function hourly(index: number, field: keyof Payload, days = 40): readonly number[] {
  const all = readingsOf<Payload>(weather, index, {
    fromMs: STORY_MS - days * DAY_MS,
    toMs: STORY_MS,
    stepMs: HOUR_MS / 4,
  });
  return Array.from({ length: days * 24 }, (_, hour) =>
    mean(all.slice(4 * hour, 4 * hour + 4).map((one) => one[field])),
  );
}

function correlation(left: readonly number[], right: readonly number[]): number {
  const [leftMean, rightMean] = [mean(left), mean(right)];
  const product = (a: readonly number[], b: readonly number[], am: number, bm: number): number =>
    a.reduce((sum, value, at) => sum + (value - am) * (b[at]! - bm), 0);
  return (
    product(left, right, leftMean, rightMean) /
    Math.sqrt(product(left, left, leftMean, leftMean) * product(right, right, rightMean, rightMean))
  );
}

describe('the weather', () => {
  it('stays plausible all year, and is warmer in July than in January', () => {
    const year = new Date(2026, 0, 1).getTime();
    const monthly = Array.from({ length: 12 }, (_, month) => {
      const fromMs = year + month * 30.4 * DAY_MS;
      const all = readingsOf<Payload>(weather, AIRFIELD, {
        fromMs,
        toMs: fromMs + 30 * DAY_MS,
        stepMs: HOUR_MS / 2,
      });
      for (const { temperature, humidity, pressure, wind } of all) {
        expect(temperature).toBeGreaterThan(-15);
        expect(temperature).toBeLessThan(38);
        expect(humidity).toBeGreaterThan(15);
        expect(humidity).toBeLessThanOrEqual(100);
        expect(pressure).toBeGreaterThan(975);
        expect(pressure).toBeLessThan(1040);
        expect(wind).toBeGreaterThanOrEqual(0);
        expect(wind).toBeLessThan(35);
      }
      return mean(all.map(({ temperature }) => temperature));
    });
    expect(monthly[6]! - monthly[0]!).toBeGreaterThan(8);
  });

  it('has days: afternoons are warmer than the ends of nights, less so at the harbour', () => {
    const swing = (index: number): number => {
      const all = readingsOf<Payload>(weather, index, {
        fromMs: STORY_MS - 40 * DAY_MS,
        toMs: STORY_MS,
        stepMs: HOUR_MS,
      });
      const at = (hour: number) =>
        mean(
          all
            .filter(({ timestamp }) => new Date(timestamp).getHours() === hour)
            .map(({ temperature }) => temperature),
        );
      return at(14) - at(4);
    };
    expect(swing(AIRFIELD)).toBeGreaterThan(2);
    expect(swing(HARBOUR)).toBeLessThan(0.75 * swing(AIRFIELD));
  });

  it('is one weather: stations differ, and go up and down together', () => {
    for (const field of ['temperature', 'humidity', 'pressure', 'wind'] as const) {
      const airfield = hourly(AIRFIELD, field);
      const dyke = hourly(DYKE, field);
      expect(airfield).not.toEqual(dyke);
      expect(correlation(airfield, dyke)).toBeGreaterThan(0.8);
    }
  });

  it('has fronts: the wind is strongest when the pressure has fallen', () => {
    const pressure = hourly(HARBOUR, 'pressure');
    const wind = hourly(HARBOUR, 'wind');
    const fallen = wind.map((_, hour) => (hour < 8 ? 0 : pressure[hour]! - pressure[hour - 8]!));
    const strongest = [...wind.keys()].sort((one, other) => wind[other]! - wind[one]!).slice(0, 40);
    expect(mean(strongest.map((hour) => fallen[hour]!))).toBeLessThan(-3);
    expect(Math.max(...wind)).toBeGreaterThan(2 * mean(wind));
  });

  it('does not jump from one reading to the next', () => {
    const all = readingsOf<Payload>(weather, ORCHARD, { ...LAST_DAY, stepMs: 10_000 });
    for (const [at, { temperature, pressure }] of all.entries()) {
      const before = all[at - 1] ?? all[0]!;
      expect(Math.abs(temperature - before.temperature)).toBeLessThan(0.4);
      expect(Math.abs(pressure - before.pressure)).toBeLessThan(0.4);
    }
  });
});

describe('the orchard', () => {
  it.each([60_000, 1000])(
    'has nine readings that no air can have in the morning, with a reading each %i ms',
    (stepMs) => {
      const morning = { fromMs: TODAY_MS + 6 * HOUR_MS, toMs: TODAY_MS + 8 * HOUR_MS, stepMs };
      const above = readingsOf<Payload>(weather, ORCHARD, morning).filter(({ humidity }) => humidity > 100);
      expect(above).toHaveLength(9);
      for (const { humidity, timestamp } of above) {
        expect(humidity).toBeLessThan(101);
        expect([6, 7]).toContain(new Date(timestamp).getHours());
      }
    },
  );

  it('is the only one', () => {
    for (const index of [0, 1, 2, 3, 5, 6, 40]) {
      const values = readingsOf<Payload>(weather, index, LAST_DAY).map(({ humidity }) => humidity);
      expect(Math.max(...values)).toBeLessThanOrEqual(100);
    }
  });
});

describe('the dyke', () => {
  it.each([60_000, 1000])(
    'is away for 45 minutes of the evening before; one message breaks off (%i ms)',
    (stepMs) => {
      const evening = { fromMs: TODAY_MS - 6 * HOUR_MS, toMs: TODAY_MS, stepMs };
      const sent = sentBy(weather, DYKE, evening);
      const gaps = sent.flatMap(({ atMs }, at) => {
        const gapMs = atMs - (sent[at - 1]?.atMs ?? atMs);
        return gapMs > stepMs ? [{ atMs, gapMs }] : [];
      });
      expect(gaps).toHaveLength(1);
      expect(gaps[0]!.gapMs).toBeGreaterThanOrEqual(45 * 60_000);
      expect(gaps[0]!.gapMs).toBeLessThanOrEqual(47 * 60_000);
      expect(new Date(gaps[0]!.atMs - gaps[0]!.gapMs / 2).getHours()).toBe(20);
      const broken = sent.filter(({ text }) => !text.endsWith('}'));
      expect(broken.map(({ atMs }) => atMs)).toEqual([gaps[0]!.atMs - gaps[0]!.gapMs]);
    },
  );
});
