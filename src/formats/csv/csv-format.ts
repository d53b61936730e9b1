import { quoted } from '../../lib/printable.js';
import { decodeUtf8 } from '../decode-utf8.js';
import { reachesPrototype } from '../forbidden-key.js';
import { ExactNumber, type JsonLimits, type JsonObject, type JsonValue } from '../json/json-value.js';
import { type Decoded, type PayloadFormat, type Rejected, rejected } from '../payload-format.js';
import { csvCell } from './csv-cell.js';
import { type CsvRow, type CsvSyntax, csvRows } from './csv-rows.js';

export interface CsvOptions extends CsvSyntax {
  /** Whether the first row has the names of the columns. */
  readonly header: boolean;
  /** The names of the columns, whatever a header says; `_` for one that is not wanted. */
  readonly columns?: readonly string[];
  readonly decimalComma: boolean;
  /** 'one': the payload is a single row, and becomes an object. */
  readonly rows: 'one' | 'many';
}

/** A column that is not wanted. */
export const SKIPPED_COLUMN = '_';

/**
 * CSV (RFC 4180, any delimiter): a list with an object for each row, or the object of the only row. A cell that is plainly a
 * number becomes one, an empty cell is null. A row may have fewer cells than there are columns, and never more.
 */
export function csvFormat(options: CsvOptions): PayloadFormat {
  return { name: 'csv', decode: (payload, { limits }) => decodeCsv(payload, options, limits) };
}

function decodeCsv(payload: Buffer, options: CsvOptions, limits: JsonLimits): Decoded {
  const decoded = decodeUtf8(payload, limits.maxPayloadBytes);
  if (!decoded.ok) return decoded;
  const text = decoded.text.startsWith('\u{feff}') ? decoded.text.slice(1) : decoded.text;
  // The header, and one more than there may be.
  const rows = csvRows(text, options, limits.maxKeys + 2);
  if (typeof rows === 'string') return notCsv(rows);
  const header = options.header ? rows.shift() : undefined;
  const columns = options.columns ?? header?.cells ?? [];
  return columnsProblem(columns, limits) ?? decodeRows(rows, columns, options, limits);
}

function columnsProblem(columns: readonly string[], limits: JsonLimits): Rejected | undefined {
  const names = new Set<string>();
  for (const name of columns) {
    if (name === SKIPPED_COLUMN || name === '') continue;
    if (names.has(name)) {
      return rejected('payload-duplicate-key', `the column ${quoted(name)} appears twice in the header`);
    }
    names.add(name);
    if (reachesPrototype(name)) {
      return rejected('payload-forbidden-key', `the column ${quoted(name)} is not allowed`);
    }
    if (name.length > limits.maxKeyLength) {
      return rejected(
        'payload-forbidden-key',
        `the column ${quoted(name)} has ${name.length} characters; at most ${limits.maxKeyLength} are allowed`,
      );
    }
    if (names.size > limits.maxKeys) return tooManyKeys(name, limits);
  }
  return undefined;
}

function decodeRows(
  rows: readonly CsvRow[],
  columns: readonly string[],
  { decimalComma, rows: wanted }: CsvOptions,
  limits: JsonLimits,
): Decoded {
  if (limits.maxDepth < (wanted === 'one' ? 1 : 2)) {
    return rejected('payload-too-deep', `rows are nested more than ${limits.maxDepth} levels deep`);
  }
  if (wanted === 'one' && rows.length !== 1) {
    return notCsv(
      rows.length === 0 ? 'it has no row' : `it has more than one row, and the format takes one (rows: one)`,
    );
  }
  if (rows.length > limits.maxKeys) {
    return rejected('payload-too-many-keys', `more than ${limits.maxKeys} rows`);
  }
  const objects: JsonObject[] = [];
  let keys = 0;
  let holdsExact = false;
  for (const { cells, line } of rows) {
    if (cells.length > columns.length) {
      return notCsv(`line ${line} has ${cells.length} cells, and there are ${columns.length} columns`);
    }
    const object: JsonObject = {};
    for (const [index, cell] of cells.entries()) {
      const name = columns[index] as string;
      if (name === SKIPPED_COLUMN || name === '') continue;
      keys++;
      if (keys > limits.maxKeys) return tooManyKeys(name, limits, line);
      const value: JsonValue = csvCell(cell, decimalComma);
      if (value instanceof ExactNumber) holdsExact = true;
      object[name] = value;
    }
    objects.push(object);
  }
  return { ok: true, value: wanted === 'one' ? (objects[0] as JsonObject) : objects, holdsExact };
}

function tooManyKeys(name: string, { maxKeys }: JsonLimits, line?: number): Rejected {
  const place = line === undefined ? '' : ` in line ${line}`;
  return rejected(
    'payload-too-many-keys',
    `more than ${maxKeys} keys (the cell ${quoted(name)}${place} is one too many)`,
  );
}

function notCsv(problem: string): Rejected {
  return rejected('payload-not-decodable', `the payload is not the CSV of this format: ${problem}`);
}
