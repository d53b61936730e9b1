import { conversionBetween } from './unit-conversion.js';

/** What happens to a number between the device and the store, in this order. */
export interface NumberOptions {
  readonly scale?: number;
  readonly offset?: number;
  /** The unit that the device sends; the stored number has the unit of the field. */
  readonly from?: string;
  /** Digits behind the point. */
  readonly round?: number;
}

export type Calculation = (value: number) => number;

export type CalculationResult =
  | { readonly ok: true; readonly calculate: Calculation | undefined }
  | { readonly ok: false; readonly problem: string };

/** Compiles the steps; `undefined` when there are none. `unit` is the unit of the field. */
export function compileNumberSteps(options: NumberOptions, unit: string | undefined): CalculationResult {
  const steps: Calculation[] = [];
  const { scale, offset, from, round } = options;
  if (scale !== undefined) steps.push((value) => value * scale);
  if (offset !== undefined) steps.push((value) => value + offset);
  if (from !== undefined) {
    if (unit === undefined)
      return { ok: false, problem: `${from} needs the unit to convert to; write unit: … beside it` };
    const conversion = conversionBetween(from, unit);
    if (!conversion.ok) return conversion;
    steps.push(conversion.convert);
  }
  if (steps.length > 0 && round === undefined) steps.push(inDecimal);
  if (round !== undefined) steps.push((value) => Number(value.toFixed(round)));
  if (steps.length === 0) return { ok: true, calculate: undefined };
  if (steps.length === 1) return { ok: true, calculate: steps[0] };
  return { ok: true, calculate: (value) => steps.reduce((number, step) => step(number), value) };
}

/** Without the noise of binary fractions: 3 × 0.1 is 0.3 and not 0.30000000000000004. Every double has 15 decimal digits. */
function inDecimal(value: number): number {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? Number(value.toPrecision(15)) : value;
}
