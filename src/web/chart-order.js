/** @import { ChartLook, MeasurementSummary } from './types.js' */

const names = new Intl.Collator('en', { numeric: true });

/**
 * The order of new cards: by name, one that needs a look first, and rows of windows behind all points. Cards that are there
 * stay where they are: a page does not move while it is read.
 *
 * @param {readonly MeasurementSummary[]} measurements
 * @param {readonly ChartLook[]} looks
 * @returns {readonly MeasurementSummary[]}
 */
export function inChartOrder(measurements, looks) {
  const points = measurements.filter(isOfPoints).toSorted((a, b) => names.compare(a.name, b.name));
  const look = looks.find(({ measurement }) => points.some(({ name }) => name === measurement));
  return [
    ...points.filter(({ name }) => name === look?.measurement),
    ...points.filter(({ name }) => name !== look?.measurement),
    ...measurements.filter((one) => !isOfPoints(one)),
  ];
}

/** @param {MeasurementSummary} summary */
export function isOfPoints({ rowsOf }) {
  return rowsOf === undefined;
}
