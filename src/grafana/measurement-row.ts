import { identifier } from '../sink/influx/influxql.js';
import type { ChartedField, ChartedMeasurement } from './charted.js';
import type { RowSpec } from './dashboard-json.js';
import { type ColumnSpec, organized, type PanelSpec } from './panel.js';
import { influxql, influxqlTable } from './query.js';
import { BAND_COLUMNS, type ChartedResolution, meanWithBand } from './resolutions.js';
import type { TagVariables } from './tag-variables.js';
import { grafanaUnit } from './units.js';
import type { QueryVariable } from './variable.js';

/** Limit of values in a stat panel and of columns in a table; more would not be readable. */
const MAX_VALUES = 12;

const GAP = 'A gap means that nothing was stored; check the silent devices.';

interface Target {
  readonly name: string;
  /** `FROM … WHERE …` with the chosen tags and the time range. */
  readonly from: string;
  readonly deviceTag: string | undefined;
  /** The conditions on tags; undefined: none. */
  readonly filter: string | undefined;
  readonly tags: readonly string[];
  readonly resolutions: readonly ChartedResolution[];
}

/**
 * Returns the panels of a measurement. When its fields are unknown, it also returns a variable that selects the field.
 *
 * @param fieldVariable name of that variable
 */
export function measurementRow(
  measurement: ChartedMeasurement,
  tags: TagVariables,
  fieldVariable: string,
): { row: RowSpec; variable?: QueryVariable } {
  const { name, fields } = measurement;
  const filter = tags.filterOf(measurement.tags);
  const target: Target = {
    name,
    from: `FROM ${identifier(name)} WHERE ${filter === undefined ? '' : `${filter} AND `}$timeFilter`,
    deviceTag: tags.deviceTagOf(measurement.tags),
    filter,
    tags: measurement.tags,
    resolutions: measurement.resolutions ?? [],
  };
  if (fields === undefined) return anyField(target, fieldVariable);
  const numbers = fields.filter(({ kind }) => kind === 'number');
  const states = fields.filter(({ kind }) => kind !== 'number');
  const panels = [
    ...(numbers.length === 0 ? [] : [latestOfAll(target, numbers.slice(0, MAX_VALUES))]),
    latestOfEach(target, fields.slice(0, MAX_VALUES)),
    ...numbers.map((field) => overTime(target, field)),
    ...states.map((field) => stateOverTime(target, field)),
  ];
  return { row: { title: name, height: 8, panels } };
}

function latestOfAll({ name, from }: Target, fields: readonly ChartedField[]): PanelSpec {
  const selected = fields.map(({ name: field }) => `last(${identifier(field)}) AS ${identifier(field)}`);
  const text = `SELECT ${selected.join(', ')} ${from} GROUP BY time($__interval) fill(none)`;
  return {
    title: `${name}: now`,
    description:
      'Newest value of each number, from the chosen device that sent last. Select one device above to see only its values.',
    kind: 'stat',
    unit: 'none',
    width: 8,
    queries: [influxql(text, '$col')],
    columns: columnsOf(fields),
  };
}

function latestOfEach({ name, from, deviceTag }: Target, fields: readonly ChartedField[]): PanelSpec {
  const selected = fields.map(({ name: field }) => `last(${identifier(field)}) AS ${identifier(field)}`);
  const groups = deviceTag === undefined ? '' : ` GROUP BY ${identifier(deviceTag)}`;
  return {
    title: `${name}: latest values`,
    description: `Newest value of each field${deviceTag === undefined ? '' : ` by ${deviceTag}`} in the time range. An empty cell means that no value was stored.`,
    kind: 'table',
    unit: 'none',
    width: 16,
    queries: [influxqlTable(`SELECT ${selected.join(', ')} ${from}${groups}`)],
    // The times of several fields differ, so the store returns the start of the time range instead.
    transformations: [organized({ exclude: ['Time'] })],
    columns: columnsOf(fields),
  };
}

