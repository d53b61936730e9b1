import { MIN_TIME_NS, type TimeRange } from './split-condition.js';
import type { Fill } from './statement.js';
import type { TimeWindows } from './time-windows.js';
import { asType, type TimedValue, type Value, type ValueType } from './value.js';

export interface FillOptions {
  readonly fill: Fill;
  readonly windows: TimeWindows;
  readonly range: TimeRange;
  readonly ascending: boolean;
  /** Of the column; a number to fill with becomes one of this type. */
  readonly type: ValueType | undefined;
  /** Called for each window that is put in. Throws when there are too many. */
  readonly count: () => void;
}

/**
 * Puts in the windows of one group that have no value, from the start of the range to its end. Where the range has no start,
 * they begin with the first value, and where it has no end in the direction of the order, with the last one.
 *
 * @param found at least one value, in order
 */
export function fillWindows(found: readonly TimedValue[], options: FillOptions): readonly TimedValue[] {
  const { fill, windows, range, ascending, count } = options;
  if (fill.kind === 'none' || found.length === 0) return found;
  const isOpen = range.minNs === MIN_TIME_NS;
  const [near, far] = ascending ? [range.minNs, range.maxNs] : [range.maxNs, range.minNs];
  const endNs = isOpen && !ascending ? found.at(-1)!.timeNs : windows.startNs(far);
  let at = isOpen && ascending ? found[0]!.timeNs : windows.startNs(near);
  let shift = windows.shiftNs(at);
  const filled: TimedValue[] = [];
  let previous: TimedValue | undefined;
  for (let next = 0; next < found.length || (ascending ? at <= endNs : at >= endNs); ) {
    const value = found[next];
    const isHere = value !== undefined && (ascending ? value.timeNs <= at : value.timeNs >= at);
    if (isHere) {
      filled.push(value);
      previous = value;
      next += 1;
    } else {
      count();
      filled.push(missing(at, previous, value, options));
    }
    at += ascending ? windows.everyNs : -windows.everyNs;
    const after = windows.shiftNs(at - 1n);
    const change = shift - after;
    if ((change < 0n ? -change : change) < windows.everyNs) at += change;
    shift = after;
  }
  return filled;
}

function missing(
  timeNs: bigint,
  previous: TimedValue | undefined,
  next: TimedValue | undefined,
  { fill, windows, type }: FillOptions,
): TimedValue {
  switch (fill.kind) {
    case 'number':
      return { timeNs, value: fillerOf(fill.value, type) };
    case 'previous':
      return { timeNs, value: previous?.value ?? null };
    case 'linear':
      return { timeNs, value: between(timeNs / windows.everyNs, previous, next, windows.everyNs) };
    default:
      return { timeNs, value: null };
  }
}

/** As in InfluxDB 1 a window of texts is filled with an empty one, and one of booleans with false, whatever the number is. */
function fillerOf(value: bigint | number, type: ValueType | undefined): Value {
  if (type === 'string') return '';
  if (type === 'boolean') return false;
  return type === undefined ? value : asType(value, type);
}

function between(
  at: bigint,
  previous: TimedValue | undefined,
  next: TimedValue | undefined,
  everyNs: bigint,
): Value | null {
  const [a, b] = [previous?.value, next?.value];
  const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
  if (!isNumber(a) || !isNumber(b)) return null;
  const [from, to] = [previous!.timeNs / everyNs, next!.timeNs / everyNs];
  const slope = (Number(b) - Number(a)) / Number(to - from);
  const value = slope * Number(at - from) + Number(a);
  return typeof a === 'bigint' ? BigInt(Math.trunc(value)) : value;
}
