import type { Field } from '../point.js';
import type { RowsQuery, StoredRow } from '../window-reader.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { tagsOfKey } from './series-entries.js';
import { isInRange, type SeriesRange, seriesRanges } from './series-ranges.js';
import { hasOneOf, isInSpan, type StoredMeasurement, storedMeasurement } from './stored-measurement.js';

/** About that many are in memory at once, of DuckDB and of ours. */
const ROWS_AT_ONCE = 8_000;

/** An answer, cut into pages of whole series. */
export interface RowsPlan {
  readonly query: RowsQuery;
  readonly stored: StoredMeasurement;
  readonly fields: readonly {
    readonly name: string;
    readonly column: string;
    readonly type: Field['type'];
  }[];
  readonly pages: readonly SeriesRange[];
}

/** Resolves with undefined when nothing can be in the answer. */
export async function planRows(read: InterruptibleRead, query: RowsQuery): Promise<RowsPlan | undefined> {
  if (query.fromNs >= query.toNs) return undefined;
  const stored = await storedMeasurement(read, query.measurement);
  const fields = query.fields.flatMap((name) => {
    const field = stored?.fields.get(name);
    return field === undefined ? [] : [{ name, ...field }];
  });
  if (stored === undefined || fields.length === 0) return undefined;
  const counted = `SELECT p.series, count(*) AS n ${fromSql(stored, query)} GROUP BY p.series`;
  return { query, stored, fields, pages: await seriesRanges(read, counted, ROWS_AT_ONCE) };
}

/** Resolves with the rows of one page, in the order of the series and then of time. */
export async function readRows(
  read: InterruptibleRead,
  { query, stored, fields }: RowsPlan,
  page: SeriesRange,
): Promise<readonly StoredRow[]> {
  const columns = fields.map(({ column }) => `p.${column}`);
  const rows: StoredRow[] = [];
  const sql = `
    SELECT epoch_ns(p.time), s.tags, ${columns.join(', ')} ${fromSql(stored, query)}
      AND ${isInRange('p.series', page)} AND (${columns.map((column) => `${column} IS NOT NULL`).join(' OR ')})
    ORDER BY p.series, p.time`;
  await read.each(sql, ([timestampNs, tags, ...values]) => {
    rows.push({
      tags: tagsOfKey(String(tags)),
      timestampNs: timestampNs as bigint,
      fields: fields.flatMap(({ name, type }, i) => storedField(name, type, values[i])),
    });
  });
  return rows;
}

function fromSql(stored: StoredMeasurement, { fromNs, toNs, only }: RowsQuery): string {
  const filter = only === undefined ? '' : ` AND ${hasOneOf(stored, only)}`;
  return `FROM ${stored.pointsTable} p JOIN ${stored.seriesTable} s USING (series)
    WHERE ${isInSpan(fromNs, toNs)}${filter}`;
}

function storedField(name: string, type: Field['type'], value: unknown): Field[] {
  if (value === null) return [];
  // The column has the type that the catalog of the file names.
  return [{ name, type, value } as Field];
}
