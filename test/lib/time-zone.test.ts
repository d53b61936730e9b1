import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeZone } from '../../src/lib/time-zone.js';

const instant = (zone: string, wall: string) =>
  new Date(TimeZone.of(zone)!.instantOf(Date.parse(`${wall}Z`))).toISOString();

describe('TimeZone', () => {
  it.each([
    ['UTC', '2026-03-08T20:05:11', '2026-03-08T20:05:11.000Z', 'no offset'],
    ['Europe/Berlin', '2026-03-08T20:05:11', '2026-03-08T19:05:11.000Z', 'winter'],
    ['Europe/Berlin', '2026-07-08T20:05:11', '2026-07-08T18:05:11.000Z', 'summer'],
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z', 'the last second of winter'],
    [
      'Europe/Berlin',
      '2026-03-29T02:30:00',
      '2026-03-29T01:30:00.000Z',
      'left out: half an hour behind the change',
    ],
    ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z', 'the first second of summer'],
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00.000Z', 'comes twice: the first'],
    ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z', 'after it has come twice'],
    ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00.000Z', 'comes twice: the first'],
    ['Asia/Kathmandu', '2026-01-01T00:00:00', '2025-12-31T18:15:00.000Z', 'three quarters of an hour'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-10-03T15:45:00.000Z', 'a change of half an hour'],
    ['Pacific/Apia', '2011-12-29T23:30:00', '2011-12-30T09:30:00.000Z', 'before a day that never was'],
  ])('%s %s is %s: %s', (zone, wall, expected) => {
    expect(instant(zone, wall)).toBe(expected);
  });

  it.each(['Europe/Atlantis', '', 'CEST?'])('knows no zone %j', (name) => {
    expect(TimeZone.of(name)).toBeUndefined();
  });

  it('finds back every instant whose time of day comes once', () => {
    const zone = TimeZone.of('Europe/Berlin')!;
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'Europe/Berlin',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const wallOf = (ms: number) => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`);
    const seconds = fc.integer({ min: Date.UTC(1980, 0) / 1000, max: Date.UTC(2036, 0) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const ms = second * 1000;
        const found = zone.instantOf(wallOf(ms));
        expect(wallOf(found)).toBe(wallOf(ms));
        expect(found).toBeLessThanOrEqual(ms);
        expect(ms - found).toBeLessThanOrEqual(7_200_000);
      }),
      { numRuns: 2_000 },
    );
  });
});
