import { describe, expect, it } from 'vitest';
import { type DayTotals, LedgerOfDay } from '../../src/timeline/ledger-of-day.js';

const NONE: DayTotals = {
  received: 0,
  written: 0,
  parked: 0,
  filtered: 0,
  lost: 0,
  buffered: 0,
  everParked: 0,
};
const at = (iso: string) => Date.parse(iso);
/** Midnight in Berlin. */
const MIDNIGHT = at('2026-11-29T23:00:00Z');
const NOON = at('2026-11-30T11:00:00Z');

describe('the ledger of the day', () => {
  it('counts from midnight of the zone', () => {
    const day = new LedgerOfDay('Europe/Berlin');
    day.look(MIDNIGHT - 1_000, NONE);
    const before = { ...NONE, received: 10, written: 6, parked: 1, buffered: 3, everParked: 1 };
    expect(day.look(MIDNIGHT + 300, before)).toBe(true);
    expect(day.look(MIDNIGHT + 1_300, before)).toBe(false);
    const now = { received: 30, written: 24, parked: 3, filtered: 2, lost: 1, buffered: 0, everParked: 3 };
    const today = day.today(now);
    expect(today).toEqual({
      sinceMs: MIDNIGHT,
      isWholeDay: true,
      received: 20,
      written: 18,
      parked: 2,
      filtered: 2,
      lost: 1,
      waitingBefore: 3,
    });
    expect(day.parkedToday(now)).toBe(2);
  });

  it('is that of the whole day after a restart on the same day', () => {
    const first = new LedgerOfDay('Europe/Berlin');
    first.look(MIDNIGHT - 1_000, NONE);
    first.look(MIDNIGHT, { ...NONE, received: 5 });
    const day = new LedgerOfDay('Europe/Berlin');
    day.load(first.start!);
    const totals = { ...NONE, received: 25 };
    expect(day.look(NOON, totals, NOON - 5_000)).toBe(false);
    expect(day.today(totals)).toMatchObject({ sinceMs: MIDNIGHT, isWholeDay: true, received: 20 });
  });

  it('is that of the whole day when nothing ran since midnight', () => {
    const yesterday = { dayMs: MIDNIGHT - 86_400_000, sinceMs: MIDNIGHT - 86_400_000, totals: NONE };
    const day = new LedgerOfDay('Europe/Berlin');
    day.load(yesterday);
    day.look(NOON, { ...NONE, received: 7 }, MIDNIGHT - 3_600_000);
    expect(day.today({ ...NONE, received: 9 })).toMatchObject({
      sinceMs: MIDNIGHT,
      isWholeDay: true,
      received: 2,
    });
  });

  it.each([
    ['records came since midnight', NOON - 60_000],
    ['nobody knows when the newest record came', undefined],
  ])('says since when it counts when it was not saved at midnight and %s', (_why, newestMs) => {
    const day = new LedgerOfDay('Europe/Berlin');
    day.load({ dayMs: MIDNIGHT - 86_400_000, sinceMs: 0, totals: NONE });
    day.look(NOON, { ...NONE, received: 7 }, newestMs);
    expect(day.today({ ...NONE, received: 9 })).toMatchObject({
      sinceMs: NOON,
      isWholeDay: false,
      received: 2,
    });
  });

  it('counts a new data directory from midnight, and one of a version before from now on', () => {
    const fresh = new LedgerOfDay('Europe/Berlin');
    fresh.look(NOON, NONE);
    expect(fresh.today(NONE)).toMatchObject({ sinceMs: MIDNIGHT, isWholeDay: true });
    const old = new LedgerOfDay('Europe/Berlin');
    old.look(NOON, { ...NONE, received: 1 }, MIDNIGHT - 1);
    expect(old.today(NONE)?.isWholeDay).toBe(false);
  });

  it('is not of the whole day when the machine slept over midnight, or its clock was set', () => {
    const day = new LedgerOfDay('Europe/Berlin');
    day.look(MIDNIGHT - 60_000, NONE);
    day.look(MIDNIGHT + 7_200_000, NONE);
    expect(day.today(NONE)).toMatchObject({ sinceMs: MIDNIGHT + 7_200_000, isWholeDay: false });
  });

  it('moves what was parked before today when a replay writes it, and still adds up', () => {
    const day = new LedgerOfDay('UTC');
    day.look(NOON, { ...NONE, received: 10, written: 5, parked: 5, everParked: 5 });
    const totals = { ...NONE, received: 10, written: 10, everParked: 5 };
    expect(day.today(totals)).toMatchObject({ received: 0, written: 5, parked: -5 });
    expect(day.parkedToday(totals)).toBe(0);
  });

  it('knows the night in which clocks are changed', () => {
    const day = new LedgerOfDay('Europe/Berlin');
    day.look(at('2026-03-29T12:00:00Z'), NONE);
    expect(day.start?.dayMs).toBe(at('2026-03-28T23:00:00Z'));
    day.look(at('2026-03-30T12:00:00Z'), NONE);
    expect(day.start?.dayMs).toBe(at('2026-03-29T22:00:00Z'));
  });
});
