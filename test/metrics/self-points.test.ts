import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../../src/lib/latency-histogram.js';
import { HistogramMetric } from '../../src/metrics/histogram-metric.js';
import { readSamples } from '../../src/metrics/samples.js';
import { SelfPoints } from '../../src/metrics/self-points.js';
import { LineEncoder } from '../../src/sink/influx/line.js';

function setUp() {
  const registry = new Registry();
  const registers = [registry];
  const points = new SelfPoints({ measurement: 'sluice', instance: 'h' });
  const encoder = new LineEncoder();
  let atNs = 0n;
  return {
    registry,
    registers,
    /** Takes a sample and resolves with its points as lines. */
    sample: async () => {
      atNs += 1n;
      return points.of(await readSamples(registry), atNs).map((point) => encoder.encode(point));
    },
  };
}

describe('the metrics as points', () => {
  test('metrics without a label become one point, under their names without sluice_', async () => {
    const { registers, sample } = setUp();
    new Counter({ name: 'sluice_log_commits_total', help: 'h', registers }).inc(7);
    new Gauge({ name: 'sluice_log_size_bytes', help: 'h', registers }).set(512);
    new Gauge({ name: 'nodejs_heap_size_used_bytes', help: 'h', registers }).set(9);
    expect(await sample()).toEqual([
      'sluice,gateway=h log_commits_total=7,log_size_bytes=512,nodejs_heap_size_used_bytes=9 1',
    ]);
  });

  test('a label becomes an additional tag, and metrics with the same value share a point', async () => {
    const { registers, sample } = setUp();
    const state = (name: string, value: string) =>
      new Gauge({ name, help: 'h', labelNames: ['state'], registers }).set({ state: value }, 1);
    state('sluice_sink_state', 'healthy');
    state('sluice_kinesis_reader_state', 'healthy');
    new Gauge({ name: 'sluice_ledger_records', help: 'h', labelNames: ['fate'], registers }).set(
      { fate: 'lost' },
      0,
    );
    expect(await sample()).toEqual([
      'sluice,gateway=h,state=healthy sink_state=1,kinesis_reader_state=1 1',
      'sluice,fate=lost,gateway=h ledger_records=0 1',
    ]);
  });

  test('a labelled counter has no point until it increases, and then a 0 at the previous sample', async () => {
    const { registers, sample } = setUp();
    const refusals = new Counter({
      name: 'sluice_broker_refusals_total',
      help: 'h',
      labelNames: ['reason'],
      registers,
    });
    refusals.inc({ reason: 'topic-invalid' }, 0);
    expect(await sample()).toEqual([]);
    refusals.inc({ reason: 'topic-invalid' }, 2);
    expect(await sample()).toEqual([
      'sluice,gateway=h,reason=topic-invalid broker_refusals_total=0 1',
      'sluice,gateway=h,reason=topic-invalid broker_refusals_total=2 2',
    ]);
    expect(await sample()).toEqual(['sluice,gateway=h,reason=topic-invalid broker_refusals_total=2 3']);
  });

  test('a histogram becomes count, sum, and quantiles of the observations since the previous sample', async () => {
    const { registry, sample } = setUp();
    const latency = new LatencyHistogram();
    new HistogramMetric('sluice_x_seconds', 'h', registry, () => latency.snapshot());
    latency.observe(2, 100);
    const [first] = await sample();
    expect(first).toMatch(
      /^sluice,gateway=h x_seconds_count=100,x_seconds_sum=0\.2,x_seconds_p50=0\.00175,x_seconds_p95=0\.00242\d*,x_seconds_p99=0\.0024\d* 1$/,
    );
    expect(await sample()).toEqual(['sluice,gateway=h x_seconds_count=100,x_seconds_sum=0.2 2']);
    latency.observe(900, 100);
    expect((await sample())[0]).toContain('x_seconds_p50=0.75,');
  });

  test('default metrics with a label and values that are not numbers are omitted', async () => {
    const { registers, sample } = setUp();
    new Gauge({ name: 'nodejs_version_info', help: 'h', labelNames: ['version'], registers }).set(
      { version: 'v20' },
      1,
    );
    new Gauge({ name: 'nodejs_eventloop_lag_mean_seconds', help: 'h', registers }).set(Number.NaN);
    new Gauge({ name: 'process_resident_memory_bytes', help: 'h', registers }).set(3);
    expect(await sample()).toEqual(['sluice,gateway=h process_resident_memory_bytes=3 1']);
  });
});
