import { afterAll } from 'vitest';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { statisticsContract } from '../../contract/statistics-contract.js';
import { duckdbPath } from './opened-sink.js';

const { path, remove } = duckdbPath();
afterAll(remove);

statisticsContract('DuckDB', async () => {
  const sink = new DuckdbSink({ path, retentionMs: 0 });
  await sink.open();
  return sink;
});
