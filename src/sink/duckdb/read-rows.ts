import type { Field } from '../point.js';
import type { RowsQuery, StoredRow } from '../window-reader.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { tagsOfKey } from './series-entries.js';
import { hasOneOf, instantNs, isInSpan, type StoredMeasurement } from './stored-measurement.js';

/** DuckDB keeps that many while it reads all others: about 200 bytes each. */
const PAGE_ROWS = 8_000;

/** The last row of a page: the next page begins behind it. */
export interface RowPosition {
  readonly timestampNs: bigint;
  readonly series: number;
}

export interface RowPage {
  readonly rows: readonly StoredRow[];
  /** Absent after the last page. */
  readonly next?: RowPosition;
}

/** Resolves with some rows of the answer, in the order of the series and then of time. */
export async function readRowPage(
  read: InterruptibleRead,
  stored: StoredMeasurement,
  query: RowsQuery,
  after: RowPosition | undefined,
): Promise<RowPage> {
  const fields = query.fields.flatMap((name) => {
    const field = stored.fields.get(name);
    return field === undefined ? [] : [{ name, ...field }];
  });
  if (fields.length === 0 || query.fromNs >= query.toNs) return { rows: [] };
  const cells = await read.manyRows(pageSql(stored, query, fields, after));
  const rows = cells.map(([, timestampNs, tags, ...values]) => ({
    tags: tagsOfKey(String(tags)),
    timestampNs: timestampNs as bigint,
    fields: fields.flatMap(({ name, type }, i) => storedField(name, type, values[i])),
  }));
  const last = cells.at(-1);
  if (last === undefined || cells.length < PAGE_ROWS) return { rows };
  return { rows, next: { series: Number(last[0]), timestampNs: last[1] as bigint } };
}

function pageSql(
  stored: StoredMeasurement,
  { fromNs, toNs, only }: RowsQuery,
  fields: readonly { readonly column: string }[],
  after: RowPosition | undefined,
): string {
  const columns = fields.map(({ column }) => `p.${column}`);
  const conditions = [
    isInSpan(fromNs, toNs),
    `(${columns.map((column) => `${column} IS NOT NULL`).join(' OR ')})`,
  ];
  if (only !== undefined) conditions.push(hasOneOf(stored, only));
  if (after !== undefined) {
    const isLater = `p.series = ${after.series} AND p.time > ${instantNs(after.timestampNs)}`;
    conditions.push(`p.series >= ${after.series} AND (p.series > ${after.series} OR (${isLater}))`);
  }
  return `
    SELECT p.series, epoch_ns(p.time), s.tags, ${columns.join(', ')}
    FROM ${stored.pointsTable} p JOIN ${stored.seriesTable} s USING (series)
    WHERE ${conditions.join(' AND ')} ORDER BY p.series, p.time LIMIT ${PAGE_ROWS}`;
}

function storedField(name: string, type: Field['type'], value: unknown): Field[] {
  if (value === null) return [];
  // The column has the type that the catalog of the file names.
  return [{ name, type, value } as Field];
}
