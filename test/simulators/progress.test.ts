import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { showProgress } from '../../simulators/progress.js';
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
