import type { FieldType } from '../sink.js';
import { literal } from './identifiers.js';
import { SCHEMA } from './measurement-table.js';
import type { Reading } from './reading.js';

/** Where the names of a question stand in the tables. */
export interface StoredMeasurement {
  readonly pointsTable: string;
  readonly seriesTable: string;
  /** Tag → column. */
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, { readonly column: string; readonly type: FieldType }>;
}

/** Undefined when nothing was stored under the name. */
export async function storedMeasurement(
  reading: Reading,
  measurement: string,
): Promise<StoredMeasurement | undefined> {
  const rows = await reading.rows(
    `SELECT m.id, c.kind, c.name, c.column_name, c.type FROM ${SCHEMA}.measurements m
     JOIN ${SCHEMA}.columns c ON c.measurement = m.id WHERE m.name = ${literal(measurement)}`,
  );
  const columns = rows as readonly (readonly [number, 'tag' | 'field', string, string, FieldType])[];
  const [first] = columns;
  if (first === undefined) return undefined;
  return {
    pointsTable: `${SCHEMA}.points_${first[0]}`,
    seriesTable: `${SCHEMA}.series_${first[0]}`,
    tags: new Map(columns.filter(([, kind]) => kind === 'tag').map(([, , name, column]) => [name, column])),
    fields: new Map(
      columns
        .filter(([, kind]) => kind === 'field')
        .map(([, , name, column, type]) => [name, { column, type }]),
    ),
  };
}

/** The value of a tag in a row `s` of the series table; '' without the tag, or for a series that lacks it. */
export function tagText({ tags }: StoredMeasurement, tag: string | undefined): string {
  const column = tag === undefined ? undefined : tags.get(tag);
  return column === undefined ? `''` : `coalesce(s.${column}, '')`;
}

export function isOneOf(text: string, values: readonly string[]): string {
  return values.length === 0 ? 'false' : `${text} IN (${values.map(literal).join(', ')})`;
}

const NS_PER_MS = 1_000_000n;

/** An instant as DuckDB has it in the points; whole ms. Throws a RangeError for what is no number. */
export function instant(ms: number): string {
  return `make_timestamp_ns(${BigInt(Math.floor(ms)) * NS_PER_MS})`;
}
