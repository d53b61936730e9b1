import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_WAITING_SAMPLES, OwnMetrics } from '../../src/metrics/own-metrics.js';
import type { Point } from '../../src/sink/sink.js';

const INTERVAL_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Each sample is one point whose value is its number; the store answers as `store.answer` says. */
function setUp() {
  let samples = 0;
  const written: Point[][] = [];
  const store = { answer: (): Promise<number> => Promise.resolve(0) };
  const own = new OwnMetrics(
    { intervalMs: INTERVAL_MS, measurement: 'sluice', instance: 'h' },
    {
      read: async () => {
        samples += 1;
        return [
          { name: 'sluice_n', help: 'h', kind: 'gauge', values: [{ labels: {}, value: samples }] },
        ] as const;
      },
      write: async (points) => {
        const refused = await store.answer();
        written.push([...points]);
        return refused;
      },
      clock: { nowNs: () => BigInt(Date.now()) * 1_000_000n, monotonicMs: () => Date.now() },
    },
  );
  const intervals = (count: number) => vi.advanceTimersByTimeAsync(count * INTERVAL_MS);
  const values = () => written.flat().map(({ fields }) => fields[0]!.value);
  return { own, store, written, intervals, values };
}

/** A store that is away until told otherwise: like the sink, a write waits. */
function outage(store: { answer: () => Promise<number> }): () => void {
  let over: () => void = () => undefined;
  const back = new Promise<void>((resolve) => {
    over = resolve;
  });
  store.answer = () => back.then(() => 0);
  return over;
}

describe('own metrics', () => {
  test('are written at the start and every interval', async () => {
    const { own, intervals, values } = setUp();
    own.start();
    await intervals(3);
    expect(values()).toEqual([1, 2, 3, 4]);
    await own.stop(0);
  });

  test('wait during an outage, and are written in their order when it is over', async () => {
    const { own, store, written, intervals, values } = setUp();
    const over = outage(store);
    own.start();
    await intervals(100);
    expect(written).toEqual([]);
    over();
    await intervals(0);
    expect(values()).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    expect(own.counters()).toEqual({ samplesDropped: 0, pointsRefused: 0 });
    expect(written.length).toBeLessThan(10);
  });

  test('of an outage that is too long the last samples are kept, and the others counted', async () => {
    const { own, store, intervals, values } = setUp();
    const over = outage(store);
    own.start();
    await intervals(MAX_WAITING_SAMPLES + 49);
    over();
    await intervals(0);
    expect(own.counters().samplesDropped).toBe(50);
    expect(values()).toHaveLength(MAX_WAITING_SAMPLES);
    expect(values().at(-1)).toBe(MAX_WAITING_SAMPLES + 50);
  });

  test('a write that fails is made again with the next sample', async () => {
    const { own, store, intervals, values } = setUp();
    store.answer = () => Promise.reject(new Error('the thread is gone'));
    own.start();
    await intervals(2);
    expect(values()).toEqual([]);
    store.answer = () => Promise.resolve(1);
    await intervals(1);
    expect(values()).toEqual([1, 2, 3, 4]);
    expect(own.counters()).toEqual({ samplesDropped: 0, pointsRefused: 1 });
  });

  test('a mark is written at once, with its kind as a tag and a text that every store takes', async () => {
    const { own, intervals, written } = setUp();
    own.start();
    await intervals(0);
    own.mark({ kind: 'outage', text: 'the store fails:\nno answer' });
    await intervals(0);
    expect(written.at(-1)).toMatchObject([
      {
        series: {
          measurement: 'sluice_events',
          tags: [
            { name: 'gateway', value: 'h' },
            { name: 'kind', value: 'outage' },
          ],
        },
        fields: [{ name: 'text', type: 'string', value: 'the store fails: no answer' }],
      },
    ]);
  });

  test('marks from before the start are kept', async () => {
    const { own, intervals, written } = setUp();
    own.mark({ kind: 'start', text: 's' });
    expect(written).toEqual([]);
    own.start();
    await intervals(0);
    expect(written.flat().map(({ series }) => series.measurement)).toEqual(['sluice_events', 'sluice']);
  });

  test('a stop takes a last sample, and does not wait beyond its deadline', async () => {
    const { own, intervals, values } = setUp();
    own.start();
    await intervals(0);
    own.mark({ kind: 'stop', text: 's' });
    await own.stop(INTERVAL_MS);
    expect(values()).toEqual([1, 's', 2]);

    const second = setUp();
    outage(second.store);
    second.own.start();
    await intervals(0);
    let isStopped = false;
    void second.own.stop(500).then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(499);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isStopped).toBe(true);
  });
});
