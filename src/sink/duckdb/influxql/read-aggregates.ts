import { checkRowsRead, checkSortedPoints, MAX_ROWS_READ } from '../../../influxql/answer-limits.js';
import type { TimeRange } from '../../../influxql/split-condition.js';
import type { TimeWindows } from '../../../influxql/time-windows.js';
import type { TimedValue } from '../../../influxql/value.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import {
  type Aggregated,
  type AggregatePlan,
  aggregateSql,
  KEEPS_VALUES,
  selectorSql,
} from './aggregate-sql.js';
import { fieldColumn } from './field-columns.js';
import { fromSql, type Group, type GroupedPoints } from './group-points.js';
import { distinctSql, type ModeCandidate, modeOf, modeSql, percentileSql, rankingSql } from './ranked-sql.js';
import { windowSql } from './window-sql.js';

/** Values by group, in ascending order of time. */
export type ValuesByGroup = ReadonlyMap<number, readonly TimedValue[]>;

/** What the aggregates of one statement over one range share. */
export interface AggregateRead {
  readonly read: InterruptibleRead;
  readonly grouped: GroupedPoints;
  readonly groups: readonly Group[];
  readonly range: TimeRange;
  /** Absent without GROUP BY time(). */
  readonly windows: TimeWindows | undefined;
  /** Present for a statement of one selector: SQL of what is selected beside it. It keeps the time of its value. */
  readonly beside: readonly string[] | undefined;
  /** The time of a value where there are no windows. */
  readonly wholeNs: bigint;
  readonly ascending: boolean;
}

/** Aggregates that need the values of a window in order. */
const RANKED: ReadonlySet<AggregatePlan['name']> = new Set([
  'percentile',
  'mode',
  'distinct',
  'top',
  'bottom',
]);

/** Computes aggregates; those that only need one pass in one statement. */
export async function readAggregates(
  plans: readonly AggregatePlan[],
  one: AggregateRead,
): Promise<ReadonlyMap<AggregatePlan, ValuesByGroup>> {
  const found = new Map<AggregatePlan, ValuesByGroup>();
  const together: { plan: AggregatePlan; field: string }[] = [];
  for (const plan of plans) {
    const field = fieldColumn(one.grouped.stored, plan.field, plan.type);
    if (field === undefined || one.groups.length === 0) found.set(plan, new Map());
    else if (RANKED.has(plan.name)) {
      found.set(plan, await readRanked(plan, field, one));
    } else together.push({ plan, field });
  }
  if (together.length > 0) await readTogether(together, one, found);
  return found;
}

async function readTogether(
  plans: readonly { readonly plan: AggregatePlan; readonly field: string }[],
  one: AggregateRead,
  found: Map<AggregatePlan, ValuesByGroup>,
): Promise<void> {
  const { grouped, range } = one;
  if (plans.some(({ plan }) => KEEPS_VALUES.has(plan.name))) checkSortedPoints(pointsOf(one));
  const parts = plans.map(({ plan, field }) => {
    const isChosen = one.beside !== undefined || plan.name === 'first' || plan.name === 'last';
    const plain = isChosen ? undefined : aggregateSql(plan, field);
    const values = new Map<number, TimedValue[]>();
    found.set(plan, values);
    return { ...(plain ?? selectorSql(plan, field, one.beside ?? [])), values };
  });
  const expressions = parts.flatMap((part) => part.expressions);
  const sql = `${grouped.withSql}
    SELECT c.g, ${windowOf(one)} AS w, ${expressions.join(', ')}
    ${fromSql(grouped, range, (one.beside?.length ?? 0) > 0)}
    GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${MAX_ROWS_READ + 1}`;
  let rows = 0;
  await one.read.each(sql, ([group, window, ...cells]) => {
    rows += 1;
    let next = 0;
    for (const { expressions: own, decode, values } of parts) {
      const aggregated = decode(cells.slice(next, next + own.length));
      next += own.length;
      add(values, Number(group), window as bigint, aggregated, one);
    }
  });
  checkRowsRead(rows);
}

/** Computes one of the aggregates of RANKED. */
async function readRanked(plan: AggregatePlan, field: string, one: AggregateRead): Promise<ValuesByGroup> {
  checkSortedPoints(pointsOf(one));
  const values = new Map<number, TimedValue[]>();
  const limit = `LIMIT ${MAX_ROWS_READ + 1}`;
  const window = windowOf(one);
  let rows = 0;
  const each = async (sql: string, take: (row: readonly unknown[]) => void) => {
    await one.read.each(`${one.grouped.withSql} ${sql} ${limit}`, (row) => {
      rows += 1;
      take(row);
    });
    checkRowsRead(rows);
  };
  const beside = one.beside ?? [];
  const from = fromSql(one.grouped, one.range, beside.length > 0);
  switch (plan.name) {
    case 'percentile':
      await each(
        percentileSql(plan, { field, window, beside, from }),
        ([group, at, value, atNs, ...others]) =>
          add(values, Number(group), at as bigint, { value, atNs, beside: others } as Aggregated, one),
      );
      break;
    case 'top':
    case 'bottom':
      await each(rankingSql(plan, { field, window, beside, from }), ([group, , value, atNs, ...others]) =>
        add(values, Number(group), atNs as bigint, { value, atNs, beside: others } as Aggregated, one),
      );
      break;
    case 'distinct':
      await each(distinctSql({ field, window, beside, from }, one.ascending), ([group, at, value]) =>
        add(values, Number(group), at as bigint, { value } as Aggregated, one),
      );
      break;
    default: {
      let current: { readonly group: number; readonly at: bigint } | undefined;
      let candidates: ModeCandidate[] = [];
      const close = () => {
        if (current !== undefined) {
          add(values, current.group, current.at, { value: modeOf(candidates, plan.type === 'boolean') }, one);
        }
        candidates = [];
      };
      await each(modeSql({ field, window, beside, from }), ([group, at, value, count, firstNs]) => {
        const key = { group: Number(group), at: at as bigint };
        if (current?.group !== key.group || current.at !== key.at) {
          close();
          current = key;
        }
        candidates.push({ value, count: Number(count), firstNs } as ModeCandidate);
      });
      close();
    }
  }
  return values;
}

function pointsOf({ groups }: AggregateRead): number {
  return groups.reduce((sum, { points }) => sum + points, 0);
}

function windowOf({ windows, groups, range }: AggregateRead): string {
  if (windows === undefined) return '0::BIGINT';
  // Windows are counted from the points that are there: a range may begin in 1677.
  const first = groups.reduce((ns, { firstNs }) => (firstNs < ns ? firstNs : ns), range.maxNs);
  const last = groups.reduce((ns, { lastNs }) => (lastNs > ns ? lastNs : ns), range.minNs);
  return windowSql(windows, { minNs: first, maxNs: last });
}

function add(
  values: Map<number, TimedValue[]>,
  group: number,
  window: bigint,
  aggregated: Aggregated | undefined,
  { windows, beside, wholeNs }: AggregateRead,
): void {
  if (aggregated === undefined) return;
  const ownNs = beside === undefined ? wholeNs : (aggregated.atNs ?? wholeNs);
  const timed = {
    timeNs: windows === undefined ? ownNs : window,
    value: aggregated.value,
    ...(aggregated.beside === undefined ? {} : { beside: aggregated.beside }),
  };
  const known = values.get(group);
  if (known === undefined) values.set(group, [timed]);
  else known.push(timed);
}
