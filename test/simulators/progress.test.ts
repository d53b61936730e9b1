import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { showHistory, showProgress } from '../../simulators/progress.js';
import { Tally } from '../../simulators/tally.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() };

it('rewrites one line a second on a terminal', () => {
  const written: string[] = [];
  const tally = new Tally();
  const end = showProgress(tally, { isTerminal: true, write: (text) => written.push(text) }, clock);
  tally.published = 100;
  tally.acknowledged = 90;
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['\r\x1b[Kpublished 100  acknowledged 90  100/s  in flight 10  reconnects 0']);
  end();
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(2);
});

it('writes a plain line every 5 s elsewhere', () => {
  const written: string[] = [];
  const end = showProgress(new Tally(), { isTerminal: false, write: (text) => written.push(text) }, clock);
  vi.advanceTimersByTime(14_999);
  expect(written).toHaveLength(2);
  expect(written[0]).toBe('published 0  acknowledged 0  0/s  in flight 0  reconnects 0\n');
  end();
});

it('shows how much of the history is sent, and leaves a line that says how much it was', () => {
  const written: string[] = [];
  const tally = new Tally();
  const end = showHistory(tally, 4000, { isTerminal: true, write: (text) => written.push(text) }, clock);
  tally.published = 1100;
  tally.acknowledged = 1000;
  vi.advanceTimersByTime(200);
  expect(written).toEqual(['\r\x1b[Khistory: 1,000 of 4,000 readings sent, 25 %']);
  tally.published = 4000;
  tally.acknowledged = 4000;
  vi.advanceTimersByTime(100);
  end();
  expect(written.at(-1)).toBe('\r\x1b[Khistory: 4,000 readings sent in 0.3 s\n');
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(2);
});

it('writes only that line elsewhere, if the history takes less than 5 s', () => {
  const written: string[] = [];
  const end = showHistory(new Tally(), 10, { isTerminal: false, write: (text) => written.push(text) }, clock);
  vi.advanceTimersByTime(4999);
  end();
  expect(written).toEqual(['history: 0 readings sent in 5.0 s\n']);
});
