import type { SeriesQuery } from '../../src/reading/series-query.js';
import type { Value } from './stored-climate.js';

/** What a chart has to say, computed from the values alone. */
export interface Expected {
  readonly name: string;
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  /** By the start of the bucket. */
  readonly buckets: ReadonlyMap<number, number>;
}

export function expectedSeries(
  values: Iterable<Value>,
  { by, only, fn, fromMs, toMs }: Pick<SeriesQuery, 'by' | 'only' | 'fn' | 'fromMs' | 'toMs'>,
  timesMs: readonly number[],
): Expected[] {
  const tagOf = (value: Value, tag: string) => (tag === 'device' ? value.device : value.site);
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    if (value.atMs < fromMs || value.atMs >= toMs) continue;
    if (only !== undefined && !only.values.includes(tagOf(value, only.tag))) continue;
    const name = by === undefined ? '' : tagOf(value, by);
    groups.set(name, [...(groups.get(name) ?? []), value]);
  }
  return [...groups].map(([name, all]) => {
    const ordered = inOrder(all);
    const buckets = new Map<number, Value[]>();
    for (const value of ordered) {
      const start = timesMs.findLast((atMs) => atMs <= value.atMs)!;
      buckets.set(start, [...(buckets.get(start) ?? []), value]);
    }
    return {
      name,
      count: all.length,
      mean: apply('mean', ordered),
      min: apply('min', ordered),
      max: apply('max', ordered),
      first: apply('first', ordered),
      last: apply('last', ordered),
      buckets: new Map([...buckets].map(([start, some]) => [start, apply(fn, some)])),
    };
  });
}

/** By time; of several series with one time the greatest tags count, for the first value and for the last. */
function inOrder(values: readonly Value[]): Value[] {
  return values.toSorted((a, b) => a.atMs - b.atMs || (a.device < b.device ? -1 : 1));
}

function apply(fn: SeriesQuery['fn'], values: readonly Value[]): number {
  const numbers = values.map(({ v }) => v);
  const sum = numbers.reduce((total, v) => total + v, 0);
  if (typeof fn !== 'string') {
    const sorted = numbers.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(fn.percentile * sorted.length) - 1)]!;
  }
  switch (fn) {
    case 'count':
      return numbers.length;
    case 'sum':
      return sum;
    case 'mean':
      return sum / numbers.length;
    case 'min':
      return Math.min(...numbers);
    case 'max':
      return Math.max(...numbers);
    case 'last':
      return numbers.at(-1)!;
    case 'first': {
      const [{ atMs }] = values as [Value];
      return values.filter((value) => value.atMs === atMs).at(-1)!.v;
    }
  }
}
