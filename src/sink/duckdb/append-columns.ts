import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { DuckdbApi } from './duckdb-database.js';

/** DuckDB's vector size, the largest number of rows in a data chunk. */
const CHUNK_ROWS = 2_048;

/** The values of one column, to be appended to a table. */
export interface StagedColumn {
  readonly type: DuckDBType;
  /** Missing values at the end are NULL. */
  readonly values: readonly DuckDBValue[];
}

/** Appends columns to a table without SQL, in the connection's open transaction. */
export async function appendColumns(
  api: DuckdbApi,
  connection: DuckDBConnection,
  target: { readonly catalog?: string; readonly schema: string; readonly table: string },
  columns: readonly StagedColumn[],
  rowCount: number,
): Promise<void> {
  const appender = await connection.createAppender(target.table, target.schema, target.catalog ?? null);
  const types = columns.map(({ type }) => type);
  for (let from = 0; from < rowCount; from += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, rowCount - from);
    const chunk = api.DuckDBDataChunk.create(types, rows);
    for (const [index, { values }] of columns.entries()) {
      const part: DuckDBValue[] = [];
      for (let row = from; row < from + rows; row++) part.push(values[row] ?? null);
      chunk.setColumnValues(index, part);
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}
