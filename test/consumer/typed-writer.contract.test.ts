import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { typePolicyContract } from '../contract/type-policy-contract.js';
import { duckdbPath, readBack } from '../sink/duckdb/opened-sink.js';

typePolicyContract('DuckDB', async () => {
  const { path, remove } = duckdbPath();
  const sink = new DuckdbSink({ path });
  await sink.open();
  return {
    sink,
    concurrency: 1,
    readBack: (measurement) => readBack({ path }, measurement),
    dropField: async (measurement, field) => {
      await sink.changeField({ kind: 'drop', measurement, field, isConfirmed: true });
    },
    stop: async () => {
      await sink.close();
      remove();
    },
  };
});
