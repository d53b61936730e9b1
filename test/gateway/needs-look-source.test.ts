import { describe, expect, test } from 'vitest';
import type { NeedsLook } from '../../src/devices/device-state.js';
import { NeedsLookSource } from '../../src/gateway/needs-look-source.js';

const answerOf = (asOfMs: number): NeedsLook => ({
  asOfMs,
  devices: 10,
  moreDevices: false,
  needLook: 2,
  found: 2,
  looks: [],
});

/** A source whose store takes `takesMs` for an answer; `store.answer` may be replaced. */
function source(takesMs = 0) {
  const time = { ms: 0 };
  let asked = 0;
  const store = {
    answer: async () => {
      time.ms += takesMs;
      return answerOf(time.ms);
    },
  };
  const waits: number[] = [];
  const needsLook = new NeedsLookSource({
    ask: () => {
      asked += 1;
      return store.answer();
    },
    monotonicMs: () => time.ms,
    pause: async (ms) => void waits.push(ms),
  });
  return { needsLook, store, time, waits, asked: () => asked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('what needs a look', () => {
  test('is asked for once by all who wait, and again after five seconds', async () => {
    const { needsLook, time, asked } = source();
    expect(await Promise.all([needsLook.get(), needsLook.get()])).toEqual([answerOf(0), answerOf(0)]);
    time.ms = 4_999;
    expect(await needsLook.get()).toEqual(answerOf(0));
    expect(asked()).toBe(1);
    time.ms = 5_000;
    // The next one is shown when it is there.
    expect(await needsLook.get()).toEqual(answerOf(0));
    await settled();
    expect(await needsLook.get()).toEqual(answerOf(5_000));
    expect(asked()).toBe(2);
  });

  test('is asked for at most for a tenth of the time', async () => {
    const { needsLook, time, asked } = source(2_000);
    await needsLook.get();
    time.ms = 2_000 + 17_999;
    await needsLook.get();
    expect(asked()).toBe(1);
    time.ms = 2_000 + 18_000;
    await needsLook.get();
    expect(asked()).toBe(2);
  });

  test('is as of the last answer while the store is away', async () => {
    const { needsLook, store, time } = source();
    await needsLook.get();
    store.answer = () => Promise.reject(new Error('away'));
    // Nobody waits for this one.
    time.ms = 6_000;
    expect(await needsLook.get()).toEqual(answerOf(0));
    await settled();
    time.ms = 100_000;
    expect(await needsLook.get()).toEqual(answerOf(0));
    await settled();
    expect(needsLook.counts(true)).toEqual({ known: 10, needLook: 2 });
  });

  test('after a while without a question is waited for, but not for long', async () => {
    const { needsLook, store, time, waits } = source();
    await needsLook.get();
    time.ms = 30_001;
    expect(await needsLook.get()).toEqual(answerOf(30_001));
    store.answer = () => new Promise(() => undefined);
    time.ms = 70_000;
    expect(await needsLook.get()).toEqual(answerOf(30_001));
    expect(waits).toEqual([3_000, 3_000]);
  });

  test('fails as the store does before the first answer, and is asked for again', async () => {
    const { needsLook, store, asked } = source();
    const { answer } = store;
    store.answer = () => Promise.reject(new Error('away'));
    await expect(needsLook.get()).rejects.toThrow('away');
    store.answer = answer;
    expect(await needsLook.get()).toEqual(answerOf(0));
    expect(asked()).toBe(2);
  });
});

test('its counts are null until they are known, and ask for nothing where nobody watches', async () => {
  const { needsLook, store, asked } = source();
  expect(needsLook.counts(false)).toBeNull();
  expect(asked()).toBe(0);
  const { answer } = store;
  store.answer = () => Promise.reject(new Error('away'));
  expect(needsLook.counts(true)).toBeNull();
  await settled();
  expect(needsLook.counts(true)).toBeNull();
  expect(asked()).toBe(1);
  store.answer = answer;
  await needsLook.get();
  expect(needsLook.counts(false)).toEqual({ known: 10, needLook: 2 });
});
