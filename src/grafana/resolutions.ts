import { identifier } from '../sink/influx/influxql.js';
import type { Aggregate, AggregateField } from '../windows/aggregate.js';
import { hiddenName } from '../windows/row-field-names.js';
import type { ColumnSpec } from './panel.js';
import { influxql, type Query } from './query.js';

/** The rows of one resolution that can stand for the points of a measurement in a chart. */
export interface ChartedResolution {
  readonly measurement: string;
  readonly everyMs: number;
  /** Absent: rows have all tags of their points. */
  readonly by?: readonly string[];
  /** Field of the points → the fields of the rows. */
  readonly fields: ReadonlyMap<string, ChartedColumns>;
}

export interface ChartedColumns {
  readonly sum: string;
  readonly count: string;
  readonly min?: string;
  readonly max?: string;
}

/** The resolutions of an aggregate, finest first: those beside the points, because queries name no retention policy or database. */
export function chartedResolutions({
  by,
  sizeMs,
  fields,
  resolutions,
}: Pick<Aggregate, 'by' | 'sizeMs' | 'fields' | 'resolutions'>): ChartedResolution[] {
  // Windows that overlap count a value several times, and a single resolution has no hidden sums.
  if (sizeMs !== resolutions[0]!.everyMs || resolutions.length < 2) return [];
  const columns = new Map<string, ChartedColumns>();
  for (const [name, options] of fields) {
    const known = columnsOf(name, options);
    if (known !== undefined) columns.set(name, known);
  }
  return resolutions
    .filter(({ to }) => to === undefined)
    .map(({ measurement, everyMs }) => ({
      measurement,
      everyMs,
      fields: columns,
      ...(by !== undefined && { by }),
    }));
}

function columnsOf(name: string, { functions }: AggregateField): ChartedColumns | undefined {
  if (!functions.includes('mean') && !functions.includes('sum')) return undefined;
  const visible = (one: 'sum' | 'count') =>
    functions.includes(one) ? `${name}_${one}` : hiddenName(name, one);
  return {
    sum: visible('sum'),
    count: visible('count'),
    ...(functions.includes('min') && { min: `${name}_min` }),
    ...(functions.includes('max') && { max: `${name}_max` }),
  };
}

export interface FieldChart {
  readonly measurement: string;
  readonly field: string;
  /** Conditions on tags, without those on time; absent: none. */
  readonly filter?: string | undefined;
  /** The tags that the conditions and the groups need. */
  readonly tags: readonly string[];
  /** The tag with a line for each value. */
  readonly by?: string | undefined;
  /** The name of a line. */
  readonly alias: string;
  /** Finest first; those that lack the field or a tag are not read. */
  readonly resolutions: readonly ChartedResolution[];
}

const LOWEST = 'lowest';
const HIGHEST = 'highest';

/**
 * The mean of a field over time by a tag, and the band between the least and the greatest value of all that is chosen. Of points and
 * resolutions the coarsest is read whose windows are not wider than Grafana's interval: InfluxQL compares the two numbers, and
 * reads nothing where they do not fit.
 */
export function meanWithBand(charted: FieldChart): Query[] {
  const { measurement, field, filter, tags, by, alias } = charted;
  const resolutions = charted.resolutions.filter(
    (one) => one.fields.has(field) && (one.by === undefined || tags.every((tag) => one.by?.includes(tag))),
  );
  const groups = by === undefined ? '' : `, ${identifier(by)}`;
  const of = identifier(field);
  const over = (selected: string, from: string, condition: string | undefined, grouped: string) => {
    const where = [filter, condition, '$timeFilter'].filter((part) => part !== undefined).join(' AND ');
    return `SELECT ${selected} FROM ${identifier(from)} WHERE ${where} GROUP BY time($__interval)${grouped} fill(null)`;
  };
  const [finest] = resolutions;
  const ofPoints = finest && `$__interval_ms < ${finest.everyMs}`;
  const queries = [
    influxql(over(`mean(${of})`, measurement, ofPoints, groups), alias),
    influxql(over(bandOf(of, of), measurement, ofPoints, ''), '$col'),
  ];
  for (const [nth, { measurement: rows, everyMs, fields }] of resolutions.entries()) {
    const { sum, count, min, max } = fields.get(field)!;
    const next = resolutions[nth + 1];
    const condition = [
      `$__interval_ms >= ${everyMs}`,
      ...(next === undefined ? [] : [`$__interval_ms < ${next.everyMs}`]),
    ].join(' AND ');
    const mean = `sum(${identifier(sum)}) / sum(${identifier(count)})`;
    queries.push(influxql(over(`${mean} AS "mean"`, rows, condition, groups), alias));
    if (min === undefined || max === undefined) continue;
    queries.push(influxql(over(bandOf(identifier(min), identifier(max)), rows, condition, ''), '$col'));
  }
  return queries;
}

function bandOf(min: string, max: string): string {
  return `min(${min}) AS "${LOWEST}", max(${max}) AS "${HIGHEST}"`;
}

/** How the series of the band are drawn: filled between, without lines. */
export const BAND_COLUMNS: Readonly<Record<string, ColumnSpec>> = {
  [LOWEST]: { isBandEdge: true },
  [HIGHEST]: { isBandEdge: true, fillBelowTo: LOWEST },
};
