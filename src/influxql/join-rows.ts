import type { Evaluate } from './evaluate.js';
import type { Fill } from './statement.js';
import { asType, type TimedValue, type Value, type ValueType } from './value.js';

/** The values of one call, or of the references of a raw query, in one group. */
export interface Column {
  readonly values: readonly TimedValue[];
  /** Place of the value; undefined when only what is beside it is selected. */
  readonly slot: number | undefined;
  readonly type: ValueType | undefined;
  /** Places and types of what is beside it. */
  readonly beside: readonly { readonly slot: number; readonly type: ValueType | undefined }[];
}

export interface JoinOptions {
  readonly fill: Fill;
  readonly ascending: boolean;
  readonly slots: number;
  readonly expressions: readonly Evaluate[];
}

export interface Row {
  readonly timeNs: bigint;
  readonly cells: readonly (Value | null)[];
}

/**
 * Makes the rows of one group: a row for each time at which a column has a value. Where another one has none, `fill`
 * decides what stands there.
 */
export function joinRows(columns: readonly Column[], options: JoinOptions): readonly Row[] {
  const { fill, ascending, expressions } = options;
  const slots = new Array<Value | null>(options.slots).fill(null);
  const keepsPrevious = fill.kind === 'previous';
  const put = (slot: number | undefined, value: Value | null | undefined, type: ValueType | undefined) => {
    if (slot === undefined) return;
    if (value !== null && value !== undefined) slots[slot] = value;
    else if (!keepsPrevious) slots[slot] = fill.kind === 'number' ? numberFor(fill.value, type) : null;
  };
  const next = columns.map(() => 0);
  const rows: Row[] = [];
  for (;;) {
    let at: bigint | undefined;
    columns.forEach(({ values }, nth) => {
      const timeNs = values[next[nth]!]?.timeNs;
      if (timeNs === undefined) return;
      if (at === undefined || (ascending ? timeNs < at : timeNs > at)) at = timeNs;
    });
    if (at === undefined) return rows;
    columns.forEach(({ values, slot, type, beside }, nth) => {
      const value = values[next[nth]!];
      const isHere = value?.timeNs === at;
      if (isHere) next[nth]! += 1;
      put(slot, isHere ? value!.value : null, type);
      for (const [place, one] of beside.entries()) {
        put(one.slot, isHere ? value!.beside?.[place] : null, one.type);
      }
    });
    rows.push({ timeNs: at, cells: expressions.map((evaluate) => shown(evaluate(slots))) });
  }
}

function numberFor(value: bigint | number, type: ValueType | undefined): bigint | number {
  return type === undefined ? value : asType(value, type);
}

/** What is no number, as the deviation of one value, is shown as no value. */
function shown(value: Value | null): Value | null {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
