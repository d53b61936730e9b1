import { sortedTags, type Tag } from '../point.js';
import type { RowsQuery } from '../window-reader.js';
import { type StoredFields, storedFields } from './influx-reader.js';
import { identifier, isExpressible, literal } from './influxql.js';
import type { QueriedSeries, QueryChannel } from './query-channel.js';

/** A longer condition takes the parser of InfluxDB more time than a second request. */
const MAX_GROUPS_IN_STATEMENT = 100;

/** Some rows of one series, in the order of time. */
export interface RawChunk {
  readonly tags: readonly Tag[];
  /** Names the series: the same for all of its chunks, different for every other series. */
  readonly key: string;
  /** The time as RFC 3339, then a value for each of the fields asked for, or null. */
  readonly rows: readonly (readonly unknown[])[];
}

/** Reads the points of a query, series by series; a series is in one piece. Reads nothing when no name can be expressed. */
export async function* rawChunks(
  channel: QueryChannel,
  query: RowsQuery,
  signal: AbortSignal,
  known?: StoredFields,
): AsyncGenerator<RawChunk, void, undefined> {
  const statements = rawStatements(query);
  if (statements.length === 0) return;
  const { measurement } = query;
  const stored = known ?? (await storedFields(channel, measurement));
  const texts = query.fields.filter((name) => stored.texts.has(name)).length;
  for (const statement of statements) {
    for await (const series of channel.stream(statement, (name) => name === measurement, signal, texts)) {
      yield* chunksOf(series, query.fields);
    }
  }
}

/** Two series have the same text only if they have the same tags. */
export function tagsKey(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map(({ name, value }) => [name, value]));
}

/** Returns the statements that together give every point of the query once. */
export function rawStatements({ measurement, fromNs, toNs, fields, only }: RowsQuery): readonly string[] {
  if (fields.length === 0 || fromNs >= toNs) return [];
  // `::field` excludes a tag of the same name.
  const columns = fields.map((name) => `${identifier(name)}::field`).join(', ');
  const select =
    `SELECT ${columns} FROM ${identifier(measurement)}` + ` WHERE time >= ${fromNs}ns AND time < ${toNs}ns`;
  if (only === undefined || (only.tags.length === 0 && only.values.length > 0))
    return [`${select} GROUP BY *`];
  const conditions = groupConditions(only);
  const statements: string[] = [];
  for (let at = 0; at < conditions.length; at += MAX_GROUPS_IN_STATEMENT) {
    const some = conditions.slice(at, at + MAX_GROUPS_IN_STATEMENT);
    statements.push(`${select} AND (${some.join(' OR ')}) GROUP BY *`);
  }
  return statements;
}

/** A group that is named twice must not be read twice; Sluice writes no name or value that InfluxQL cannot express. */
function groupConditions({ tags, values }: NonNullable<RowsQuery['only']>): readonly string[] {
  const conditions = values
    .filter((group) => group.every(isExpressible))
    .map((group) =>
      group.map((value, i) => `${identifier(tags[i]!)}::tag = ${literal(value)}`).join(' AND '),
    );
  return [...new Set(conditions)].map((condition) => `(${condition})`);
}

/** One chunk, or one for each series where the store returns the tags as columns. */
function* chunksOf(series: QueriedSeries, fields: readonly string[]): Generator<RawChunk, void, undefined> {
  const { tags, columns, values } = series;
  const places = [0, ...fields.map((name) => columns.indexOf(name, 1))];
  const isAsAsked = columns.length === places.length && places.every((place, i) => place === i);
  const rowOf = (row: readonly unknown[]) => places.map((place) => row[place] ?? null);
  const others = columns
    .map((name, place) => ({ name, place }))
    .filter(({ place }) => !places.includes(place));
  if (tags !== undefined || others.length === 0) {
    const named = tagsOf(Object.entries(tags ?? {}));
    yield { tags: named, key: tagsKey(named), rows: isAsAsked ? values : values.map(rowOf) };
    return;
  }
  // The first versions of InfluxDB 3 return the rows of all series together, in the order of the tags.
  let open: { readonly tags: readonly Tag[]; readonly key: string; readonly rows: unknown[][] } | undefined;
  for (const row of values) {
    const named = tagsOf(others.map(({ name, place }) => [name, row[place]]));
    const key = tagsKey(named);
    if (open?.key !== key) {
      if (open !== undefined) yield open;
      open = { tags: named, key, rows: [] };
    }
    open.rows.push(rowOf(row));
  }
  if (open !== undefined) yield open;
}

/** InfluxDB names every tag of the measurement, with '' or null where a series does not have it. */
function tagsOf(named: readonly (readonly [name: string, value: unknown])[]): readonly Tag[] {
  const tags: Tag[] = [];
  for (const [name, value] of named)
    if (typeof value === 'string' && value !== '') tags.push({ name, value });
  return sortedTags(tags);
}
