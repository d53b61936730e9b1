import type { FieldSummary, NumberSummary, StoredValue, TopValues } from '../field-summary.js';
import type { Tag } from '../point.js';
import { MAX_TOP_VALUES } from '../top-values.js';
import type { FoldedGroup } from '../window-reader.js';
import type { FoldPlan, FoldSlice, PlannedField } from './fold-plan.js';
import { baseSql, binsSql, isNumber, MAX_SQUARED, shapeSql, stepsSql, topSql } from './fold-sql.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { tagsOfKey } from './series-entries.js';

/** DuckDB keeps vectors of 2,048 values for each column of a statement, however few groups there are. */
const FIELDS_AT_ONCE = 16;
/** A value with its neighbours, measured with DuckDB 1.5. */
const BYTES_PER_STEP = 32;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Cells = Iterator<unknown, undefined>;

/** A summary that statements fill in one after the other. */
interface Summary extends Writable<Omit<FieldSummary, 'numbers' | 'top'>> {
  top?: Writable<Omit<TopValues, 'counts'>> & { readonly counts: Map<StoredValue, number> };
  numbers?: Writable<Omit<NumberSummary, 'sketch'>> & { sketch?: Map<number, number> };
}

interface Group {
  readonly tags: readonly Tag[];
  readonly fields: Map<string, Summary>;
}

/** Resolves with the groups of one slice. All its statements must see the same data: run it in `read.snapshot`. */
export async function foldSlice(
  read: InterruptibleRead,
  plan: FoldPlan,
  slice: FoldSlice,
): Promise<readonly FoldedGroup[]> {
  const groups = new Map<number, Group>();
  let rows = 0;
  for (const fields of inParts(plan.fields)) {
    rows = 0;
    await read.each(baseSql(plan, slice, fields), (row) => {
      rows += addRow(groups, plan, fields, row);
    });
  }
  if (groups.size === 0) return [];
  for (const fields of inParts(plan.fields.filter((field) => field.asked.shape && isNumber(field)))) {
    await read.each(shapeSql(plan, slice, fields), (row) => addShape(groups, fields, row));
  }
  const parts = Math.ceil((rows * BYTES_PER_STEP) / plan.budgetBytes);
  for (const field of plan.fields) {
    const { name, steps, quantiles, top } = field.asked;
    const summaryOf = (id: unknown) => groups.get(Number(id))?.fields.get(name);
    for (let nth = 0; steps && nth < parts; nth++) {
      const sql = stepsSql(plan, slice, field, { nth, of: parts });
      await read.each(sql, ([id, ...cells]) => addSteps(summaryOf(id), cells.map(Number)));
    }
    if (top === true) {
      await read.each(topSql(plan, slice, field), ([id, value, count]) =>
        addTop(summaryOf(id), value as StoredValue, Number(count)),
      );
    }
    if (!quantiles || !isNumber(field)) continue;
    await read.each(binsSql(plan, slice, field), ([id, bin, count]) =>
      addBin(summaryOf(id), Number(bin), Number(count)),
    );
  }
  return [...groups.values()].filter(({ fields }) => fields.size > 0);
}

function inParts(fields: readonly PlannedField[]): PlannedField[][] {
  const parts: PlannedField[][] = [];
  for (let from = 0; from < fields.length; from += FIELDS_AT_ONCE) {
    parts.push(fields.slice(from, from + FIELDS_AT_ONCE));
  }
  return parts;
}

function addShape(
  groups: ReadonlyMap<number, Group>,
  fields: readonly PlannedField[],
  row: readonly unknown[],
): void {
  const cells: Cells = row[Symbol.iterator]();
  const group = groups.get(number(cells));
  for (const { asked } of fields) {
    const [m3, m4] = [number(cells), number(cells)];
    const numbers = group?.fields.get(asked.name)?.numbers;
    if (numbers !== undefined) Object.assign(numbers, { m3, m4 });
  }
}

/** A text or boolean field has changes only. */
function addSteps(summary: Summary | undefined, cells: readonly number[]): void {
  if (summary === undefined) return;
  const [changes = 0, increase = 0, weightedSum = 0, seconds = 0] = cells;
  const { steps } = summary;
  summary.steps = {
    changes: (steps?.changes ?? 0) + changes,
    increase: (steps?.increase ?? 0) + increase,
    weightedSum: (steps?.weightedSum ?? 0) + weightedSum,
    seconds: (steps?.seconds ?? 0) + seconds,
  };
}

function addBin(summary: Summary | undefined, bin: number, count: number): void {
  if (summary?.numbers === undefined) return;
  summary.numbers.sketch ??= new Map<number, number>();
  summary.numbers.sketch.set(bin, count);
}

function addTop(summary: Summary | undefined, value: StoredValue, count: number): void {
  if (summary === undefined) return;
  summary.top ??= { counts: new Map(), isCut: false, isExact: true };
  if (summary.top.counts.size === MAX_TOP_VALUES) summary.top.isCut = true;
  else summary.top.counts.set(value, count);
}

/** Adds the answer of `baseSql` for one group, and returns the number of its points. */
function addRow(
  groups: Map<number, Group>,
  plan: FoldPlan,
  fields: readonly PlannedField[],
  row: readonly unknown[],
): number {
  const cells: Cells = row[Symbol.iterator]();
  const id = number(cells);
  const rows = number(cells);
  const summaries = fields.map((field) => [field.asked.name, summaryOf(cells, field)] as const);
  let group = groups.get(id);
  if (group === undefined) {
    group = { tags: groupTags(plan, [...rest(cells)]), fields: new Map() };
    groups.set(id, group);
  }
  for (const [name, summary] of summaries) if (summary.count > 0) group.fields.set(name, summary);
  return rows;
}

function summaryOf(cells: Cells, { asked, type }: PlannedField): Summary {
  const count = number(cells);
  if (type === 'string') return { count };
  if (type === 'boolean') return { count, trueCount: number(cells) };
  const [sum, variance, min, max, first, last] = [1, 2, 3, 4, 5, 6].map(() => number(cells)) as NumberCells;
  const isSquared = Math.max(-min, max) < MAX_SQUARED;
  const numbers: NonNullable<Summary['numbers']> = {
    sum,
    mean: sum / count,
    m2: isSquared ? variance * count : Number.POSITIVE_INFINITY,
    min,
    max,
    first,
    last,
  };
  if (asked.histogram !== undefined) numbers.histogram = histogramOf(cells, count, asked.histogram.length);
  return { count, numbers };
}

type NumberCells = [sum: number, variance: number, min: number, max: number, first: number, last: number];

/** From the counts at or above each bound to those between them. */
function histogramOf(cells: Cells, count: number, bounds: number): number[] {
  const atLeast = [count, ...Array.from({ length: bounds }, () => number(cells)), 0];
  return atLeast.slice(1).map((above, i) => (atLeast[i] ?? 0) - above);
}

/** The tags of `by`, or of the series: then the cell is the text that `SeriesEntry.key` describes. */
function groupTags({ query: { by } }: FoldPlan, cells: readonly unknown[]): Tag[] {
  if (by === undefined) return tagsOfKey(String(cells[0]));
  return by
    .map((name, i) => ({ name, value: String(cells[i]) }))
    .filter(({ value }) => value !== '')
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

function number(cells: Cells): number {
  return Number(cells.next().value);
}

function* rest(cells: Cells): Generator<unknown> {
  for (let next = cells.next(); next.done !== true; next = cells.next()) yield next.value;
}
