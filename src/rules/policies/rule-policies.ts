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

/** The point that was written last into a series. */
interface LastPoint {
  timestampNs: bigint;
  fields: readonly Field[];
}

/** What policies know of one partition besides its state: only what can be lost without changing a point. */
interface PartitionMemory {
  readonly cardinality: Cardinality;
  readonly lastPoints: WeakMap<Series, LastPoint>;
}

// The state owns its memory: with the partition it goes as well.
const memories = new WeakMap<StateTables, PartitionMemory>();

/** The budgets of a partition, for those who show them. */
export function cardinalityOf(state: StateTables): Cardinality {
  return memoryOf(state).cardinality;
}

const ignored = () => undefined;

/** RulePolicies applies the policies of one rule to what it makes of a message. */
export class RulePolicies {
  readonly #parts: RulePoliciesParts;

  constructor(parts: RulePoliciesParts) {
    this.#parts = parts;
  }

  /** The names of the state tables that only this rule uses begin with one of these. */
  get ownTables(): readonly string[] {
    const { duplicates, gaps } = this.#parts;
    return [duplicates?.prefix, gaps?.table].filter((name) => name !== undefined);
  }

  /** The outcome of a message that was taken before; undefined for every other one. */
  before(reading: Reading, warnings: MappingWarningCounts, context: PolicyContext): Mapped | undefined {
    const { rule, duplicates } = this.#parts;
    // A parked record that is mapped again was never written, and its own key must not hold it back.
    if (duplicates === undefined || context.isReplay) return undefined;
    const { state } = context;
    if (state === undefined || !duplicates.isKnown(reading, state, warnings)) return undefined;
    return { kind: 'filtered', rule: `${rule}: duplicate` };
  }

  /** What is left of the outcome of a message. A point over a budget costs the other points of the message nothing. */
  after(mapped: Mapped, reading: Reading, warnings: MappingWarningCounts, context: PolicyContext): Mapped {
    const { duplicates, gaps, options } = this.#parts;
    const { state, isReplay = false } = context;
    if (mapped.kind === 'filtered' || state === undefined) return mapped;
    if (!isReplay) gaps?.observe(reading, state, warnings);
    if (mapped.points === undefined) return mapped;
    const memory = memoryOf(state);
    const judged =
      options.cardinality === undefined ? mapped : this.#admitted(mapped, reading, warnings, context, memory);
    // After the budgets: a message that they park must not make a duplicate of the one that is sent again.
    if (!isReplay && judged.kind === 'points') duplicates?.remember(reading, state, warnings);
    if (options.collision !== 'keep-last' || judged.kind === 'filtered') return judged;
    for (const point of judged.points ?? []) countCollision(point, memory, warnings);
    return judged;
  }

  #admitted(
    mapped: Exclude<Mapped, { kind: 'filtered' }>,
    { record }: Reading,
    warnings: MappingWarningCounts,
    { notice = ignored }: PolicyContext,
    { cardinality }: PartitionMemory,
  ): Mapped {
    const { rule, options, hasFoundFields } = this.#parts;
    const points = mapped.points ?? [];
    let kept: Point[] | undefined;
    let failure: MappingFailure | undefined;
    for (let index = 0; index < points.length; index++) {
      const point = points[index] as Point;
      const admitted = cardinality.admit(
        point,
        record,
        options.cardinality!,
        hasFoundFields,
        warnings,
        notice,
      );
      if (admitted === point) {
        kept?.push(point);
        continue;
      }
      kept ??= points.slice(0, index);
      if (admitted instanceof MappingFailure) failure ??= admitted;
      else kept.push(admitted);
    }
    if (kept === undefined) return mapped;
    if (mapped.kind === 'parked' || failure === undefined) return { ...mapped, points: kept };
    return { kind: 'parked', rule, code: failure.code, reason: failure.reason, points: kept };
  }
}

/** Two readings of one series at one time, directly one after the other: the store keeps the later one. */
function countCollision(point: Point, { lastPoints }: PartitionMemory, warnings: MappingWarningCounts): void {
  const { series, timestampNs, fields } = point;
  const last = lastPoints.get(series);
  if (last === undefined) {
    lastPoints.set(series, { timestampNs, fields });
    return;
  }
  if (last.timestampNs === timestampNs && disagree(last.fields, fields)) warnings.collision++;
  last.timestampNs = timestampNs;
  last.fields = fields;
}

function disagree(some: readonly Field[], others: readonly Field[]): boolean {
  return others.some(({ name, value }) => some.some((field) => field.name === name && field.value !== value));
}

function memoryOf(state: StateTables): PartitionMemory {
  let memory = memories.get(state);
  if (memory === undefined) {
    memory = { cardinality: new Cardinality(state), lastPoints: new WeakMap() };
    memories.set(state, memory);
  }
  return memory;
}
