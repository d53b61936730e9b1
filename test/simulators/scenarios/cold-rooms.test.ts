import { describe, expect, it } from 'vitest';
import { coldRooms } from '../../../simulators/scenarios/cold-rooms.js';
import { DAY_MS, HOUR_MS, mean, readingsOf, STORY_MS, sentBy } from '../story-readings.js';

interface Payload {
  readonly temperature: number;
  readonly compressor: number;
  readonly door: boolean;
  readonly battery: number;
}

const LAST_DAY = { fromMs: STORY_MS - DAY_MS, toMs: STORY_MS };

function temperatures(index: number, fromMs: number, toMs: number): readonly number[] {
  return readingsOf<Payload>(coldRooms, index, { fromMs, toMs }).map(({ temperature }) => temperature);
}

describe('a cold room', () => {
  it('that is well stays within 2 to 8 °C, for weeks', () => {
    for (const index of [0, 1, 3, 4, 5, 7, 8, 30]) {
      const values = temperatures(index, STORY_MS - 20 * DAY_MS, STORY_MS + 2 * DAY_MS);
      expect(Math.min(...values)).toBeGreaterThan(2);
      expect(Math.max(...values)).toBeLessThan(8);
    }
  });

  it('has a compressor that runs now and then, and a door that people open at work', () => {
    const day = readingsOf<Payload>(coldRooms, 0, { ...LAST_DAY, stepMs: 10_000 });
    const runs = day.filter(({ compressor }) => compressor > 0).length / day.length;
    expect(runs).toBeGreaterThan(0.25);
    expect(runs).toBeLessThan(0.55);
    const opened = day.filter(({ door }) => door);
    expect(opened.length / day.length).toBeGreaterThan(0.005);
    expect(opened.length / day.length).toBeLessThan(0.12);
    for (const { timestamp } of opened) {
      expect(new Date(timestamp).getHours()).toBeGreaterThanOrEqual(5);
      expect(new Date(timestamp).getHours()).toBeLessThanOrEqual(20);
    }
  });

  it('does not jump from one reading to the next', () => {
    for (const index of [0, 6, 2]) {
      const values = readingsOf<Payload>(coldRooms, index, {
        ...LAST_DAY,
        toMs: STORY_MS + 12 * HOUR_MS,
        stepMs: 15_000,
      });
      for (const [at, { temperature }] of values.entries()) {
        const before = values[at - 1];
        if (before === undefined || values[at]!.timestamp - before.timestamp > 15_000) continue;
        expect(Math.abs(temperature - before.temperature)).toBeLessThan(0.3);
      }
    }
  });
});

describe('cold-07', () => {
  const hours = (from: number, to: number): readonly number[] =>
    temperatures(6, STORY_MS + from * HOUR_MS, STORY_MS + to * HOUR_MS);

  it('is well until seven hours before the story, then warms over hours, and is above 8 °C for the last one', () => {
    expect(Math.max(...hours(-24, -7))).toBeLessThan(6.5);
    const hourly = Array.from({ length: 7 }, (_, nth) => mean(hours(nth - 7, nth - 6)));
    for (const [nth, value] of hourly.entries()) {
      if (nth > 0) expect(value).toBeGreaterThan(hourly[nth - 1]!);
    }
    expect(Math.min(...hours(-1, 0))).toBeGreaterThan(8);
    expect(Math.max(...hours(-24, 9))).toBeLessThan(14);
  });

  it('runs its compressor without a pause meanwhile', () => {
    const last = readingsOf<Payload>(coldRooms, 6, { fromMs: STORY_MS - 6 * HOUR_MS, toMs: STORY_MS });
    expect(last.every(({ compressor }) => compressor > 300)).toBe(true);
  });

  it('is repaired half a day later, and has the same fault after a day', () => {
    expect(Math.max(...hours(12, 16))).toBeLessThan(6.5);
    expect(Math.min(...hours(23.5, 24))).toBeGreaterThan(8);
  });
});

describe('cold-03', () => {
  it('falls silent three hours before the story, with a battery that has run down', () => {
    const day = readingsOf<Payload>(coldRooms, 2, LAST_DAY);
    expect(day[0]!.timestamp).toBe(LAST_DAY.fromMs);
    const last = day.at(-1)!;
    expect(STORY_MS - last.timestamp).toBeGreaterThan(3 * HOUR_MS);
    expect(STORY_MS - last.timestamp).toBeLessThan(4 * HOUR_MS);
    expect(last.battery).toBe(9);
    expect(day[0]!.battery).toBeGreaterThan(40);
    // The others are far from that.
    expect(readingsOf<Payload>(coldRooms, 0, LAST_DAY).every(({ battery }) => battery > 50)).toBe(true);
  });

  it('says nothing for half a day more', () => {
    expect(sentBy(coldRooms, 2, { fromMs: STORY_MS, toMs: STORY_MS + 12 * HOUR_MS - 1 })).toEqual([]);
    expect(
      sentBy(coldRooms, 2, { fromMs: STORY_MS + 12 * HOUR_MS, toMs: STORY_MS + 13 * HOUR_MS }),
    ).toHaveLength(61);
  });
});
