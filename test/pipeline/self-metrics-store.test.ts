import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SelfMetricsStore } from '../../src/pipeline/self-metrics-store.js';
import type { Point } from '../../src/sink/point.js';
import { MemorySink, unreachable } from '../support/memory-sink.js';

const POINT: Point = {
  series: { measurement: 'sluice', tags: [] },
  fields: [{ name: 'n', type: 'float', value: 1 }],
  timestampNs: 1n,
};

function shared() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const sink = new MemorySink();
  const warnings: unknown[] = [];
  const store = SelfMetricsStore.create({ kind: 'duckdb', duckdb: { path: 'unused' } }, sink, (fields) =>
    warnings.push(fields),
  );
  return { sink, store, warnings };
}

describe('metrics in a sink that is shared with the consumer', () => {
  test('give up when the store does not take them: batches must not wait behind them', async () => {
    const { sink, store } = shared();
    sink.before = unreachable;
    const written = store.write([POINT]);
    const failed = expect(written).rejects.toMatchObject({ code: 'SINK_ABORTED' });
    await vi.advanceTimersByTimeAsync(5_000);
    await failed;
    sink.before = async () => undefined;
    expect(await store.write([POINT])).toBe(0);
    expect(sink.points.size).toBe(1);
  });

  test('end at once when the store is closed, which stays open for the consumer', async () => {
    const { sink, store } = shared();
    sink.before = unreachable;
    const closed = vi.spyOn(sink, 'close');
    const failed = expect(store.write([POINT])).rejects.toMatchObject({ code: 'SINK_ABORTED' });
    await store.close();
    await failed;
    await expect(store.write([POINT])).rejects.toMatchObject({ code: 'SINK_ABORTED' });
    expect(closed).not.toHaveBeenCalled();
  });

  test('warn of what the store never takes, and do not try it again', async () => {
    const { sink, store, warnings } = shared();
    sink.refuse = () => 'field type conflict';
    expect(await store.write([POINT, POINT])).toBe(2);
    expect(warnings).toEqual([{ code: 'OWN_METRICS_REFUSED', points: 2, reason: 'field type conflict' }]);
  });
});
