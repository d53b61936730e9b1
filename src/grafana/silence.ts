import { identifier } from '../sink/influx/influxql.js';
import { organized, type PanelSpec, steps, type Transformation } from './panel.js';
import { influxqlTable } from './query.js';
import type { ChoiceVariable } from './variable.js';

/** A measurement of devices: a field that every point has, and the tag that identifies the device. */
export interface DeviceSource {
  readonly measurement: string;
  readonly field: string;
  readonly deviceTag: string;
  /** The tag with the place of the device. */
  readonly placeTag?: string;
  /** Additional conditions in InfluxQL. */
  readonly where?: string;
}

/** Columns of the answers, with names that are unlikely for a tag. */
const DEVICE_COLUMN = 'of_device';
const PLACE_COLUMN = 'of_place';

const SILENT_FOR = 'Silent for';
const LAST_VALUE_AT = 'Last value at';
/** The silence beyond the chosen limit. */
const OVER = 'Over';

const MINUTE_MS = 60_000;

export const SILENCE_VARIABLE: ChoiceVariable = {
  name: 'silent',
  label: 'Silent for longer than',
  choices: [
    { text: '5 min', value: String(5 * MINUTE_MS) },
    { text: '1 min', value: String(MINUTE_MS) },
    { text: '15 min', value: String(15 * MINUTE_MS) },
    { text: '1 h', value: String(60 * MINUTE_MS) },
    { text: '6 h', value: String(360 * MINUTE_MS) },
  ],
};

/** Returns a panel with the number of silent devices, and a table of all devices with the time since their last value. */
export function silencePanels(sources: readonly DeviceSource[]): PanelSpec[] {
  const queries = sources.map(lastValues);
  const sinceLast = sinceLastValue(sources);
  // Before Grafana 12 a filter cannot use a variable, but a calculation can.
  const longer: Transformation[] = [
    minus(OVER, SILENT_FOR, '$silent'),
    {
      id: 'filterByValue',
      options: {
        type: 'include',
        match: 'all',
        filters: [{ fieldName: OVER, config: { id: 'greaterOrEqual', options: { value: 0 } } }],
      },
    },
  ];
  const advice = 'Check its power and its network, then rejections and dead letters of the gateway.';
  return [
    {
      title: 'Silent devices',
      description: `Devices that have sent something in the time range, but nothing for longer than the limit chosen above. Normal: 0. ${advice}`,
      kind: 'stat',
      unit: 'short',
      width: 4,
      queries,
      transformations: [...sinceLast, ...longer],
      calculation: 'count',
      field: `/^${SILENT_FOR}$/`,
      noValue: '0',
      thresholds: steps(1, 5),
    },
    {
      title: 'Time since the last value',
      description: `Every device with a value in the time range, the longest silence first. Yellow from 5 min, red from 15 min. ${advice} A device that was silent for the whole time range is missing: choose a longer one.`,
      kind: 'table',
      unit: 'string',
      width: 20,
      queries,
      transformations: sinceLast,
      sortedBy: { column: SILENT_FOR, isDescending: true },
      columns: {
        [LAST_VALUE_AT]: { unit: 'dateTimeFromNow' },
        [SILENT_FOR]: { unit: 'ms', thresholds: steps(5 * MINUTE_MS, 15 * MINUTE_MS) },
      },
    },
  ];
}

/** Returns the last value of every device. The tags are also columns, under names that all measurements share. */
function lastValues({ measurement, field, deviceTag, placeTag, where }: DeviceSource) {
  const named = [
    [deviceTag, DEVICE_COLUMN] as const,
    ...(placeTag === undefined ? [] : [[placeTag, PLACE_COLUMN] as const]),
  ];
  const columns = named.map(([tag, column]) => `, ${identifier(tag)} AS "${column}"`).join('');
  const groups = named.map(([tag]) => identifier(tag)).join(', ');
  const condition = where === undefined ? '' : `${where} AND `;
  return influxqlTable(
    `SELECT last(${identifier(field)})${columns} FROM ${identifier(measurement)} WHERE ${condition}$timeFilter GROUP BY ${groups}`,
  );
}

/** Merges the answers into one table: device, place, time, and the silence until the end of the time range. */
function sinceLastValue(sources: readonly DeviceSource[]): Transformation[] {
  const tags = sources.flatMap(({ deviceTag, placeTag = deviceTag }) => [deviceTag, placeTag]);
  return [
    // Different names would become separate columns of the merged table.
    organized({ exclude: ['last', ...tags] }),
    { id: 'merge', options: {} },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
    minus(SILENT_FOR, '${__to}', 'Time'),
    { id: 'sortBy', options: { fields: {}, sort: [{ field: SILENT_FOR, desc: true }] } },
    // Renaming comes last, because merging drops new names.
    organized({
      order: [DEVICE_COLUMN, PLACE_COLUMN, SILENT_FOR, 'Time'],
      rename: { [DEVICE_COLUMN]: 'Device', [PLACE_COLUMN]: 'Place', Time: LAST_VALUE_AT },
    }),
  ];
}

/** Adds a column with a difference. Grafana reads an operand that is not a field name as a number, after it has replaced variables. */
function minus(alias: string, left: string, right: string): Transformation {
  return {
    id: 'calculateField',
    options: { mode: 'binary', timeSeries: false, alias, binary: { left, operator: '-', right } },
  };
}
