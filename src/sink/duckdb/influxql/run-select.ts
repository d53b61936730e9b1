import type { AnswerSeries, StatementResult } from '../../../influxql/answer.js';
import { AnswerLimits, checkWindows } from '../../../influxql/answer-limits.js';
import { compileExpression, type Evaluate } from '../../../influxql/evaluate.js';
import type { Schema } from '../../../influxql/expand-fields.js';
import { fillWindows } from '../../../influxql/fill-windows.js';
import { RANKINGS } from '../../../influxql/functions.js';
import { type Column, joinRows } from '../../../influxql/join-rows.js';
import {
  type CallPlan,
  planSelect,
  type SelectPlan,
  typeOf,
  windowsBefore,
} from '../../../influxql/plan-select.js';
import { type PreparedSelect, prepareSelect } from '../../../influxql/prepare-select.js';
import { MIN_TIME_NS, type TimeRange } from '../../../influxql/split-condition.js';
import type { SelectStatement } from '../../../influxql/statement.js';
import { transform } from '../../../influxql/transform.js';
import type { TimedValue } from '../../../influxql/value.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import type { AggregatePlan } from './aggregate-sql.js';
import { checkTexts } from './check-texts.js';
import { fieldColumn, selectedColumn } from './field-columns.js';
import { type FoundMeasurement, findMeasurements, schemaOf } from './find-measurements.js';
import { type Group, type GroupedPoints, groupPoints, readGroups } from './group-points.js';
import { readAggregates, type ValuesByGroup } from './read-aggregates.js';
import { readPoints } from './read-points.js';

/** Answers a SELECT from one state of the data. Rejects with an InfluxqlError for what cannot be answered. */
export async function runSelect(
  read: InterruptibleRead,
  statement: SelectStatement,
  nowNs: bigint,
): Promise<StatementResult> {
  const prepared = prepareSelect(statement, nowNs);
  return read.snapshot(async () => {
    const measurements = await findMeasurements(read, statement.sources);
    const schema = schemaOf(measurements);
    const plan = planSelect(prepared, schema);
    const limits = new AnswerLimits();
    const series: AnswerSeries[] = [];
    for (const measurement of measurements) {
      series.push(
        ...(await new MeasurementSelect(read, prepared, plan, schema, measurement, limits).series()),
      );
    }
    return { series: statement.ascending ? series : series.reverse(), zone: statement.zone };
  });
}

/** A SELECT of one measurement. */
class MeasurementSelect {
  readonly #read: InterruptibleRead;
  readonly #prepared: PreparedSelect;
  readonly #plan: SelectPlan;
  readonly #schema: Schema;
  readonly #measurement: FoundMeasurement;
  readonly #limits: AnswerLimits;
  readonly #grouped: GroupedPoints;
  readonly #expressions: readonly Evaluate[];

  constructor(
    read: InterruptibleRead,
    prepared: PreparedSelect,
    plan: SelectPlan,
    schema: Schema,
    measurement: FoundMeasurement,
    limits: AnswerLimits,
  ) {
    this.#read = read;
    this.#prepared = prepared;
    this.#plan = plan;
    this.#schema = schema;
    this.#measurement = measurement;
    this.#limits = limits;
    this.#grouped = groupPoints(prepared, measurement.stored, plan.tags, schema);
    const keys = [...plan.calls, ...plan.references].map(({ key }, nth) => [key, nth] as const);
    const slotOf = new Map(keys);
    this.#expressions = plan.expressions.map((expression) => compileExpression(expression, slotOf));
  }

