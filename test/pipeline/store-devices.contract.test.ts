import { afterAll } from 'vitest';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { deviceStatesContract } from '../contract/device-states-contract.js';
import { duckdbPath } from '../sink/duckdb/opened-sink.js';

const { path, remove } = duckdbPath();
afterAll(remove);

deviceStatesContract('DuckDB', async () => {
  const sink = new DuckdbSink({ path, retentionMs: 0 });
  await sink.open();
  return sink;
});
