import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../../../src/lib/latency-histogram.js';
import { HistogramMetric } from '../../../src/metrics/histogram-metric.js';
import { otlpRequest } from '../../../src/metrics/otlp/otlp-request.js';
import { readSamples } from '../../../src/metrics/samples.js';
import { readOtlp } from '../../support/otlp-schema.js';

const SOURCE = { version: '1.2.3', instance: 'gw-1', startNs: 1_700_000_000_000_000_000n };
const NOW_NS = 1_700_000_060_000_000_001n;

async function requestOf(registry: Registry): Promise<string> {
  return JSON.stringify(otlpRequest(await readSamples(registry), SOURCE, NOW_NS));
}

test('counters are cumulative sums since the start, gauges stay gauges, histograms have their own buckets', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'sluice_a_total', help: 'A', registers }).inc(3);
  new Gauge({ name: 'sluice_b', help: 'B', labelNames: ['state'], registers }).set({ state: 'healthy' }, 1);
  const latency = new LatencyHistogram();
  latency.observe(2, 4);
  latency.observe(900_000, 1);
  new HistogramMetric('sluice_c_seconds', 'C', registry, () => latency.snapshot());
  const { metrics, resource } = readOtlp(await requestOf(registry));

  expect(resource).toEqual({
    'service.name': 'sluice',
    'service.version': '1.2.3',
    'service.instance.id': 'gw-1',
  });
  const time = { startTimeUnixNano: '1700000000000000000', timeUnixNano: '1700000060000000001' };
  expect(metrics.get('sluice_a_total')).toEqual({
    name: 'sluice_a_total',
    description: 'A',
    sum: {
      dataPoints: [{ attributes: [], ...time, asDouble: 3 }],
      aggregationTemporality: 2,
      isMonotonic: true,
    },
  });
  expect(metrics.get('sluice_b')).toMatchObject({
    gauge: {
      dataPoints: [{ attributes: [{ key: 'state', value: { stringValue: 'healthy' } }], asDouble: 1 }],
    },
  });
  const c = metrics.get('sluice_c_seconds')!;
  const [point] = 'histogram' in c ? c.histogram.dataPoints : [];
  expect(point).toMatchObject({ ...time, count: '5', sum: 900.008 });
  expect(point!.explicitBounds.slice(0, 3)).toEqual([0.001, 0.0025, 0.005]);
  expect(point!.bucketCounts[1]).toBe('4');
  expect(point!.bucketCounts.at(-1)).toBe('1');
});

test('all default metrics of prom-client are converted, and values that are not numbers are omitted', async () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'sluice_nan', help: 'N', registers: [registry] }).set(Number.NaN);
  const { metrics, values } = readOtlp(await requestOf(registry));
  expect(metrics.has('sluice_nan')).toBe(false);
  expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  expect([...values.keys()].some((key) => key.startsWith('nodejs_heap_space_size_used_bytes{space='))).toBe(
    true,
  );
});

test('a histogram with a label has a point for each of its values', async () => {
  const registry = new Registry();
  const gc = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'G',
    labelNames: ['kind'],
    buckets: [1, 2],
    registers: [registry],
  });
  gc.observe({ kind: 'minor' }, 1.5);
  gc.observe({ kind: 'major' }, 5);
  const { metrics, values } = readOtlp(await requestOf(registry));
  expect(values.get('nodejs_gc_duration_seconds{kind=minor}')).toBe(1);
  expect(metrics.get('nodejs_gc_duration_seconds')).toMatchObject({
    histogram: {
      dataPoints: [
        { sum: 1.5, bucketCounts: ['0', '1', '0'], explicitBounds: [1, 2] },
        { sum: 5, bucketCounts: ['0', '0', '1'], explicitBounds: [1, 2] },
      ],
    },
  });
});

test.each([
  ['sluice_log_sync_seconds', 's'],
  ['sluice_sink_busy_seconds_total', 's'],
  ['process_resident_memory_bytes', 'By'],
  ['sluice_log_bytes_appended_total', 'By'],
  ['sluice_sink_sent_bytes_total', 'By'],
  ['sluice_thread_utilization_ratio', '1'],
  ['sluice_consumer_records_in_flight', '{record}'],
  ['sluice_sink_points_written_total', '{point}'],
  ['sluice_windows_rows_written_total', '{row}'],
  ['sluice_windows_open_windows', '{window}'],
  ['sluice_windows_max_memory_bytes', 'By'],
  ['sluice_sink_state', undefined],
])('the unit of %s is %s', async (name, unit) => {
  const registry = new Registry();
  new Gauge({ name, help: 'H', registers: [registry] }).set(1);
  expect(readOtlp(await requestOf(registry)).metrics.get(name)?.unit).toBe(unit);
});
