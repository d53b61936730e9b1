import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_WAITING_SAMPLES, SelfMetrics } from '../../src/metrics/self-metrics.js';
import type { Point } from '../../src/sink/point.js';

const INTERVAL_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sets up self-metrics in which each sample is one point whose value is its number; `store.answer` is the store's answer. */
function setUp() {
  let samples = 0;
  const written: Point[][] = [];
  const store = { answer: (): Promise<number> => Promise.resolve(0) };
  const metrics = new SelfMetrics(
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
  return { metrics, store, written, intervals, values };
}

/** Makes the store unavailable until the returned function is called: a write waits, as in the sink. */
function outage(store: { answer: () => Promise<number> }): () => void {
  let over: () => void = () => undefined;
  const back = new Promise<void>((resolve) => {
    over = resolve;
  });
  store.answer = () => back.then(() => 0);
  return over;
}

describe('self-metrics', () => {
  test('are written at the start and every interval', async () => {
    const { metrics, intervals, values } = setUp();
    metrics.start();
    await intervals(3);
    expect(values()).toEqual([1, 2, 3, 4]);
    await metrics.stop(0);
  });

  test('wait during an outage and are written in order afterwards', async () => {
    const { metrics, store, written, intervals, values } = setUp();
    const over = outage(store);
    metrics.start();
    await intervals(100);
    expect(written).toEqual([]);
    over();
    await intervals(0);
    expect(values()).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    expect(metrics.counters()).toEqual({ samplesDropped: 0, pointsRefused: 0 });
    expect(written.length).toBeLessThan(10);
  });

  test('during a long outage the newest samples are kept, and the dropped ones are counted', async () => {
    const { metrics, store, intervals, values } = setUp();
    const over = outage(store);
    metrics.start();
    await intervals(MAX_WAITING_SAMPLES + 49);
    over();
    await intervals(0);
    expect(metrics.counters().samplesDropped).toBe(50);
    expect(values()).toHaveLength(MAX_WAITING_SAMPLES);
    expect(values().at(-1)).toBe(MAX_WAITING_SAMPLES + 50);
  });

  test('a failed write is repeated with the next sample', async () => {
    const { metrics, store, intervals, values } = setUp();
    store.answer = () => Promise.reject(new Error('the thread is gone'));
    metrics.start();
    await intervals(2);
    expect(values()).toEqual([]);
    store.answer = () => Promise.resolve(1);
    await intervals(1);
    expect(values()).toEqual([1, 2, 3, 4]);
    expect(metrics.counters()).toEqual({ samplesDropped: 0, pointsRefused: 1 });
  });

  test('an annotation is written at once, with its kind as a tag and a text that every store accepts', async () => {
    const { metrics, intervals, written } = setUp();
    metrics.start();
    await intervals(0);
    metrics.annotate({ kind: 'outage', text: 'the store fails:\nno answer' });
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

  test('annotations from before the start are kept', async () => {
    const { metrics, intervals, written } = setUp();
    metrics.annotate({ kind: 'start', text: 's' });
    expect(written).toEqual([]);
    metrics.start();
    await intervals(0);
    expect(written.flat().map(({ series }) => series.measurement)).toEqual(['sluice_events', 'sluice']);
  });

  test('stop takes a last sample and does not wait beyond its deadline', async () => {
    const { metrics, intervals, values } = setUp();
    metrics.start();
    await intervals(0);
    metrics.annotate({ kind: 'stop', text: 's' });
    await metrics.stop(INTERVAL_MS);
    expect(values()).toEqual([1, 's', 2]);

    const second = setUp();
    outage(second.store);
    second.metrics.start();
    await intervals(0);
    let isStopped = false;
    void second.metrics.stop(500).then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(499);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isStopped).toBe(true);
  });
});
