import type { CallPlan } from '../../../influxql/plan-select.js';
import type { Value } from '../../../influxql/value.js';

export type AggregatePlan = Extract<CallPlan, { kind: 'aggregate' }>;

/** What an aggregate found in one window: `atNs` and `beside` are those of the value that a selector chose. */
export interface Aggregated {
  readonly value: Value;
  readonly atNs?: bigint;
  readonly beside?: readonly (Value | null)[];
}

/** Aggregates that keep all values of a window in memory until it ends. */
export const KEEPS_VALUES: ReadonlySet<AggregatePlan['name']> = new Set(['median', 'count distinct']);

/** SQL expressions for one aggregate, and what their cells mean. */
export interface AggregateSql {
  readonly expressions: readonly string[];
  /** Returns undefined where no point has the field. */
  readonly decode: (cells: readonly unknown[]) => Aggregated | undefined;
}

/** The chosen value of a selector and its time; what is beside it comes after them, as a0, a1 and so on. */
interface Chosen {
  readonly v: Value;
  readonly t: bigint;
}

/** @param field SQL expression for the field of a point `p` */
export function aggregateSql({ name, type }: AggregatePlan, field: string): AggregateSql | undefined {
  const single = (expression: string, toValue: (cell: unknown) => Value): AggregateSql => ({
    expressions: [expression],
    decode: ([cell]) => (cell === null ? undefined : { value: toValue(cell) }),
  });
  const isInteger = type === 'integer';
  const sameType = (cell: unknown) =>
    isInteger ? BigInt.asIntN(64, BigInt(cell as bigint)) : (cell as Value);
  switch (name) {
    case 'count':
      return counted(`count(${field})`);
    case 'count distinct':
      return counted(`count(DISTINCT ${field})`);
    case 'sum':
      return single(`sum(${field})`, sameType);
    case 'spread':
      return single(
        isInteger ? `max(${field})::HUGEINT - min(${field})` : `max(${field}) - min(${field})`,
        sameType,
      );
    case 'mean':
      return single(`avg(${field}::DOUBLE)`, Number);
    case 'median':
      return single(`median(${field}::DOUBLE)`, Number);
    case 'stddev':
      // One value has a deviation that is no number, which is not the same as no value.
      return {
        expressions: [`count(${field})`, `stddev_samp(${field}::DOUBLE)`],
        decode: ([count, cell]) =>
          count === 0n ? undefined : { value: cell === null ? Number.NaN : Number(cell) },
      };
    case 'min':
    case 'max':
      return single(`${name}(${field})`, sameType);
    case 'first':
    case 'last':
    case 'percentile':
    case 'top':
    case 'bottom':
    case 'mode':
    case 'distinct':
      return undefined;
  }
}

function counted(expression: string): AggregateSql {
  return {
    expressions: [expression],
    decode: ([count]) => (count === 0n ? undefined : { value: BigInt(count as bigint) }),
  };
}

/**
 * A selector of one value. Of equal values min and max take the earliest; of equal times first and last take the larger
 * value, and first takes false before true.
 *
 * @param beside SQL expressions for what is selected with it
 */
export function selectorSql(
  { name, type }: AggregatePlan,
  field: string,
  beside: readonly string[],
): AggregateSql {
  const { order, key, isReversed } = selectorKey(name, type === 'boolean', field);
  const others = beside.map((sql, nth) => `'a${nth}': ${sql}`);
  // The key alone has all that is asked for, and is faster than what it belongs to.
  const chosen =
    others.length === 0 ? `${order}({${key}})` : `arg_${order}({${key}, ${others.join(', ')}}, {${key}})`;
  return {
    expressions: [`${chosen} FILTER (${field} IS NOT NULL)`],
    decode: ([cell]) => {
      if (cell === null) return undefined;
      const { v, t, ...rest } = (cell as { readonly entries: Chosen }).entries;
      const found = rest as Readonly<Record<string, Value | null>>;
      return {
        value: v,
        atNs: isReversed ? -t : t,
        beside: beside.map((_sql, nth) => found[`a${nth}`] ?? null),
      };
    },
  };
}

interface SelectorKey {
  readonly order: 'min' | 'max';
  /** The value and the time, in the order in which they are compared. */
  readonly key: string;
  /** True where the time is negative, so that the earliest is the largest. */
  readonly isReversed: boolean;
}

function selectorKey(name: AggregatePlan['name'], isBoolean: boolean, field: string): SelectorKey {
  const value = `'v': ${field}`;
  const [at, reversed] = [`'t': epoch_ns(p.time)`, `'t': -epoch_ns(p.time)`];
  switch (name) {
    case 'min':
      return { order: 'min', key: `${value}, ${at}`, isReversed: false };
    case 'max':
      return { order: 'max', key: `${value}, ${reversed}`, isReversed: true };
    case 'first':
      if (isBoolean) return { order: 'min', key: `${at}, ${value}`, isReversed: false };
      return { order: 'max', key: `${reversed}, ${value}`, isReversed: true };
    default:
      return { order: 'max', key: `${at}, ${value}`, isReversed: false };
  }
}