  /** Ascending by the values of the tags. */
  async series(): Promise<readonly AnswerSeries[]> {
    const { range, windows } = this.#prepared;
    if (range.minNs > range.maxNs) return [];
    const before = Math.max(0, ...this.#plan.calls.map(({ of }) => windowsBefore(of)));
    const groups = await readGroups(this.#read, this.#grouped, this.#plan.tags, this.#earlier(before));
    if (groups.length === 0) return [];
    if (windows !== undefined) this.#checkWindows(groups);
    await checkTexts(this.#read, this.#grouped, this.#plan, this.#earlier(before), this.#rowsKept(groups));
    const columns = this.#plan.calls.length === 0 ? await this.#points(groups) : await this.#calls(groups);
    return groups.flatMap((group) => this.#seriesOf(group, columns));
  }

  #checkWindows(groups: readonly Group[]): void {
    const { windows, range } = this.#prepared;
    const first = groups.reduce((ns, { firstNs }) => (firstNs < ns ? firstNs : ns), range.maxNs);
    checkWindows(windows!.count(range.minNs === MIN_TIME_NS ? first : range.minNs, range.maxNs));
  }

  /** How many values of a field a statement of this kind keeps at most. */
  #rowsKept(groups: readonly Group[]): number {
    const { windows, range, statement } = this.#prepared;
    const { limit, offset } = statement;
    const ofGroup = ({ points, firstNs, lastNs }: Group): number => {
      if (this.#plan.calls.length === 0) return limit === 0 ? points : Math.min(points, limit + offset);
      if (windows === undefined) return 1;
      const [from, to] = [
        firstNs > range.minNs ? firstNs : range.minNs,
        lastNs < range.maxNs ? lastNs : range.maxNs,
      ];
      return Math.min(points, Number(windows.count(from, to)));
    };
    return groups.reduce((sum, group) => sum + Math.max(1, ofGroup(group)), 0);
  }

  /** The range with so many windows before it, or behind it where the order is descending. */
  #earlier(count: number): TimeRange {
    const { range, windows, statement } = this.#prepared;
    const ns = BigInt(count) * (windows?.everyNs ?? 0n);
    if (ns === 0n) return range;
    if (!statement.ascending) return { ...range, maxNs: range.maxNs + ns };
    return range.minNs === MIN_TIME_NS ? range : { ...range, minNs: range.minNs - ns };
  }

  async #points(groups: readonly Group[]): Promise<readonly GroupColumn[]> {
    const { statement, range } = this.#prepared;
    const { ascending, limit, offset } = statement;
    const columns = this.#plan.references.map(({ of }) =>
      selectedColumn(this.#measurement.stored, of, this.#schema.fields.get(of.name)),
    );
    const values = await readPoints(columns, {
      read: this.#read,
      grouped: this.#grouped,
      groups,
      range,
      ascending,
      limit,
      offset,
    });
    return [{ values, slot: undefined, type: undefined, beside: this.#beside() }];
  }

  #beside(): Column['beside'] {
    const { calls, references } = this.#plan;
    return references.map(({ of }, nth) => ({
      slot: calls.length + nth,
      type: this.#schema.fields.get(of.name) ?? 'string',
    }));
  }

  async #calls(groups: readonly Group[]): Promise<readonly GroupColumn[]> {
    const aggregates = await this.#aggregates(groups);
    const columns: GroupColumn[] = [];
    for (const [slot, { of }] of this.#plan.calls.entries()) {
      const values = new Map<number, readonly TimedValue[]>();
      const raw = await this.#raw(of, groups);
      for (const { id } of groups)
        values.set(id, this.#limited(this.#valuesOf(of, id, { aggregates, raw }, 0)));
      columns.push({ values, slot, type: typeOf(of), beside: this.#beside() });
    }
    return columns;
  }

  /** Reads all aggregates; those over equal ranges together. */
  async #aggregates(groups: readonly Group[]): Promise<ReadonlyMap<AggregatePlan, ValuesByGroup>> {
    const byEarlier = new Map<number, AggregatePlan[]>();
    for (const { of } of this.#plan.calls) {
      const aggregate = aggregateOf(of);
      if (aggregate === undefined) continue;
      const before = windowsBefore(of);
      byEarlier.set(before, [...(byEarlier.get(before) ?? []), aggregate]);
    }
    const found = new Map<AggregatePlan, ValuesByGroup>();
    const { windows, statement } = this.#prepared;
    const beside = this.#plan.references.map(
      ({ of }) => selectedColumn(this.#measurement.stored, of, this.#schema.fields.get(of.name)).sql,
    );
    for (const [before, plans] of byEarlier) {
      const values = await readAggregates(plans, {
        read: this.#read,
        grouped: this.#grouped,
        groups,
        range: this.#earlier(before),
        windows,
        beside: this.#plan.isSelector ? beside : undefined,
        wholeNs: this.#wholeNs(),
        ascending: statement.ascending,
      });
      for (const [plan, one] of values) found.set(plan, one);
    }
    return found;
  }

  /** The time of a value of the whole range. */
  #wholeNs(): bigint {
    const { minNs } = this.#prepared.range;
    return minNs === MIN_TIME_NS ? 0n : minNs;
  }

  /** Reads the values of a field that a transformation takes as they are. */
  async #raw(plan: CallPlan, groups: readonly Group[]): Promise<ValuesByGroup> {
    if (plan.kind === 'transformation') return this.#raw(plan.of, groups);
    if (plan.kind === 'aggregate') return new Map();
    const sql = fieldColumn(this.#measurement.stored, plan.field, plan.type);
    if (sql === undefined) return new Map();
    const { range, statement } = this.#prepared;
    const points = await readPoints([{ sql, isField: true }], {
      read: this.#read,
      grouped: this.#grouped,
      groups,
      range,
      ascending: statement.ascending,
      limit: 0,
      offset: 0,
    });
    const entries = [...points].map(([id, found]) => [
      id,
      found.map(({ timeNs, beside }) => ({ timeNs, value: beside![0]! })),
    ]);
    return new Map(entries as [number, TimedValue[]][]);
  }

  #valuesOf(plan: CallPlan, group: number, found: FoundValues, before: number): readonly TimedValue[] {
    const { ascending } = this.#prepared.statement;
    switch (plan.kind) {
      case 'values':
        return found.raw.get(group) ?? [];
      case 'transformation': {
        const more = before + windowsBefore(plan) - windowsBefore(plan.of);
        const values = this.#valuesOf(plan.of, group, found, more);
        return transform(values, plan, {
          ascending,
          windows: this.#prepared.windows,
          wholeNs: this.#wholeNs(),
        });
      }
      case 'aggregate': {
        const values = found.aggregates.get(plan)?.get(group) ?? [];
        return this.#filled(plan, ascending ? values : inWindowOrder(values), before);
      }
    }
  }

  #filled(plan: AggregatePlan, values: readonly TimedValue[], before: number): readonly TimedValue[] {
    const { windows, statement } = this.#prepared;
    if (windows === undefined || plan.name === 'distinct' || RANKINGS.has(plan.name)) return values;
    const isCount = plan.name === 'count' || plan.name === 'count distinct';
    return fillWindows(values, {
      // Where nothing is, the count is 0.
      fill: isCount && statement.fill.kind === 'null' ? { kind: 'number', value: 0n } : statement.fill,
      windows,
      range: this.#earlier(before),
      ascending: statement.ascending,
      type: typeOf(plan),
      count: () => this.#limits.countCells(1),
    });
  }

