import type { FieldSummary, MeasurementSummary } from '../sink/store-reader.js';

/** The number field that stands for a measurement: the first with an expected range, else with a unit, else the first. */
export function mainField({ fields }: Pick<MeasurementSummary, 'fields'>): string | undefined {
  const numbers = fields.filter(isNumber);
  const main =
    numbers.find(({ expected }) => expected !== undefined) ??
    numbers.find(({ unit }) => unit !== undefined) ??
    numbers[0];
  return main?.name;
}

export function isNumber({ type }: FieldSummary): boolean {
  return type === 'float' || type === 'int';
}
