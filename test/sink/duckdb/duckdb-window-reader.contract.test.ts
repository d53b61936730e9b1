import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { windowReaderContract } from '../../contract/window-reader-contract.js';
import { duckdbPath } from './opened-sink.js';

windowReaderContract('DuckDB', async () => {
  const { path, remove } = duckdbPath();
  const sink = new DuckdbSink({ path });
  await sink.open();
  return {
    sink,
    stop: async () => {
      await sink.close();
      remove();
    },
  };
});
