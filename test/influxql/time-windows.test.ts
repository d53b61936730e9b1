import { describe, expect, it } from 'vitest';
import { TimeWindows } from '../../src/influxql/time-windows.js';
import { TimeZone } from '../../src/lib/time-zone.js';

const NS_PER_MS = 1_000_000n;
const HOUR_NS = 3_600_000_000_000n;
const at = (text: string) => BigInt(Date.parse(text)) * NS_PER_MS;
const text = (ns: bigint) => new Date(Number(ns / NS_PER_MS)).toISOString();

/** The windows from the one of `from` to that of `to`, as start and length in hours. */
function runs(windows: TimeWindows, from: string, to: string) {
  return windows.runs(at(from), at(to)).map(({ fromNs, toNs, everyNs }) => {
    const hours = Number(everyNs / (HOUR_NS / 2n)) / 2;
    return `${text(fromNs)} ${hours} h × ${(toNs - fromNs) / everyNs}`;
  });
}

describe('windows', () => {
  it('begin at multiples of their length since 1970, also before it, and are moved by the offset', () => {
    const windows = new TimeWindows(HOUR_NS, 0n, undefined);
    expect(text(windows.startNs(at('2026-10-20T10:59:59.999Z')))).toBe('2026-10-20T10:00:00.000Z');
    expect(text(windows.startNs(at('1969-12-31T23:30:00Z')))).toBe('1969-12-31T23:00:00.000Z');
    const moved = new TimeWindows(HOUR_NS, HOUR_NS / 4n, undefined);
    expect(text(moved.startNs(at('2026-10-20T10:10:00Z')))).toBe('2026-10-20T09:15:00.000Z');
    expect(moved.count(at('2026-10-20T10:10:00Z'), at('2026-10-20T10:15:00Z'))).toBe(2n);
  });

  it('of a day have 25 hours where clocks go back, and 23 where they go forward', () => {
    const days = new TimeWindows(24n * HOUR_NS, 0n, TimeZone.of('Europe/Berlin'));
    expect(runs(days, '2026-10-23T12:00:00Z', '2026-10-27T12:00:00Z')).toEqual([
      '2026-10-22T22:00:00.000Z 24 h × 2',
      '2026-10-24T22:00:00.000Z 25 h × 1',
      '2026-10-25T23:00:00.000Z 24 h × 2',
    ]);
    expect(text(days.startNs(at('2026-10-25T12:00:00Z')))).toBe('2026-10-24T22:00:00.000Z');
    expect(runs(days, '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z')).toEqual([
      '2026-03-27T23:00:00.000Z 24 h × 1',
      '2026-03-28T23:00:00.000Z 23 h × 1',
      '2026-03-29T22:00:00.000Z 24 h × 1',
    ]);
  });

  it('begin when the clocks of the zone show a multiple, also with half an hour', () => {
    const windows = new TimeWindows(6n * HOUR_NS, 0n, TimeZone.of('Asia/Kolkata'));
    expect(text(windows.startNs(at('2026-10-20T10:00:00Z')))).toBe('2026-10-20T06:30:00.000Z');
    expect(text(windows.endNs(at('2026-10-20T10:00:00Z')))).toBe('2026-10-20T12:30:00.000Z');
  });
});
