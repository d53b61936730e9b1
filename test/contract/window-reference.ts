import { expect } from 'vitest';
import type { FieldSummary } from '../../src/sink/field-summary.js';
import type { Point, Tag } from '../../src/sink/point.js';
import { quantileOf, RELATIVE_ERROR } from '../../src/sink/quantile-sketch.js';
import { MAX_COUNTED_VALUES, MAX_TOP_CHARACTERS, MAX_TOP_VALUES } from '../../src/sink/top-values.js';
import type {
  FoldedGroup,
  FoldField,
  FoldQuery,
  RowsQuery,
  StoredRow,
} from '../../src/sink/window-reader.js';

type Value = number | bigint | string | boolean;

/** A point as a store should have it after all writes. */
interface KeptPoint {
  readonly tags: readonly Tag[];
  readonly timestampNs: bigint;
  readonly fields: Map<string, Value>;
}

/** One value of a field, and where it comes from. */
interface Sample {
  readonly tags: readonly Tag[];
  readonly timestampNs: bigint;
  readonly value: Value;
}

/** Names a series; `first` and `last` of several series with one time are those of the greatest, as UTF-8. */
export type SeriesKey = (tags: readonly Tag[]) => string;

const NS_PER_MS = 1_000_000n;

/** The points that a store should have: a later point overwrites the fields it names. */
export class ReferenceStore {
  readonly #byMeasurement = new Map<string, Map<string, KeptPoint>>();
  readonly #seriesKey: SeriesKey;

  constructor(seriesKey: SeriesKey) {
    this.#seriesKey = seriesKey;
  }

  write(points: readonly Point[]): void {
    for (const { series, timestampNs, fields } of points) {
      let kept = this.#byMeasurement.get(series.measurement);
      if (kept === undefined) {
        kept = new Map();
        this.#byMeasurement.set(series.measurement, kept);
      }
      const identity = `${timestampNs} ${tagsText(series.tags)}`;
      let point = kept.get(identity);
      if (point === undefined) {
        point = { tags: series.tags, timestampNs, fields: new Map() };
        kept.set(identity, point);
      }
      for (const { name, value } of fields) point.fields.set(name, value);
    }
  }

  rows(query: RowsQuery): StoredRow[] {
    return this.#chosen(query, query.fromNs)
      .sort((a, b) => {
        const [one, other] = [tagsText(a.tags), tagsText(b.tags)];
        if (one !== other) return one < other ? -1 : 1;
        return a.timestampNs < b.timestampNs ? -1 : 1;
      })
      .map(({ tags, timestampNs, fields }) => ({
        tags,
        timestampNs,
        fields: [...fields]
          .filter(([name]) => query.fields.includes(name))
          .map(([name, value]) => fieldOf(name, value)),
      }))
      .filter(({ fields }) => fields.length > 0);
  }

  fold(query: FoldQuery): FoldedGroup[] {
    const lookbackFromNs = query.fromNs - BigInt(query.lookbackMs) * NS_PER_MS;
    const groups = new Map<string, { tags: readonly Tag[]; points: KeptPoint[] }>();
    for (const point of this.#chosen(query, lookbackFromNs)) {
      const tags = query.by === undefined ? point.tags : tagsOf(query.by, point.tags);
      let group = groups.get(tagsText(tags));
      if (group === undefined) {
        group = { tags, points: [] };
        groups.set(tagsText(tags), group);
      }
      group.points.push(point);
    }
    const folded: FoldedGroup[] = [];
    for (const { tags, points } of groups.values()) {
      const fields = new Map<string, FieldSummary>();
      for (const asked of query.fields) {
        const summary = this.#summary(points, asked, query);
        if (summary !== undefined) fields.set(asked.name, summary);
      }
      if (fields.size > 0) folded.push({ tags, fields });
    }
    return folded;
  }

