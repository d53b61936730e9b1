import { expect, onTestFinished, test } from 'vitest';
import { SystemClock } from '../../src/lib/clock.js';
import { createTargetSink } from '../../src/sink/create-sink.js';
import type { InfluxSinkOptions } from '../../src/sink/influx/influx-options.js';
import { startFakeStore } from '../support/fake-store.js';
import { pointOf, seriesOf } from '../support/points.js';

test.each<[Omit<InfluxSinkOptions, 'url'>, string]>([
  [{ version: 1, database: 'd', retentionPolicy: 'raw' }, '/write?db=d&rp=rows&precision=n'],
  [{ version: 2, org: 'o', bucket: 'b' }, '/api/v2/write?org=o&bucket=rows&precision=ns'],
  [
    { version: 3, database: 'd' },
    '/api/v3/write_lp?db=rows&precision=nanosecond&accept_partial=true&no_sync=false',
  ],
])('the target of %o is another policy, bucket or database', async (options, path) => {
  const store = await startFakeStore(() => ({ status: 204 }));
  const influx = { ...options, url: store.url };
  const sink = createTargetSink({ kind: 'influx', influx }, 'rows', new SystemClock(), () => {});
  onTestFinished(async () => {
    await sink.close();
    await store.stop();
  });
  const point = pointOf(seriesOf('m'), 1n, { v: 1 });
  expect(await sink.write([point], new AbortController().signal)).toEqual([]);
  expect(store.calls.map((call) => call.path)).toEqual([path]);
});

test('DuckDB has no targets', () => {
  const options = { kind: 'duckdb', duckdb: { path: 'x.duckdb' } } as const;
  expect(() => createTargetSink(options, 'rows', new SystemClock(), () => {})).toThrow(
    expect.objectContaining({ code: 'SINK_UNUSABLE', message: expect.stringContaining('"rows"') }),
  );
});
