import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { influxQuery, influxReadBack } from './influx-read-back.js';

/** Every point of a database as sorted lines of text: measurement, tags, fields with their types, and time. */
export async function influxLines(url: string, database: string): Promise<string[]> {
  const [measurements] = await influxQuery(url, database, 'SHOW MEASUREMENTS');
  const lines: string[] = [];
  for (const [name] of measurements?.values ?? []) {
    for (const { tags, fields, timestampNs } of await influxReadBack(url, database, String(name))) {
      lines.push(lineOf(String(name), { ...tags, ...fields }, timestampNs));
    }
  }
  return lines.sort();
}

/** Every row of all tables of the DuckDB file in a data directory, in the same way; the gateway must have stopped. */
export async function duckdbLines(dataDirectory: string): Promise<string[]> {
  const database = await DuckDBInstance.create(join(dataDirectory, 'telemetry.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await database.connect();
  try {
    const tables = await connection.runAndReadAll(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'",
    );
    const lines: string[] = [];
    for (const [table] of tables.getRows()) {
      const rows = await connection.runAndReadAll(
        `SELECT epoch_ns(time) AS at, * EXCLUDE (time) FROM "${String(table)}"`,
      );
      for (const { at, ...columns } of rows.getRowObjects()) {
        lines.push(lineOf(String(table), columns, at));
      }
    }
    return lines.sort();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

function lineOf(measurement: string, columns: Readonly<Record<string, unknown>>, time: unknown): string {
  const present = Object.entries(columns)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    // An int is not the float of equal value.
    .map(([name, value]) => `${name}=${typeof value === 'bigint' ? `${value}i` : JSON.stringify(value)}`);
  return `${measurement} ${present.join(' ')} ${time}`;
}
