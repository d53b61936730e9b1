import { fillWindows } from './fill-windows.js';
import { RANKINGS } from './functions.js';
import { type CallPlan, type LeafPlan, typeOf, windowsBefore } from './plan-select.js';
import { earlierRange, type PreparedSelect, wholeRangeNs } from './prepare-select.js';
import { transform } from './transform.js';
import type { TimedValue } from './value.js';

/**
 * Computes the values of a call in one group: fills windows, and transforms.
 *
 * @param read what the store found for an aggregate or a field, in ascending order of time for aggregates
 * @param count is called for each window that is put in, and throws when there are too many
 */
export function callValues(
  plan: CallPlan,
  prepared: PreparedSelect,
  read: (leaf: LeafPlan) => readonly TimedValue[],
  count: () => void,
): readonly TimedValue[] {
  const { limit, offset } = prepared.statement;
  const values = valuesOf(plan, 0);
  return limit === 0 && offset === 0
    ? values
    : values.slice(offset, limit === 0 ? undefined : offset + limit);

  function valuesOf(one: CallPlan, before: number): readonly TimedValue[] {
    switch (one.kind) {
      case 'values':
        return read(one);
      case 'aggregate':
        return filled(one, before);
      case 'transformation': {
        const more = before + windowsBefore(one) - windowsBefore(one.of);
        return transform(valuesOf(one.of, more), one, {
          ascending: prepared.statement.ascending,
          windows: prepared.windows,
          wholeNs: wholeRangeNs(prepared),
        });
      }
    }
  }

  function filled(one: Extract<LeafPlan, { kind: 'aggregate' }>, before: number): readonly TimedValue[] {
    const { windows, statement } = prepared;
    const found = statement.ascending ? read(one) : inDescendingWindows(read(one));
    if (windows === undefined || one.name === 'distinct' || RANKINGS.has(one.name)) return found;
    const isCount = one.name === 'count' || one.name === 'count distinct';
    return fillWindows(found, {
      // Where nothing is, the count is 0.
      fill: isCount && statement.fill.kind === 'null' ? { kind: 'number', value: 0n } : statement.fill,
      windows,
      range: earlierRange(prepared, before),
      ascending: statement.ascending,
      type: typeOf(one),
      count,
    });
  }
}

/** Reverses the windows, but not the values inside of one. */
function inDescendingWindows(values: readonly TimedValue[]): readonly TimedValue[] {
  return [...values].sort((a, b) => (a.timeNs === b.timeNs ? 0 : a.timeNs > b.timeNs ? -1 : 1));
}
