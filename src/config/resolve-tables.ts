import { resolve } from 'node:path';
import type { LookupTable, LookupTables } from '../rules/lookup-table.js';
import type { Findings } from './findings.js';
import { readLookupFile } from './lookup-file.js';
import type { Written } from './schema.js';

type WrittenTable = NonNullable<Written['consumer']['tables']>[string];

const NO_TABLE: LookupTable = { columns: [], rows: new Map() };

/** Reads the tables that rules look values up in. */
export function resolveTables(
  written: Written['consumer']['tables'],
  directory: string,
  findings: Findings,
): LookupTables {
  const tables: Record<string, LookupTable> = {};
  for (const [name, table] of Object.entries(written ?? {})) {
    tables[name] = resolveTable(name, table, directory, findings);
  }
  return tables;
}

function resolveTable(
  name: string,
  { file, key, delimiter, rows }: WrittenTable,
  directory: string,
  findings: Findings,
): LookupTable {
  const path = ['consumer', 'tables', name];
  if ((file === undefined) === (rows === undefined)) {
    findings.add([path], { got: file === undefined ? 'neither' : 'both', expected: 'either file or rows' });
    return NO_TABLE;
  }
  if (rows !== undefined) return inlineTable(rows);
  const read = readLookupFile({
    path: resolve(directory, file!),
    delimiter,
    ...(key !== undefined && { keyColumn: key }),
  });
  if (read.ok) return read.table;
  findings.add([[...path, 'file']], read.finding);
  return NO_TABLE;
}

function inlineTable(rows: NonNullable<WrittenTable['rows']>): LookupTable {
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const entries = Object.entries(rows).map(
    ([key, row]) => [key, columns.map((column) => (column in row ? String(row[column]) : ''))] as const,
  );
  return { columns, rows: new Map(entries) };
}
