import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { FULL_CAPABILITIES, sinkContract } from '../../contract/sink-contract.js';
import { duckdbPath, readBack } from './opened-sink.js';

sinkContract('DuckDB', async () => {
  const { path, remove } = duckdbPath();
  const options = { path };
  const sink = new DuckdbSink(options, { backOff: { baseMs: 5, capMs: 20 } });
  await sink.open();
  return {
    sink,
    capabilities: FULL_CAPABILITIES,
    conflictWords:
      /^field type conflict: input field "value" on measurement .* is type .*, already exists as type float$/,
    readBack: (measurement) => readBack(options, measurement),
    // A directory in place of the file, which can be neither used nor created.
    outage: {
      begin: async () => {
        renameSync(path, `${path}.away`);
        mkdirSync(path);
      },
      end: async () => {
        rmdirSync(path);
        renameSync(`${path}.away`, path);
      },
    },
    stop: async () => {
      await sink.close();
      remove();
    },
  };
});