  #chosen({ measurement, toNs, only }: Omit<RowsQuery, 'fields'>, fromNs: bigint): KeptPoint[] {
    const points = [...(this.#byMeasurement.get(measurement)?.values() ?? [])];
    return points.filter(({ tags, timestampNs }) => {
      if (timestampNs < fromNs || timestampNs >= toNs) return false;
      if (only === undefined) return true;
      const values = only.tags.map((name) => tags.find((tag) => tag.name === name)?.value ?? '');
      return only.values.some((wanted) => wanted.every((value, i) => value === values[i]));
    });
  }

  #summary(points: readonly KeptPoint[], asked: FoldField, query: FoldQuery): FieldSummary | undefined {
    const samples: Sample[] = [];
    for (const { tags, timestampNs, fields } of points) {
      const value = fields.get(asked.name);
      if (value !== undefined) samples.push({ tags, timestampNs, value });
    }
    const inSpan = samples.filter(({ timestampNs }) => timestampNs >= query.fromNs);
    if (inSpan.length === 0) return undefined;
    const values = inSpan.map(({ value }) => value);
    const areBooleans = typeof values[0] === 'boolean';
    const areNumbers = !areBooleans && typeof values[0] !== 'string';
    return {
      count: values.length,
      ...(areBooleans && { trueCount: values.filter((value) => value === true).length }),
      ...(areNumbers && { numbers: this.#numbers(inSpan, asked) }),
      ...(asked.steps && { steps: stepsOf(samples, query, areNumbers) }),
      ...(asked.top === true && { top: topOf(areNumbers ? values.map(Number) : values) }),
    };
  }

  #numbers(samples: readonly Sample[], asked: FoldField): NonNullable<FieldSummary['numbers']> {
    const values = samples.map(({ value }) => Number(value));
    const mean = sumOf(values) / values.length;
    const powers = (power: number) => sumOf(values.map((value) => (value - mean) ** power));
    const inOrder = (direction: number) => (a: Sample, b: Sample) =>
      a.timestampNs !== b.timestampNs
        ? (a.timestampNs < b.timestampNs ? -1 : 1) * direction
        : Buffer.compare(Buffer.from(this.#seriesKey(b.tags)), Buffer.from(this.#seriesKey(a.tags)));
    const { histogram } = asked;
    return {
      sum: sumOf(values),
      mean,
      m2: powers(2),
      ...(asked.shape && { m3: powers(3), m4: powers(4) }),
      min: Math.min(...values),
      max: Math.max(...values),
      first: Number([...samples].sort(inOrder(1))[0]!.value),
      last: Number([...samples].sort(inOrder(-1))[0]!.value),
      ...(histogram !== undefined && {
        histogram: [Number.NEGATIVE_INFINITY, ...histogram].map(
          (bound, i) =>
            values.filter((value) => value >= bound && !(value >= (histogram[i] ?? Number.NaN))).length,
        ),
      }),
      // Exact values; `expectGroups` compares quantiles of the store's sketch with theirs.
      ...(asked.quantiles && { sketch: new Map(values.sort((a, b) => a - b).entries()) }),
    };
  }
}

/** All values with their counts; `expectGroups` knows how many of them a summary has. */
function topOf(values: readonly Value[]): NonNullable<FieldSummary['top']> {
  const first = values.map((value) =>
    typeof value === 'string'
      ? [...value].slice(0, MAX_TOP_CHARACTERS).join('')
      : (value as number | boolean),
  );
  const counts = new Map<number | boolean | string, number>();
  for (const value of first) counts.set(value, first.filter((other) => other === value).length);
  const bytes = (value: unknown) => Buffer.from(String(value));
  const inOrder = [...counts].sort(([a, countA], [b, countB]) => {
    if (countA !== countB) return countB - countA;
    return typeof a === 'string' ? Buffer.compare(bytes(a), bytes(b)) : Number(a) - Number(b);
  });
  return { counts: new Map(inOrder), isCut: inOrder.length > MAX_TOP_VALUES, isExact: true };
}

/** Neighbours are taken in each series, and what comes of them is added up. */
function stepsOf(samples: readonly Sample[], query: FoldQuery, areNumbers: boolean): FieldSummary['steps'] {
  const steps = { changes: 0, increase: 0, weightedSum: 0, seconds: 0 };
  const compared = (value: Value) => (areNumbers ? Number(value) : value);
  for (const series of new Set(samples.map(({ tags }) => tagsText(tags)))) {
    const inOrder = samples
      .filter(({ tags }) => tagsText(tags) === series)
      .sort((a, b) => (a.timestampNs < b.timestampNs ? -1 : 1));
    for (const [i, { timestampNs, value }] of inOrder.entries()) {
      if (timestampNs < query.fromNs) continue;
      const before = inOrder[i - 1]?.value;
      if (before !== undefined && compared(before) !== compared(value)) steps.changes++;
      if (!areNumbers) continue;
      const number = Number(value);
      if (before !== undefined) steps.increase += number < Number(before) ? number : number - Number(before);
      const seconds = Number((inOrder[i + 1]?.timestampNs ?? query.toNs) - timestampNs) / 1e9;
      steps.weightedSum += number * seconds;
      steps.seconds += seconds;
    }
  }
  return steps;
}

/** Fails unless both have the same groups with the same summaries, as exactly as the seam promises. */
export function expectGroups(actual: readonly FoldedGroup[], expected: readonly FoldedGroup[]): void {
  const byTags = new Map(actual.map((group) => [tagsText(group.tags), group.fields]));
  expect(byTags.size, 'no group comes twice').toBe(actual.length);
  expect([...byTags.keys()].sort()).toEqual(expected.map(({ tags }) => tagsText(tags)).sort());
  for (const { tags, fields } of expected) {
    const found = byTags.get(tagsText(tags));
    expect([...(found?.keys() ?? [])].sort(), tagsText(tags)).toEqual([...fields.keys()].sort());
    for (const [name, summary] of fields)
      expectSummary(found!.get(name)!, summary, `${tagsText(tags)} ${name}`);
  }
}

function expectSummary(actual: FieldSummary, expected: FieldSummary, hint: string): void {
  const { numbers, steps, top, ...counts } = expected;
  const { numbers: actualNumbers, steps: actualSteps, top: actualTop, ...actualCounts } = actual;
  expect(actualCounts, hint).toEqual(counts);
  expectTop(actualTop, top, hint);
  if (numbers === undefined) expect(actualNumbers, hint).toBeUndefined();
  else expectNumbers(actualNumbers, numbers, expected.count, hint);
  if (steps === undefined) {
    expect(actualSteps, hint).toBeUndefined();
    return;
  }
  expect(actualSteps?.changes, hint).toBe(steps.changes);
  for (const key of ['increase', 'weightedSum', 'seconds'] as const) {
    expectNear(actualSteps?.[key], steps[key], 1e-9 * Math.max(1, Math.abs(steps[key])), `${hint} ${key}`);
  }
}

function expectTop(actual: FieldSummary['top'], expected: FieldSummary['top'], hint: string): void {
  expect(actual === undefined, hint).toBe(expected === undefined);
  if (actual === undefined || expected === undefined) return;
  expect(actual.isCut, hint).toBe(expected.isCut);
  // A store that returns raw values has no room to count all of them, and says so.
  const isCounted = expected.counts.size <= MAX_COUNTED_VALUES;
  if (isCounted) expect(actual.isExact, hint).toBe(true);
  if (!actual.isExact) return;
  expect([...actual.counts], hint).toEqual([...expected.counts].slice(0, MAX_TOP_VALUES));
}

function expectNumbers(
  actual: FieldSummary['numbers'],
  expected: NonNullable<FieldSummary['numbers']>,
  count: number,
  hint: string,
): void {
  const { min, max, first, last, histogram } = expected;
  expect(
    actual && {
      min: actual.min,
      max: actual.max,
      first: actual.first,
      last: actual.last,
      histogram: actual.histogram,
    },
    hint,
  ).toEqual({ min, max, first, last, histogram });
  const largest = Math.max(Math.abs(min), Math.abs(max));
  expectNear(actual?.sum, expected.sum, 1e-9 * count * largest, `${hint} sum`);
  expectNear(actual?.mean, expected.mean, 1e-9 * largest, `${hint} mean`);
  // Beside the relative error of the sum itself, a difference of two doubles has that of the doubles.
  for (const [key, power] of [
    ['m2', 2],
    ['m3', 3],
    ['m4', 4],
  ] as const) {
    const exact = expected[key];
    const spread = count * (max - min) ** power;
    if (exact === undefined) expect(actual?.[key], hint).toBeUndefined();
    else expectNear(actual?.[key], exact, 1e-6 * Math.abs(exact) + 1e-9 * spread + 1e-12, `${hint} ${key}`);
  }
  expect(actual?.sketch === undefined, hint).toBe(expected.sketch === undefined);
  if (expected.sketch === undefined || actual?.sketch === undefined) return;
  expect(sumOf([...actual.sketch.values()]), hint).toBe(count);
  for (const q of [0, 0.25, 0.5, 0.75, 1]) {
    const exact = expected.sketch.get(Math.max(0, Math.ceil(q * count) - 1))!;
    const allowed = RELATIVE_ERROR * Math.abs(exact) * (1 + 1e-9);
    expectNear(quantileOf(actual.sketch, q), exact, allowed, `${hint} quantile ${q}`);
  }
}

function expectNear(actual: number | undefined, expected: number, allowed: number, hint: string): void {
  expect(actual, hint).toBeDefined();
  expect(Math.abs(actual! - expected), `${hint}: ${actual} instead of ${expected}`).toBeLessThanOrEqual(
    allowed,
  );
}

/** Fails unless both have the same rows, and the actual ones have each series in the order of time. */
export function expectRows(actual: readonly StoredRow[], expected: readonly StoredRow[]): void {
  const newest = new Map<string, bigint>();
  let series: string | undefined;
  for (const { tags, timestampNs } of actual) {
    const before = newest.get(tagsText(tags));
    if (before !== undefined) expect(timestampNs > before, 'each series is in the order of time').toBe(true);
    newest.set(tagsText(tags), timestampNs);
    if (tagsText(tags) !== series) expect(before, 'one series comes after the other').toBeUndefined();
    series = tagsText(tags);
  }
  expect(actual.map(rowText).sort()).toEqual(expected.map(rowText).sort());
}

function rowText({ tags, timestampNs, fields }: StoredRow): string {
  const texts = fields.map(({ name, type, value }) => JSON.stringify([name, type, String(value)]));
  return `${timestampNs} ${tagsText(tags)} ${texts.sort().join(' ')}`;
}

/** The values of some tags, in the order of a series' tags, without those that are missing. */
function tagsOf(names: readonly string[], tags: readonly Tag[]): Tag[] {
  return tags.filter(({ name }) => names.includes(name));
}

function fieldOf(name: string, value: Value): StoredRow['fields'][number] {
  if (typeof value === 'number') return { name, type: 'float', value };
  if (typeof value === 'bigint') return { name, type: 'int', value };
  if (typeof value === 'string') return { name, type: 'string', value };
  return { name, type: 'boolean', value };
}

export function tagsText(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map(({ name, value }) => [name, value]));
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
