import type { CallPlan } from './plan-select.js';
import type { TimeWindows } from './time-windows.js';
import type { TimedValue, Value } from './value.js';

type Transformation = Extract<CallPlan, { kind: 'transformation' }>;

export interface TransformOptions {
  readonly ascending: boolean;
  /** Absent without GROUP BY time(). */
  readonly windows: TimeWindows | undefined;
  /** The time of a value of the whole range. */
  readonly wholeNs: bigint;
}

/** Computes a transformation of the values of one group, in the order that they are in. Windows without a value are omitted. */
export function transform(
  found: readonly TimedValue[],
  plan: Transformation,
  { ascending, windows, wholeNs }: TransformOptions,
): readonly TimedValue[] {
  const values = found.filter(({ value }) => value !== null);
  switch (plan.name) {
    case 'derivative':
    case 'non_negative_derivative':
      return derivative(values, plan, ascending);
    case 'difference':
    case 'non_negative_difference':
      return difference(values, plan);
    case 'moving_average':
      return movingAverage(values, plan.length);
    case 'cumulative_sum':
      return cumulativeSum(values);
    case 'integral':
      return integral(values, plan.unitNs, windows, wholeNs);
    case 'elapsed':
      return pairs(values).map(([before, { timeNs }]) => ({
        timeNs,
        value: (timeNs - before.timeNs) / plan.unitNs,
      }));
  }
}

function derivative(
  values: readonly TimedValue[],
  { name, unitNs }: Transformation,
  ascending: boolean,
): TimedValue[] {
  return pairs(ofDifferentTimes(values)).flatMap(([before, { timeNs, value }]) => {
    const change = Number(minus(value, before.value));
    if (name === 'non_negative_derivative' && change < 0) return [];
    const elapsedNs = ascending ? timeNs - before.timeNs : before.timeNs - timeNs;
    return [{ timeNs, value: change / (Number(elapsedNs) / Number(unitNs)) }];
  });
}

function difference(values: readonly TimedValue[], { name }: Transformation): TimedValue[] {
  return pairs(ofDifferentTimes(values)).flatMap(([before, { timeNs, value }]) => {
    const change = minus(value, before.value);
    return name === 'non_negative_difference' && change < 0 ? [] : [{ timeNs, value: change }];
  });
}

function movingAverage(values: readonly TimedValue[], length: number): TimedValue[] {
  let sum: bigint | number = typeof values[0]?.value === 'bigint' ? 0n : 0;
  return values.flatMap(({ timeNs, value }, nth) => {
    sum = plus(sum, value);
    if (nth >= length) sum = minus(sum, values[nth - length]!.value);
    return nth < length - 1 ? [] : [{ timeNs, value: Number(sum) / length }];
  });
}

function cumulativeSum(values: readonly TimedValue[]): TimedValue[] {
  let sum: bigint | number = typeof values[0]?.value === 'bigint' ? 0n : 0;
  return values.map(({ timeNs, value }) => {
    sum = plus(sum, value);
    return { timeNs, value: sum };
  });
}

/**
 * The area below the line through the values. What is between two windows is divided where the first one ends; the rest of it,
 * also over windows without a value, belongs to the window of the later value.
 */
function integral(
  values: readonly TimedValue[],
  unitNs: bigint,
  windows: TimeWindows | undefined,
  wholeNs: bigint,
): TimedValue[] {
  const [first, ...others] = ofLastOfEachTime(values);
  if (first === undefined) return [];
  const found: TimedValue[] = [];
  // As in InfluxDB 1, without windows only the area of integers has the start of the range as its time.
  const wholeStartNs = typeof first.value === 'bigint' ? wholeNs : 0n;
  let startNs = windows?.startNs(first.timeNs) ?? wholeStartNs;
  let [atNs, height, area] = [first.timeNs, Number(first.value), 0];
  const move = (toNs: bigint, to: number) => {
    area += 0.5 * (to + height) * (Number(toNs - atNs) / Number(unitNs));
    [atNs, height] = [toNs, to];
  };
  for (const { timeNs, value } of others) {
    const endNs = windows?.endNs(startNs);
    if (endNs !== undefined && timeNs >= endNs) {
      const share = Number(endNs - atNs) / Number(timeNs - atNs);
      if (atNs !== endNs) move(endNs, height + (Number(value) - height) * share);
      found.push({ timeNs: startNs, value: area });
      startNs = windows!.startNs(timeNs);
      area = 0;
    }
    move(timeNs, Number(value));
  }
  // A value at the start of a window has no area in it.
  return atNs === startNs ? found : [...found, { timeNs: startNs, value: area }];
}

function ofLastOfEachTime(values: readonly TimedValue[]): TimedValue[] {
  return values.filter(({ timeNs }, nth) => values[nth + 1]?.timeNs !== timeNs);
}

/** Of several values of the same time, the first one counts. */
function ofDifferentTimes(values: readonly TimedValue[]): TimedValue[] {
  return values.filter(({ timeNs }, nth) => nth === 0 || values[nth - 1]!.timeNs !== timeNs);
}

function pairs(values: readonly TimedValue[]): (readonly [TimedValue, TimedValue])[] {
  return values.slice(1).map((value, nth) => [values[nth]!, value] as const);
}

/** The values of a column are all of one type. */
function plus(a: bigint | number, b: Value | null): bigint | number {
  return typeof a === 'bigint' && typeof b === 'bigint' ? BigInt.asIntN(64, a + b) : Number(a) + Number(b);
}

function minus(a: Value | null, b: Value | null): bigint | number {
  return typeof a === 'bigint' && typeof b === 'bigint' ? BigInt.asIntN(64, a - b) : Number(a) - Number(b);
}