  #limited(values: readonly TimedValue[]): readonly TimedValue[] {
    const { limit, offset } = this.#prepared.statement;
    return limit === 0 && offset === 0
      ? values
      : values.slice(offset, limit === 0 ? undefined : offset + limit);
  }

  #seriesOf(group: Group, columns: readonly GroupColumn[]): readonly AnswerSeries[] {
    const { fill, ascending } = this.#prepared.statement;
    const { tags, calls, references } = this.#plan;
    const rows = joinRows(
      columns.map((column) => ({ ...column, values: column.values.get(group.id) ?? [] })),
      { fill, ascending, slots: calls.length + references.length, expressions: this.#expressions },
    );
    if (rows.length === 0) return [];
    this.#limits.countCells(rows.length * this.#plan.columns.length);
    for (const { cells } of rows) this.#limits.countTexts(cells);
    const named = Object.fromEntries(tags.map((tag, nth) => [tag, group.tags[nth] ?? '']));
    return [
      {
        name: this.#measurement.name,
        ...(tags.length === 0 ? {} : { tags: named }),
        columns: this.#plan.columns,
        values: rows.map(({ timeNs, cells }) => [{ atNs: timeNs }, ...cells]),
      },
    ];
  }
}

interface GroupColumn extends Omit<Column, 'values'> {
  readonly values: ValuesByGroup;
}

interface FoundValues {
  readonly aggregates: ReadonlyMap<AggregatePlan, ValuesByGroup>;
  readonly raw: ValuesByGroup;
}

function aggregateOf(plan: CallPlan): AggregatePlan | undefined {
  if (plan.kind === 'transformation') return aggregateOf(plan.of);
  return plan.kind === 'aggregate' ? plan : undefined;
}

/** Reverses the windows, but not the values inside of one. */
function inWindowOrder(values: readonly TimedValue[]): readonly TimedValue[] {
  return [...values].sort((a, b) => (a.timeNs === b.timeNs ? 0 : a.timeNs > b.timeNs ? -1 : 1));
}
