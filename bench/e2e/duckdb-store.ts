import { join } from 'node:path';
import { MEASUREMENT } from '../processes/city-reading.js';
import type { Store } from './store.js';

/** Embedded in the gateway: nothing to start, and the file is opened once the gateway has closed it. */
export function duckdbStore(): Store {
  return {
    name: 'DuckDB',
    sink: '',
    count: (gateway) => countRows(join(gateway.process.dataDirectory, 'telemetry.duckdb')),
    stop: async () => undefined,
  };
}

/** Both fields of every row must be there. */
async function countRows(file: string): Promise<number> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const database = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  try {
    const connection = await database.connect();
    const answer = await connection.runAndReadAll(
      `SELECT count(*), count(temperature), count(humidity) FROM "${MEASUREMENT}"`,
    );
    connection.closeSync();
    const counts = answer.getRows()[0]!.map(Number);
    if (new Set(counts).size !== 1)
      throw new Error(`the columns have different counts: ${counts.join(', ')}`);
    return counts[0]!;
  } finally {
    database.closeSync();
  }
}
