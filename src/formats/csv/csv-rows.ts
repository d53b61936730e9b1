import { CsvError, parse } from 'csv-parse/sync';
import { printable } from '../../lib/printable.js';

export interface CsvSyntax {
  /** One character. */
  readonly delimiter: string;
  /** One character; lines that begin with it are skipped. */
  readonly comment?: string;
}

export interface CsvRow {
  /** Without blanks around them. */
  readonly cells: readonly string[];
  /** The line on which the row ends, from 1. */
  readonly line: number;
}

/** The message of the parser may quote a cell. */
const MAX_MESSAGE_CHARACTERS = 200;
const LINE_ENDS = ['\r\n', '\n', '\r'];

/** The rows of a text, at most `maxRows` of them, without empty lines; or what is wrong with it. */
export function csvRows(text: string, syntax: CsvSyntax, maxRows: number): CsvRow[] | string {
  // Nearly all devices send a few bare numbers: the parser costs 50 µs a payload, and only quotes need it.
  return text.includes('"') ? parsedRows(text, syntax, maxRows) : bareRows(text, syntax, maxRows);
}

function bareRows(text: string, { delimiter, comment }: CsvSyntax, maxRows: number): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 0;
  for (const written of text.split(/\r\n|\n|\r/)) {
    line++;
    const cells = written.split(delimiter).map((cell) => cell.trim());
    const [first = ''] = cells;
    if (cells.length === 1 && first === '') continue;
    if (comment !== undefined && first.startsWith(comment)) continue;
    if (rows.length === maxRows) break;
    rows.push({ cells, line });
  }
  return rows;
}

function parsedRows(text: string, { delimiter, comment }: CsvSyntax, maxRows: number): CsvRow[] | string {
  try {
    const rows = parse(text, {
      delimiter,
      ...(comment !== undefined && { comment, comment_no_infix: true }),
      info: true,
      record_delimiter: LINE_ENDS,
      relax_column_count: true,
      skip_empty_lines: true,
      to: maxRows,
      trim: true,
    });
    // The types of the package do not know what `info` does.
    return (rows as unknown as ParsedRow[]).map(({ record, info }) => ({ cells: record, line: info.lines }));
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    return printable(thrown.message, MAX_MESSAGE_CHARACTERS);
  }
}

interface ParsedRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}
