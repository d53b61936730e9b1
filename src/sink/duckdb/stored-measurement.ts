import type { FieldType } from '../point.js';
import { literal } from './identifiers.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { SCHEMA } from './measurement-table.js';

const NS_PER_MS = 1_000_000n;
/** DuckDB's TIMESTAMP_NS uses the ends of int64 for infinity. */
const FIRST_NS = -(2n ** 63n) + 2n;
const LAST_NS = 2n ** 63n - 2n;

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

/** The same for several tags. */
export function tagTexts(stored: StoredMeasurement, tags: readonly string[]): string[] {
  return tags.map((tag) => tagText(stored, tag));
}

/** Returns an SQL condition that a text expression has one of the values. */
export function isOneOf(text: string, values: readonly string[]): string {
  return values.length === 0 ? 'false' : `${text} IN (${values.map(literal).join(', ')})`;
}

/** Returns an SQL condition that some tags have one of the lists of values, as `tagText` has them. */
export function hasOneOf(
  stored: StoredMeasurement,
  { tags, values }: { readonly tags: readonly string[]; readonly values: readonly (readonly string[])[] },
): string {
  if (values.length === 0) return 'false';
  if (tags.length === 0) return 'true';
  const lists = values.map((list) => `(${list.map(literal).join(', ')})`);
  // As a table they are hashed once; a list of a thousand would be compared one by one.
  return `(${tagTexts(stored, tags).join(', ')}) IN (FROM (VALUES ${lists.join(', ')}))`;
}

/** Returns an SQL condition that the time of a row `p` is in the span. */
export function isInSpan(fromNs: bigint, toNs: bigint): string {
  return `p.time >= ${instantNs(fromNs)} AND p.time < ${instantNs(toNs)}`;
}

/** Returns an SQL expression for an instant; beyond the times that a point can have it is the nearest of them. */
export function instantNs(ns: bigint): string {
  const nearest = ns < FIRST_NS ? FIRST_NS : ns > LAST_NS ? LAST_NS : ns;
  return `make_timestamp_ns(${nearest})`;
}

/** Returns an SQL expression for an instant in whole ms. Throws a RangeError when `ms` is not finite. */
export function instant(ms: number): string {
  return `make_timestamp_ns(${BigInt(Math.floor(ms)) * NS_PER_MS})`;
}
