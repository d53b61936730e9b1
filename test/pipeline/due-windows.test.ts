import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { gatewayOptions } from '../../src/gateway/gateway-options.js';
import { ConsumePipeline } from '../../src/pipeline/consume-pipeline.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { DurableEndReader } from '../../src/stream/log/durable-end.js';
import { MAX_BODY_BYTES, TestLog } from '../support/log-fixture.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';

const MINUTE_NS = 60_000_000_000n;

test('points that a window is still to be computed from are not deleted when the store is opened again', async () => {
  const root = tempDirectory();
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const log = await TestLog.open(directory.log);
  onTestFinished(() => log.writer.close());

  /** Opens the pipeline with a retention of the points, does `work`, and closes it. */
  const around = async (retentionMs: number, work: (pipeline: ConsumePipeline) => Promise<void>) => {
    const text = `
      stream: { log: { directory: ${directory.log} } }
      windows:
        aggregates: [{ name: late, from: m, every: 1min, lateness: 1h, fields: { v: [mean] } }]`;
    const parsed = parseConfig(text, 'sluice.yaml', root, {});
    if (!parsed.ok) throw new Error(`the configuration of this test is wrong: ${parsed.problems[0]?.got}`);
    const { consume: options } = gatewayOptions(parsed.loaded.config, 'all');
    if (options.sink.kind !== 'duckdb') throw new Error('not the embedded store');
    const sink = { kind: 'duckdb', duckdb: { ...options.sink.duckdb, path, retentionMs } } as const;
    const durableEnd = new DurableEndReader(log.memory);
    const pipeline = await ConsumePipeline.open(
      { ...options, sink, directory, maxBodyBytes: MAX_BODY_BYTES },
      durableEnd,
      {
        onProgress: () => undefined,
        onContact: () => undefined,
        onCheckpoint: () => undefined,
        warn: () => undefined,
      },
    );
    const running = pipeline.run();
    try {
      await work(pipeline);
    } finally {
      pipeline.abort();
      await running;
    }
  };
  const path = `${root}/telemetry.duckdb`;
  const timeNs = BigInt(Date.now()) * 1_000_000n - 10n * MINUTE_NS;
  await around(0, async (pipeline) => {
    const points = ['m', 'other'].map((name) => pointOf(seriesOf(name), timeNs, { v: 1 }));
    expect(await pipeline.ask({ kind: 'write-self-metrics', points })).toBe(0);
  });
  await around(60_000, async () => undefined);

  const store = new DuckdbSink({ path, retentionMs: 0 });
  await store.open();
  onTestFinished(() => store.close());
  const kept = async (measurement: string) => {
    let rows = 0;
    const query = { measurement, fromNs: timeNs, toNs: timeNs + 1n, fields: ['v'] };
    for await (const part of store.windows.rows(query, new AbortController().signal)) rows += part.length;
    return rows;
  };
  expect([await kept('m'), await kept('other')]).toEqual([1, 0]);
});
