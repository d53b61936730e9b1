import type { FormatOptions } from '../format-options.js';
import type { FormatProblem } from '../format-problem.js';
import { type CsvOptions, SKIPPED_COLUMN } from './csv-format.js';

/** The options of CSV with their defaults. */
export function csvOptions(options: FormatOptions): CsvOptions {
  const { columns, comment, decimalComma = false } = options;
  return {
    delimiter: options.delimiter ?? (decimalComma ? ';' : ','),
    header: options.header ?? columns === undefined,
    decimalComma,
    rows: options.rows ?? 'many',
    ...(columns !== undefined && { columns }),
    ...(comment !== undefined && { comment }),
  };
}

/** What does not fit together. */
export function csvProblems(options: FormatOptions): readonly FormatProblem[] {
  if (options.type !== 'csv') return [];
  const { delimiter, header, columns = [], comment, decimalComma } = csvOptions(options);
  const problems: FormatProblem[] = [];
  if (!header && options.columns === undefined) {
    problems.push({
      option: 'header',
      got: 'false without columns',
      expected: 'the names in columns beside it',
    });
  }
  const twice = columns.find((name, index) => name !== SKIPPED_COLUMN && columns.indexOf(name) < index);
  if (twice !== undefined) {
    problems.push({
      option: 'columns',
      got: `${twice} twice`,
      expected: 'each name once (_ skips a column)',
    });
  }
  if (decimalComma && delimiter === ',') {
    problems.push({
      option: 'delimiter',
      got: ', with decimalComma',
      expected: 'another delimiter, such as ;',
    });
  }
  if (comment === delimiter) {
    problems.push({ option: 'comment', got: `${delimiter}, the delimiter`, expected: 'another character' });
  }
  return problems;
}
