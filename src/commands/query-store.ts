import { text } from 'node:stream/consumers';
import { SluiceError } from '../lib/errors.js';
import { printable } from '../lib/printable.js';
import type { QueryFormat } from '../sink/store-query.js';
import { checkOutput, placeAnswer, printAnswer } from './place-answer.js';
import type { QueryOptions } from './query-options.js';
import { showProgress } from './show-progress.js';
import { type OpenAnswer, storeAnswer } from './store-answer.js';
import { textTable } from './text-table.js';
import { writeOut } from './write-out.js';

/** More lines of a table are not read by a person. */
const TABLE_ROWS = 1_000;
const ROWS = 1_000_000;
const MAX_CELL_CHARACTERS = 200;

const TIMEOUT_MS = 300_000;

/** `sluice query`: SQL over the embedded store. `statement` may be `-`, which is standard input. */
export async function queryStore(statement: string, options: QueryOptions): Promise<number> {
  const {
    config,
    format,
    output,
    limit = format === 'table' ? TABLE_ROWS : ROWS,
    timeout = TIMEOUT_MS,
  } = options;
  if (format === 'table' && output !== undefined) {
    throw new SluiceError('USAGE_INVALID', '--output needs --format json, csv or parquet');
  }
  if (output !== undefined) await checkOutput(output);
  if (format === 'parquet' && output === undefined && process.stdout.isTTY) {
    throw new SluiceError('USAGE_INVALID', 'a terminal cannot show Parquet: name a file with --output');
  }
  const sql = statement === '-' ? await text(process.stdin) : statement;
  const storeFormat: QueryFormat = format === 'table' ? 'text-rows' : format;
  const limits = { maxRows: limit, timeoutMs: timeout, maxBytes: Number.MAX_SAFE_INTEGER };
  const { onBytes, clear } = showProgress();
  const answer = await storeAnswer(config, { of: { sql }, format: storeFormat, ...limits }, onBytes).finally(
    clear,
  );
  try {
    if (format === 'table') await printTable(answer);
    else if (output === undefined) await printAnswer(answer);
    else await placeAnswer(answer, output);
  } finally {
    await answer.file.close().catch(() => undefined); // it is closed when it was read to its end
  }
  if (answer.isLimitReached) {
    process.stderr.write(`These are ${answer.rows} rows, the limit: there may be more (--limit).\n`);
  }
  return 0;
}

async function printTable({ file, columns }: OpenAnswer): Promise<void> {
  const rows = JSON.parse(await file.readFile('utf8')) as Record<string, string | null>[];
  const heads = columns.map(({ name }) => printable(name, MAX_CELL_CHARACTERS));
  const cells = rows.map((row) => columns.map(({ name }) => printable(row[name] ?? '', MAX_CELL_CHARACTERS)));
  for (const line of textTable(heads, cells)) await writeOut(`${line}\n`);
}
