import { senderKey } from '../../lib/sender.js';
import type { StateTables } from '../../lib/state-tables.js';
import type { Field, Point, Series } from '../../sink/point.js';
import { type Mapped, MappingFailure, type MappingWarningCounts, type Reading } from '../mapped.js';
import { Cardinality, type OverBudgetNotice } from './cardinality.js';
import type { CounterGaps } from './counter-gaps.js';
import type { Duplicates } from './duplicates.js';
import type { PolicyOptions } from './policy-options.js';

interface RulePoliciesParts {
  readonly rule: string;
  readonly options: PolicyOptions;
  readonly duplicates: Duplicates | undefined;
  readonly gaps: CounterGaps | undefined;
  /** Whether field names come from messages. */
  readonly hasFoundFields: boolean;
}

/** What policies need besides the message. */
export interface PolicyContext {
  /** When absent, nothing is known of earlier records. */
  readonly state?: StateTables;
  /** The record was parked, and is mapped again. */
  readonly isReplay?: boolean;
  /** Called when something is over a budget. */
  readonly notice?: (over: OverBudgetNotice) => void;
}

/** What is known of a series object: one look in the common case. */
interface SeriesMemory {
  /** When it was let in last: see `Cardinality.stampOf`. */
  stamp: number;
  /** The point that came last. */
  timestampNs: bigint | undefined;
  fields: readonly Field[];
}

/** What policies know of one partition besides its state: only what can be lost without changing a point. */
interface PartitionMemory {
  readonly cardinality: Cardinality;
  readonly series: WeakMap<Series, SeriesMemory>;
}

// The state owns its memory: with the partition it goes as well.
const memories = new WeakMap<StateTables, PartitionMemory>();

/** The budgets of a partition, for those who show them. */
export function cardinalityOf(state: StateTables): Cardinality {
  return memoryOf(state).cardinality;
}

const ignored = () => undefined;

const NO_STAMP = -1;

/** RulePolicies applies the policies of one rule to what it makes of a message. */
export class RulePolicies {
  readonly #parts: RulePoliciesParts;
  /** Whether a policy looks at each point. */
  readonly #judges: boolean;

  constructor(parts: RulePoliciesParts) {
    this.#parts = parts;
    const { cardinality, collision } = parts.options;
    this.#judges = cardinality !== undefined || collision === 'keep-last';
  }

  /** The names of the state tables that only this rule uses begin with one of these. */
  get ownTables(): readonly string[] {
    const { duplicates, gaps } = this.#parts;
    return [duplicates?.prefix, gaps?.table].filter((name) => name !== undefined);
  }

  /** The outcome of a message that was taken before; undefined for every other one. */
  before(reading: Reading, warnings: MappingWarningCounts, context: PolicyContext): Mapped | undefined {
    const { rule, duplicates, gaps } = this.#parts;
    // A parked record that is mapped again was never written, and its own key must not hold it back.
    if (duplicates === undefined || context.isReplay) return undefined;
    const { state } = context;
    if (state === undefined || !duplicates.isKnown(reading, state, warnings)) return undefined;
    // Its counter may be another one: then it was no loss.
    gaps?.observe(reading, state, warnings);
    return { kind: 'filtered', rule: `${rule}: duplicate` };
  }

  /** What is left of the outcome of a message. A point over a budget costs the other points of the message nothing. */
  after(mapped: Mapped, reading: Reading, warnings: MappingWarningCounts, context: PolicyContext): Mapped {
    const { duplicates, gaps } = this.#parts;
    const { state, isReplay = false } = context;
    if (state === undefined) return mapped;
    const judged =
      !this.#judges || mapped.kind === 'filtered' || mapped.points === undefined
        ? mapped
        : this.#judged(mapped, reading, warnings, context, state);
    if (isReplay) return judged;
    // Also of a message that has no value now: it has come.
    gaps?.observe(reading, state, warnings);
    // After the budgets: a message that they park must not make a duplicate of the one that is sent again.
    if (judged.kind === 'points') duplicates?.remember(reading, state, warnings);
    return judged;
  }

  #judged(
    mapped: Exclude<Mapped, { kind: 'filtered' }>,
    { record }: Reading,
    warnings: MappingWarningCounts,
    { notice = ignored }: PolicyContext,
    state: StateTables,
  ): Mapped {
    const { rule, options, hasFoundFields } = this.#parts;
    const { cardinality: budgets, collision } = options;
    const { cardinality, series: known } = memoryOf(state);
    const stamp = budgets === undefined ? NO_STAMP : cardinality.stampOf(record.receivedAtNs);
    const points = mapped.points ?? [];
    let kept: Point[] | undefined;
    let failure: MappingFailure | undefined;
    for (let index = 0; index < points.length; index++) {
      const point = points[index] as Point;
      let memory = memoryOfSeries(known, point.series);
      let admitted: Point | MappingFailure = point;
      if (budgets !== undefined && memory.stamp !== stamp) {
        admitted = cardinality.admitSeries(point, senderKey(record), budgets, warnings, notice);
        if (!(admitted instanceof MappingFailure)) {
          if (admitted !== point) memory = memoryOfSeries(known, admitted.series);
          memory.stamp = stamp;
        }
      }
      if (budgets !== undefined && hasFoundFields && !(admitted instanceof MappingFailure)) {
        admitted = cardinality.admitFields(admitted, senderKey(record), budgets, warnings, notice);
      }
      if (admitted !== point) kept ??= points.slice(0, index);
      if (admitted instanceof MappingFailure) {
        failure ??= admitted;
        continue;
      }
      kept?.push(admitted);
      if (collision === 'keep-last') countCollision(admitted, memory, warnings);
    }
    if (kept === undefined) return mapped;
    if (mapped.kind === 'parked' || failure === undefined) return { ...mapped, points: kept };
    return { kind: 'parked', rule, code: failure.code, reason: failure.reason, points: kept };
  }
}

/** Two readings of one series at one time, directly one after the other: the store keeps the later one. */
function countCollision(
  { timestampNs, fields }: Point,
  memory: SeriesMemory,
  warnings: MappingWarningCounts,
): void {
  if (memory.timestampNs === timestampNs && disagree(memory.fields, fields)) warnings.collision++;
  memory.timestampNs = timestampNs;
  memory.fields = fields;
}

function memoryOfSeries(known: PartitionMemory['series'], series: Series): SeriesMemory {
  let memory = known.get(series);
  if (memory === undefined) {
    memory = { stamp: NO_STAMP, timestampNs: undefined, fields: [] };
    known.set(series, memory);
  }
  return memory;
}

function disagree(some: readonly Field[], others: readonly Field[]): boolean {
  return others.some(({ name, value }) => some.some((field) => field.name === name && field.value !== value));
}

function memoryOf(state: StateTables): PartitionMemory {
  let memory = memories.get(state);
  if (memory === undefined) {
    memory = { cardinality: new Cardinality(state), series: new WeakMap() };
    memories.set(state, memory);
  }
  return memory;
}
