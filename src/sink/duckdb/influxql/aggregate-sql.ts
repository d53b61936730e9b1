import type { CallPlan } from '../../../influxql/plan-select.js';
import type { Value } from '../../../influxql/value.js';

export type AggregatePlan = Extract<CallPlan, { kind: 'aggregate' }>;

/** What an aggregate found in one window: `atNs` and `beside` are those of the value that a selector chose. */
export interface Aggregated {
  readonly value: Value;
  readonly atNs?: bigint;
  readonly beside?: readonly (Value | null)[];
}

/** SQL expressions for one aggregate, and what their cells mean. */
export interface AggregateSql {
  readonly expressions: readonly string[];
  /** Returns undefined where no point has the field. */
  readonly decode: (cells: readonly unknown[]) => Aggregated | undefined;
}

/** The chosen value of a selector, its time, and what is beside it. */
interface Chosen {
  readonly v: Value;
  readonly t: bigint;
  readonly [beside: `a${number}`]: Value | null;
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
  const found = [`'v': ${field}`, `'t': epoch_ns(p.time)`, ...beside.map((sql, nth) => `'a${nth}': ${sql}`)];
  const [order, key] = selectorKey(name, type === 'boolean', field);
  return {
    expressions: [`arg_${order}({${found.join(', ')}}, {${key}}) FILTER (${field} IS NOT NULL)`],
    decode: ([cell]) => {
      if (cell === null) return undefined;
      const chosen = (cell as { readonly entries: Chosen }).entries;
      return {
        value: chosen.v,
        atNs: chosen.t,
        beside: beside.map((_sql, nth) => chosen[`a${nth}`] ?? null),
      };
    },
  };
}

function selectorKey(
  name: AggregatePlan['name'],
  isBoolean: boolean,
  field: string,
): readonly ['min' | 'max', string] {
  const [at, value] = [`'t': epoch_ns(p.time)`, `'v': ${field}`];
  switch (name) {
    case 'min':
      return ['min', `${value}, ${at}`];
    case 'max':
      return ['max', `${value}, 't': -epoch_ns(p.time)`];
    case 'first':
      return isBoolean ? ['min', `${at}, ${value}`] : ['max', `'t': -epoch_ns(p.time), ${value}`];
    default:
      return ['max', `${at}, ${value}`];
  }
}
