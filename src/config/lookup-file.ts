import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { errorText, systemErrorCode } from '../lib/errors.js';
import { quoted } from '../lib/printable.js';
import type { LookupTable } from '../rules/lookup-table.js';
import type { Finding } from './findings.js';

/** Every consumer thread has the table in memory. */
const MAX_TABLE_BYTES = 16 * 1024 * 1024;

export type TableRead =
  | { readonly ok: true; readonly table: LookupTable }
  | { readonly ok: false; readonly finding: Finding };

export interface LookupFileOptions {
  readonly path: string;
  /** The column of the key; the first one when absent. */
  readonly keyColumn?: string;
  readonly delimiter: string;
}

/** Reads a table from a CSV file (RFC 4180) with the names of the columns in its first line. */
export function readLookupFile({ path, keyColumn, delimiter }: LookupFileOptions): TableRead {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    if (fstatSync(file).size > MAX_TABLE_BYTES) {
      return invalid(`${path} of more than 16 MiB`, 'a smaller file');
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    const rows = parse(text, { delimiter, bom: true, skipEmptyLines: true, trim: true, info: true });
    return tableOf(rows as unknown as readonly CsvRow[], path, keyColumn);
  } catch (thrown) {
    if (thrown instanceof CsvError) return invalid(`${path}: ${thrown.message}`, 'a CSV file');
    const code = systemErrorCode(thrown);
    const problem =
      code === 'ENOENT'
        ? 'no file is there'
        : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
          ? 'it is not UTF-8 text'
          : errorText(thrown);
    return { ok: false, finding: { got: path, expected: 'a file that can be read', hint: problem } };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

interface CsvRow {
  readonly record: readonly string[];
  /** `lines`: the line on which the row ends, from 1. */
  readonly info: { readonly lines: number };
}

function tableOf(rows: readonly CsvRow[], path: string, keyColumn: string | undefined): TableRead {
  const [header, ...body] = rows;
  if (header === undefined)
    return invalid(`${path}, which is empty`, 'the names of the columns in the first line');
  const names = header.record;
  const twice = names.find((name, index) => name === '' || names.indexOf(name) !== index);
  if (twice !== undefined) {
    return invalid(`${path}:1: the column ${quoted(twice)}`, 'a name of its own for each column');
  }
  const keyIndex = keyColumn === undefined ? 0 : names.indexOf(keyColumn);
  if (keyIndex < 0) {
    return invalid(
      `${path} with the columns ${names.join(', ')}`,
      `the column ${quoted(keyColumn ?? '')} of the key`,
    );
  }
  const table = new Map<string, readonly string[]>();
  for (const { record, info } of body) {
    const key = record[keyIndex] ?? '';
    if (key === '') return invalid(`${path}:${info.lines}: a row without a key`, 'a key in every row');
    if (table.has(key)) {
      return invalid(
        `${path}:${info.lines}: the key ${quoted(key)} for the second time`,
        'one row for each key',
      );
    }
    table.set(key, without(record, keyIndex));
  }
  return { ok: true, table: { columns: without(names, keyIndex), rows: table } };
}

function without(cells: readonly string[], index: number): string[] {
  return cells.filter((_, at) => at !== index);
}

function invalid(got: string, expected: string): TableRead {
  return { ok: false, finding: { got, expected } };
}
