import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floorToMs, spansOf, WindowSpans } from '../../src/windows/window-spans.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ZONES = [
  ...['Europe/Berlin', 'America/Sao_Paulo', 'America/Havana', 'Asia/Kathmandu', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'Africa/Cairo', 'America/New_York', 'Asia/Tehran', 'Pacific/Chatham'],
];

function dayAt(zone: string, time: string) {
  const { startMs, endMs } = new WindowSpans({ everyMs: DAY_MS, timezone: zone }).latestWith(
    Date.parse(time),
  );
  return { from: new Date(startMs).toISOString(), hours: (endMs - startMs) / HOUR_MS };
}

describe('a window of a fixed length', () => {
  it('begins with a multiple of it since 1970, also before 1970', () => {
    const spans = new WindowSpans({ everyMs: 300_000 });
    expect(spans.latestWith(300_000)).toEqual({ startMs: 300_000, endMs: 600_000 });
    expect(spans.latestWith(599_999)).toEqual({ startMs: 300_000, endMs: 600_000 });
    expect(spans.latestWith(-1)).toEqual({ startMs: -300_000, endMs: 0 });
  });

  it('overlaps others where its size is larger: a time falls into each of them', () => {
    const spans = new WindowSpans({ everyMs: 300_000 }, 900_000);
    expect(spans.allWith(900_000)).toEqual([
      { startMs: 900_000, endMs: 1_800_000 },
      { startMs: 600_000, endMs: 1_500_000 },
      { startMs: 300_000, endMs: 1_200_000 },
    ]);
    expect([...spans.within({ startMs: 900_000, endMs: 900_001 })].map(({ startMs }) => startMs)).toEqual([
      300_000, 600_000, 900_000,
    ]);
  });
});

describe('a day of a time zone', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00.000Z', 25],
    ['Europe/Berlin', '2026-10-26T12:00:00Z', '2026-10-25T23:00:00.000Z', 24],
    // Midnight was skipped: the day began at one o'clock.
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T03:00:00.000Z', 23],
    // At midnight the clocks went back to 23 o'clock of the day before.
    ['America/Sao_Paulo', '2019-02-16T12:00:00Z', '2019-02-16T02:00:00.000Z', 25],
    ['Australia/Lord_Howe', '2026-04-05T06:00:00Z', '2026-04-04T13:00:00.000Z', 24.5],
    ['Asia/Kathmandu', '2026-06-01T12:00:00Z', '2026-05-31T18:15:00.000Z', 24],
  ])('%s %s', (zone, time, from, hours) => {
    expect(dayAt(zone, time)).toEqual({ from, hours });
  });
});

it('every time lies in the window that is found for it, and windows follow one another without a gap', () => {
  const resolution = fc.oneof(
    fc.constantFrom(...ZONES).map((timezone) => ({ everyMs: DAY_MS, timezone })),
    fc.constantFrom(1_000, 60_000, 300_000, HOUR_MS, DAY_MS).map((everyMs) => ({ everyMs })),
  );
  const time = fc.integer({ min: Date.parse('1985-01-01'), max: Date.parse('2035-01-01') });
  fc.assert(
    fc.property(resolution, time, (one, timeMs) => {
      const spans = new WindowSpans(one);
      const span = spans.latestWith(timeMs);
      expect(span.startMs).toBeLessThanOrEqual(timeMs);
      expect(span.endMs).toBeGreaterThan(timeMs);
      expect(spans.latestWith(span.startMs)).toEqual(span);
      expect(spans.latestWith(span.endMs - 1)).toEqual(span);
      expect(spans.next(span).startMs).toBe(span.endMs);
      expect(spans.allWith(timeMs)).toEqual([span]);
    }),
    { numRuns: 500 },
  );
});

it('finds the windows of a time in ns, rounding down also before 1970', () => {
  expect(floorToMs(-1n)).toBe(-1);
  expect(floorToMs(1_999_999n)).toBe(1);
  expect(spansOf({ everyMs: 60_000 }, 120_000, 60_000_000_001n)).toEqual([
    { fromNs: 60_000_000_000n, toNs: 180_000_000_000n },
    { fromNs: 0n, toNs: 120_000_000_000n },
  ]);
});

it('refuses a time zone that does not exist', () => {
  expect(() => new WindowSpans({ everyMs: DAY_MS, timezone: 'Europe/Nowhere' })).toThrow(RangeError);
});
