import type { FormatOptions } from '../formats/format-options.js';
import { plainNumber } from '../rules/value-words.js';
import type { SampleMessage } from './sample-message.js';

export interface DetectedCsv {
  readonly options: FormatOptions;
  readonly certainty: 'likely' | 'a guess';
  readonly why: string;
}

const DELIMITERS = [';', '\t', ',', '|'];
const MIN_CELLS = 2;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;

/** Options of CSV for payloads whose rows all have as many cells, most of them numbers; undefined for other texts. */
export function csvOptionsOf(messages: readonly SampleMessage[]): DetectedCsv | undefined {
  const payloads = messages.map(({ payload }) => rowsOf(payload));
  const rows = payloads.flat();
  const delimiter = DELIMITERS.find((one) => isTable(rows, one));
  if (delimiter === undefined) return undefined;
  const cells = rows.map((row) => row.split(delimiter).map((cell) => cell.trim()));
  const decimalComma = delimiter !== ',' && cells.flat().some((cell) => DECIMAL_COMMA.test(cell));
  const isNumber = (cell: string) => plainNumber(decimalComma ? cell.replace(',', '.') : cell) !== undefined;
  const hasHeader = payloads.every((lines) => {
    const [first = ''] = lines;
    const names = first.split(delimiter).map((cell) => cell.trim());
    return lines.length > 1 && names.every((name) => name !== '' && !isNumber(name));
  });
  const body = hasHeader ? payloads.flatMap((lines) => lines.slice(1)) : rows;
  const numbers = body.flatMap((row) => row.split(delimiter)).filter((cell) => isNumber(cell.trim())).length;
  const width = cells[0]!.length;
  if (numbers < (body.length * width) / 2) return undefined;
  const options: FormatOptions = {
    type: 'csv',
    ...(delimiter !== (decimalComma ? ';' : ',') && { delimiter }),
    ...(decimalComma && { decimalComma }),
  };
  if (hasHeader) return { options, certainty: 'likely', why: 'rows of cells below a row with their names' };
  const columns = Array.from({ length: width }, (_, index) => `column${index + 1}`);
  const isOne = payloads.every((lines) => lines.length === 1);
  return {
    options: { ...options, columns, ...(isOne && { rows: 'one' }) },
    certainty: 'a guess',
    why: 'rows of cells without names: name the columns',
  };
}

function rowsOf(payload: Buffer): string[] {
  return payload
    .toString('utf8')
    .split(/\r?\n/)
    .filter((row) => row.trim() !== '');
}

function isTable(rows: readonly string[], delimiter: string): boolean {
  const widths = new Set(rows.map((row) => row.split(delimiter).length));
  const [width = 0] = widths;
  return widths.size === 1 && width >= MIN_CELLS;
}
