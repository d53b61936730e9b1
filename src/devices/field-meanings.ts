import type { DeclaredFields, FieldMeaning } from '../rules/declared-fields.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { RowFieldSources } from '../windows/row-field-sources.js';

/** What is known of the numbers of a field, also of one that windows have made. */
export type MeaningOf = (measurement: string, field: string) => FieldMeaning;

/** @param declared called for each field, because a reload replaces the rules */
export function fieldMeanings(declared: () => DeclaredFields, rows: RowFieldSources): MeaningOf {
  return (measurement, field) => {
    const ofRows = rows.get(measurement);
    if (ofRows === undefined) return declared().of(measurement, field);
    const source = ofRows.get(field);
    if (source === undefined) return {};
    const { expected, ...meaning } = declared().of(source.measurement, source.field);
    return source.kind === 'value' && expected !== undefined ? { ...meaning, expected } : meaning;
  };
}

/**
 * The measurements with unit and expected range of their number fields, which are in the order in which the rules name them: a
 * store may sort them by name, and what a person wrote first matters most.
 */
export function withMeanings(
  measurements: readonly MeasurementSummary[],
  meaningOf: MeaningOf,
  named: (measurement: string) => readonly string[],
): readonly MeasurementSummary[] {
  return measurements.map((measurement) => ({
    ...measurement,
    fields: inOrder(measurement.fields, named(measurement.name)).map((field) =>
      field.type === 'float' || field.type === 'int'
        ? { ...field, ...meaningOf(measurement.name, field.name) }
        : field,
    ),
  }));
}

function inOrder(
  fields: MeasurementSummary['fields'],
  names: readonly string[],
): MeasurementSummary['fields'] {
  const ranks = new Map(names.toReversed().map((name, nth) => [name, names.length - nth]));
  const rankOf = (name: string) => ranks.get(name) ?? names.length + 1;
  return fields.toSorted((one, other) => rankOf(one.name) - rankOf(other.name));
}

export type Outside = 'above' | 'below';

/** On which side of the expected range a value lies; undefined: inside, or nothing is expected. */
export function outsideOf(value: unknown, { expected }: FieldMeaning): Outside | undefined {
  if (expected === undefined || typeof value !== 'number') return undefined;
  if (value > expected[1]) return 'above';
  return value < expected[0] ? 'below' : undefined;
}
