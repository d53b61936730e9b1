import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecentAnswers } from '../../src/lib/recent-answers.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Answers 1, 2, 3 … */
function counting() {
  let asked = 0;
  return () => Promise.resolve(++asked);
}

test('a caller that asks while an answer is awaited, or soon after it, gets the same', async () => {
  const answers = new RecentAnswers<number>(2_000, 9);
  let answer = (_value: number) => {};
  const slow = answers.get('q', () => new Promise((resolve) => (answer = resolve)));
  const ask = vi.fn(counting());
  await vi.advanceTimersByTimeAsync(60_000);
  const second = answers.get('q', ask);
  answer(7);
  expect([await slow, await second]).toEqual([7, 7]);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(await answers.get('q', ask)).toBe(7);
  expect(ask).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(answers.has('q')).toBe(false);
  expect(await answers.get('q', ask)).toBe(1);
});

test('another question has an answer of its own', async () => {
  const answers = new RecentAnswers<number>(2_000, 9);
  const ask = counting();
  expect([await answers.get('a', ask), await answers.get('b', ask), await answers.get('a', ask)]).toEqual([
    1, 2, 1,
  ]);
});

test('a failure goes to all who wait for it and is not kept', async () => {
  const answers = new RecentAnswers<number>(2_000, 9);
  const failing = () => Promise.reject(new Error('away'));
  const asked = await Promise.allSettled([answers.get('q', failing), answers.get('q', counting())]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await answers.get('q', counting())).toBe(1);
});

test('the oldest answer makes room, also one that is awaited, and does not push out its successor later', async () => {
  const answers = new RecentAnswers<number>(2_000, 2);
  let answer = (_value: number) => {};
  const slow = answers.get('a', () => new Promise((resolve) => (answer = resolve)));
  await answers.get('b', counting());
  await answers.get('c', counting());
  expect(['a', 'b', 'c'].map((key) => answers.has(key))).toEqual([false, true, true]);

  expect(await answers.get('a', counting())).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  answer(9);
  expect(await slow).toBe(9);
  expect(await answers.get('a', counting())).toBe(1);
});
