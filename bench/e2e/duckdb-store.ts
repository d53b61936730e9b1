import { join } from 'node:path';
import { MEASUREMENT } from '../processes/city-reading.js';
import type { RunningGateway } from '../processes/gateway.js';
import type { Store } from './store.js';

/** Embedded in the gateway: nothing to start, and the file is opened once the gateway has closed it. */
export function duckdbStore(): Store {
  return {
    name: 'DuckDB',
    sink: '',
    count: countRows,
    sum: async (gateway, measurement, field) =>
      (await numbersOf(gateway, `SELECT coalesce(sum("${field}"), 0) FROM "${measurement}"`))[0]!,
    stop: async () => undefined,
  };
}

/** Every field of every row must be there. */
async function countRows(gateway: RunningGateway): Promise<number> {
  const counts = await numbersOf(gateway, `SELECT count(*), count(COLUMNS(*)) FROM "${MEASUREMENT}"`);
  if (new Set(counts).size !== 1) throw new Error(`the columns have different counts: ${counts.join(', ')}`);
  return counts[0]!;
}

/** The first row of the answer. */
async function numbersOf(gateway: RunningGateway, sql: string): Promise<number[]> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const file = join(gateway.process.dataDirectory, 'telemetry.duckdb');
  const database = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  try {
    const connection = await database.connect();
    const answer = await connection.runAndReadAll(sql);
    connection.closeSync();
    return answer.getRows()[0]!.map(Number);
  } finally {
    database.closeSync();
  }
}
