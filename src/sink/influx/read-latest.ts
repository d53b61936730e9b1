import type {
  LastSeenGroup,
  LastSeenQuery,
  LeftRangeAnswer,
  LeftRangeQuery,
  NewestAnswer,
  NewestQuery,
  NewestValue,
} from '../store-reader.js';
import { identifier, isExpressible, numberLiteral, tagIsOneOf } from './influxql.js';
import type { QueriedSeries, QueryChannel } from './query-channel.js';

/**
 * Reads the newest point of each group. It selects whole points because `last()` over several fields loses their
 * times: it returns one row at the start of the queried time.
 */
export async function readLastSeen(
  channel: QueryChannel,
  query: LastSeenQuery,
): Promise<readonly LastSeenGroup[]> {
  const { measurement, by, fromMs, maxGroups } = query;
  const found = await channel.query(
    `SELECT *::field FROM ${identifier(measurement)} WHERE time >= ${Math.floor(fromMs)}ms` +
      `${groupBy(by)} ORDER BY time DESC LIMIT 1`,
    (name) => name === measurement,
  );
  return found
    .flatMap((group) => {
      const atMs = group.values[0]?.[0];
      return typeof atMs === 'number' ? [{ name: groupName(group, by), atMs }] : [];
    })
    .sort((a, b) => b.atMs - a.atMs || (a.name < b.name ? -1 : 1))
    .slice(0, maxGroups);
}

export async function readNewest(channel: QueryChannel, query: NewestQuery): Promise<NewestAnswer> {
  const { measurement, by, fromMs, names, maxFields } = query;
  const inOrder = await fieldNames(channel, measurement);
  const fields = inOrder.slice(0, maxFields);
  // Sluice writes no other names; values that another program wrote under one are omitted.
  const queried = names.filter(isExpressible);
  if (fields.length === 0 || queried.length === 0) return { moreFields: false, groups: [] };

  const found = await channel.query(
    `SELECT ${fields.map((field, nth) => `last(${identifier(field)}) AS f${nth}`).join(', ')}` +
      ` FROM ${identifier(measurement)} WHERE time >= ${Math.floor(fromMs)}ms` +
      `${by === undefined ? '' : ` AND ${tagIsOneOf(by, queried)}`}${groupBy(by)}`,
    (name) => name === measurement,
  );
  return {
    moreFields: fields.length < inOrder.length,
    groups: found.map((group) => ({ name: groupName(group, by), values: newestValues(group, fields) })),
  };
}

/** Asks when each group was last inside, and then each of them for its first number behind that. */
export async function readLeftRange(
  channel: QueryChannel,
  { measurement, field, by, names, low, high, fromMs }: LeftRangeQuery,
): Promise<LeftRangeAnswer> {
  const queried = names.filter(isExpressible);
  if (queried.length === 0 || !isExpressible(field)) return new Map();
  const of = identifier(field);
  const from = identifier(measurement);
  const [least, greatest] = [numberLiteral(low), numberLiteral(high)];
  const isNamed = (list: readonly string[]) => (by === undefined ? '' : ` AND ${tagIsOneOf(by, list)}`);
  const inside = await channel.query(
    `SELECT last(${of}) FROM ${from} WHERE time >= ${Math.floor(fromMs)}ms` +
      ` AND ${of} >= ${least} AND ${of} <= ${greatest}${isNamed(queried)}${groupBy(by)}`,
    (name) => name === measurement,
  );
  const left = new Map<string, number>();
  for (const group of inside) {
    const name = groupName(group, by);
    const insideMs = group.values[0]?.[0];
    if (typeof insideMs !== 'number') continue;
    const [outside] = await channel.query(
      `SELECT first(${of}) FROM ${from} WHERE time > ${insideMs}ms` +
        ` AND (${of} < ${least} OR ${of} > ${greatest})${isNamed([name])}`,
      (found) => found === measurement,
    );
    const atMs = outside?.values[0]?.[0];
    if (typeof atMs === 'number') left.set(name, atMs);
  }
  return left;
}

async function fieldNames(channel: QueryChannel, measurement: string): Promise<readonly string[]> {
  const found = await channel.query(
    `SHOW FIELD KEYS FROM ${identifier(measurement)}`,
    (name) => name === measurement,
  );
  // A field that had two types is listed twice.
  const names = new Set(found.flatMap(({ values }) => values.map(([name]) => String(name))));
  return [...names].filter(isExpressible).sort((a, b) => (a < b ? -1 : 1));
}

function newestValues({ columns, values }: QueriedSeries, fields: readonly string[]): NewestValue[] {
  const row = values[0] ?? [];
  return fields.flatMap((field, nth) => {
    const value = row[columns.indexOf(`f${nth}`)];
    return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
      ? [{ field, value }]
      : [];
  });
}

function groupBy(tag: string | undefined): string {
  return tag === undefined ? '' : ` GROUP BY ${identifier(tag)}`;
}

function groupName({ tags }: QueriedSeries, by: string | undefined): string {
  return by === undefined ? '' : (tags?.[by] ?? '');
}
