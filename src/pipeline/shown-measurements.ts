import type { MeasurementSummary } from '../sink/store-reader.js';
import type { WindowsOptions } from '../windows/aggregate.js';
import { HIDDEN_PARTS, hiddenName } from '../windows/row-field-names.js';

/**
 * The measurements of the store as a person expects them: those of points first, then the rows of windows from the finest to
 * the coarsest, without the fields that only merging needs, and with what they are rows of.
 */
export function shownMeasurements(
  measurements: readonly MeasurementSummary[],
  windows: WindowsOptions | undefined,
): readonly MeasurementSummary[] {
  if (windows === undefined) return measurements;
  const hidden = new Map<string, ReadonlySet<string>>();
  const rowsOf = new Map<string, NonNullable<MeasurementSummary['rowsOf']>>();
  for (const { from, fields, resolutions } of windows.aggregates) {
    const names = [...fields.keys()].flatMap((field) => HIDDEN_PARTS.map((part) => hiddenName(field, part)));
    for (const { measurement, everyMs } of resolutions) {
      hidden.set(measurement, new Set(names));
      rowsOf.set(measurement, { measurement: from, everyMs });
    }
  }
  const order = [...hidden.keys()];
  const rows = measurements
    .filter(({ name }) => hidden.has(name))
    .map((one) => ({
      ...one,
      fields: one.fields.filter(({ name }) => !hidden.get(one.name)!.has(name)),
      rowsOf: rowsOf.get(one.name)!,
    }))
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return [...measurements.filter(({ name }) => !hidden.has(name)), ...rows];
}
