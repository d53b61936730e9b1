import type { AnswerSeries, StatementResult } from '../../../influxql/answer.js';
import { AnswerLimits, checkWindows } from '../../../influxql/answer-limits.js';
import { callValues } from '../../../influxql/call-values.js';
import { compileExpression, type Evaluate } from '../../../influxql/evaluate.js';
import type { Schema } from '../../../influxql/expand-fields.js';
import { type Column, joinRows } from '../../../influxql/join-rows.js';
import {
  type LeafPlan,
  leafOf,
  planSelect,
  type SelectPlan,
  typeOf,
  windowsBefore,
} from '../../../influxql/plan-select.js';
import {
  earlierRange,
  type PreparedSelect,
  prepareSelect,
  wholeRangeNs,
} from '../../../influxql/prepare-select.js';
import { MIN_TIME_NS } from '../../../influxql/split-condition.js';
import type { SelectStatement } from '../../../influxql/statement.js';
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
    const read = earlierRange(this.#prepared, before);
    const groups = await readGroups(this.#read, this.#grouped, this.#plan.tags, read);
    if (groups.length === 0) return [];
    if (windows !== undefined) this.#checkWindows(groups);
    await checkTexts(this.#read, this.#grouped, this.#plan, read, this.#rowsKept(groups));
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
    const read = await this.#readLeaves(groups);
    const fills = new AnswerLimits();
    return this.#plan.calls.map(({ of }, slot) => {
      const values = new Map<number, readonly TimedValue[]>();
      for (const { id } of groups) {
        const found = callValues(
          of,
          this.#prepared,
          (leaf) => read.get(leaf)?.get(id) ?? [],
          () => fills.countCells(1),
        );
        values.set(id, found);
      }
      return { values, slot, type: typeOf(of), beside: this.#beside() };
    });
  }

  /** Reads all aggregates, those over equal ranges together, and the fields that transformations take as they are. */
  async #readLeaves(groups: readonly Group[]): Promise<ReadonlyMap<LeafPlan, ValuesByGroup>> {
    const byEarlier = new Map<number, AggregatePlan[]>();
    const found = new Map<LeafPlan, ValuesByGroup>();
    for (const { of } of this.#plan.calls) {
      const leaf = leafOf(of);
      if (leaf.kind === 'values') {
        found.set(leaf, await this.#fieldValues(leaf, groups));
        continue;
      }
      const before = windowsBefore(of);
      byEarlier.set(before, [...(byEarlier.get(before) ?? []), leaf]);
    }
    const { windows, statement } = this.#prepared;
    const beside = this.#plan.references.map(
      ({ of }) => selectedColumn(this.#measurement.stored, of, this.#schema.fields.get(of.name)).sql,
    );
    for (const [before, plans] of byEarlier) {
      const values = await readAggregates(plans, {
        read: this.#read,
        grouped: this.#grouped,
        groups,
        range: earlierRange(this.#prepared, before),
        windows,
        beside: this.#plan.isSelector ? beside : undefined,
        wholeNs: wholeRangeNs(this.#prepared),
        ascending: statement.ascending,
      });
      for (const [plan, one] of values) found.set(plan, one);
    }
    return found;
  }

  async #fieldValues(
    { field, type }: Extract<LeafPlan, { kind: 'values' }>,
    groups: readonly Group[],
  ): Promise<ValuesByGroup> {
    const sql = fieldColumn(this.#measurement.stored, field, type);
    if (sql === undefined) return new Map();
    const points = await readPoints([{ sql, isField: true }], {
      read: this.#read,
      grouped: this.#grouped,
      groups,
      range: this.#prepared.range,
      ascending: this.#prepared.statement.ascending,
      limit: 0,
      offset: 0,
    });
    const values = new Map<number, readonly TimedValue[]>();
    for (const [id, found] of points) {
      values.set(
        id,
        found.map(({ timeNs, beside }) => ({ timeNs, value: beside![0]! })),
      );
    }
    return values;
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
