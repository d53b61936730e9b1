import { SluiceError } from '../../lib/errors.js';
import { sortedTags, type Tag } from '../point.js';
import type { RowsQuery } from '../window-reader.js';
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
): AsyncGenerator<RawChunk, void, undefined> {
  const { measurement } = query;
  for (const statement of rawStatements(query)) {
    for await (const series of channel.stream(statement, (name) => name === measurement, signal)) {
      const tags = tagsOf(series);
      yield { tags, key: tagsKey(tags), rows: rowsInOrder(series, query.fields) };
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

/** InfluxDB 1 names every tag of the measurement, with '' where a series does not have it. */
function tagsOf({ tags }: QueriedSeries): readonly Tag[] {
  const named = Object.entries(tags ?? {}).filter(([, value]) => value !== '');
  return sortedTags(named.map(([name, value]) => ({ name, value })));
}

/** Other columns than those asked for are tags: the first versions of InfluxDB 3 do not tell series apart in another way. */
function rowsInOrder({ columns, values }: QueriedSeries, fields: readonly string[]): RawChunk['rows'] {
  if (columns.length > fields.length + 1) {
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      'the store returns the tags of a series as columns: windows need a later version of InfluxDB 3',
    );
  }
  const isAsAsked =
    columns.length === fields.length + 1 && fields.every((name, i) => columns[i + 1] === name);
  if (isAsAsked) return values;
  const places = [0, ...fields.map((name) => columns.indexOf(name, 1))];
  return values.map((row) => places.map((place) => row[place] ?? null));
}
