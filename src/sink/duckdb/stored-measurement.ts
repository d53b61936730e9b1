import type { FieldType } from '../point.js';
import { literal } from './identifiers.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { SCHEMA } from './measurement-table.js';

const NS_PER_MS = 1_000_000n;

/** The tables and columns of a measurement. */
export interface StoredMeasurement {
  readonly pointsTable: string;
  readonly seriesTable: string;
  /** Tag name → column. */
  readonly tags: ReadonlyMap<string, string>;
  /** Field name → column and type. */
  readonly fields: ReadonlyMap<string, { readonly column: string; readonly type: FieldType }>;
}

/** Resolves with undefined when no point of the measurement is stored. */
export async function storedMeasurement(
  read: InterruptibleRead,
  measurement: string,
): Promise<StoredMeasurement | undefined> {
  const rows = await read.rows(
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

/** Returns an SQL expression for a tag's value in a row `s` of the series table; '' for a series without the tag. */
export function tagText({ tags }: StoredMeasurement, tag: string | undefined): string {
  const column = tag === undefined ? undefined : tags.get(tag);
  return column === undefined ? `''` : `coalesce(s.${column}, '')`;
}

/** Returns an SQL condition that a text expression has one of the values. */
export function isOneOf(text: string, values: readonly string[]): string {
  return values.length === 0 ? 'false' : `${text} IN (${values.map(literal).join(', ')})`;
}

/** Returns an SQL expression for an instant in whole ms. Throws a RangeError when `ms` is not finite. */
export function instant(ms: number): string {
  return `make_timestamp_ns(${BigInt(Math.floor(ms)) * NS_PER_MS})`;
}