function overTime({ name, filter, tags, deviceTag, resolutions }: Target, field: ChartedField): PanelSpec {
  const { unit, range } = field;
  const limits = range === undefined ? '' : ` The rule accepts ${range[0]} to ${range[1]}.`;
  return {
    title: `${name}: ${field.name}`,
    description: `Mean of ${field.name} per interval${deviceTag === undefined ? '' : `, by ${deviceTag}`}, and the band from the lowest to the highest value of all that is chosen.${limits} ${GAP}`,
    kind: 'timeseries',
    unit: unit === undefined ? 'none' : grafanaUnit(unit),
    width: 12,
    queries: meanWithBand({
      measurement: name,
      field: field.name,
      filter,
      tags,
      by: deviceTag,
      alias: aliasOf(deviceTag, field.name),
      resolutions,
    }),
    columns: BAND_COLUMNS,
    min: range?.[0],
    max: range?.[1],
  };
}

function stateOverTime({ name, from, deviceTag }: Target, field: ChartedField): PanelSpec {
  const by = deviceTag === undefined ? '' : `, ${identifier(deviceTag)}`;
  const text = `SELECT last(${identifier(field.name)}) ${from} GROUP BY time($__interval)${by} fill(none)`;
  return {
    title: `${name}: ${field.name}`,
    description: `${field.name} over time${deviceTag === undefined ? '' : `, one line for each ${deviceTag}`}: the newest value of each interval. A state lasts until the next value.`,
    kind: 'state-timeline',
    unit: 'none',
    width: 12,
    queries: [influxql(text, aliasOf(deviceTag, field.name))],
  };
}

/** Returns the panels of a measurement whose fields are unknown: they show the field that the user selects. */
function anyField(
  { name, from, deviceTag }: Target,
  fieldVariable: string,
): { row: RowSpec; variable: QueryVariable } {
  const variable: QueryVariable = {
    name: fieldVariable,
    label: `${name}: field`,
    query: `SHOW FIELD KEYS FROM ${identifier(name)}`,
    isMulti: false,
  };
  const chosen = `$${variable.name}`;
  const by = deviceTag === undefined ? '' : `, ${identifier(deviceTag)}`;
  const groups = deviceTag === undefined ? '' : ` GROUP BY ${identifier(deviceTag)}`;
  const which = 'the field chosen above';
  const panels: PanelSpec[] = [
    {
      title: `${name}: over time`,
      description: `Mean of ${which}${deviceTag === undefined ? '' : `, by ${deviceTag}`}. Texts and booleans have no mean: select a number. ${GAP}`,
      kind: 'timeseries',
      unit: 'none',
      width: 16,
      queries: [
        influxql(
          `SELECT mean("${chosen}") ${from} GROUP BY time($__interval)${by} fill(null)`,
          aliasOf(deviceTag, chosen),
        ),
      ],
    },
    {
      title: `${name}: latest values`,
      description: `Newest value of ${which}${deviceTag === undefined ? '' : ` by ${deviceTag}`}, with its time. Devices with an old time are silent.`,
      kind: 'table',
      unit: 'none',
      width: 8,
      queries: [influxqlTable(`SELECT last("${chosen}") ${from}${groups}`)],
      columns: { Time: { unit: 'dateTimeFromNow' } },
    },
  ];
  return { row: { title: name, height: 9, panels }, variable };
}

function columnsOf(fields: readonly ChartedField[]): Record<string, ColumnSpec> {
  const columns: Record<string, ColumnSpec> = {};
  for (const { name, unit, range } of fields) {
    if (unit === undefined && range === undefined) continue;
    columns[name] = { unit: unit && grafanaUnit(unit), min: range?.[0], max: range?.[1] };
  }
  return columns;
}

/** Grafana reads the name in `$tag_x` up to the first character that is not a word character. */
function aliasOf(deviceTag: string | undefined, otherwise: string): string {
  if (deviceTag === undefined) return otherwise;
  return /^\w+$/.test(deviceTag) ? `$tag_${deviceTag}` : `[[tag_${deviceTag}]]`;
}
