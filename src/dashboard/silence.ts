import { identifier } from '../sink/influx/influxql.js';
import { organized, type PanelSpec, steps, type Transformation } from './panel.js';
import { influxqlTable } from './query.js';
import type { ChoiceVariable } from './variable.js';

/** Where devices put their points: a field that every point has, and the tag that names the device. */
export interface DeviceSource {
  readonly measurement: string;
  readonly field: string;
  readonly deviceTag: string;
  /** A tag that says where it is. */
  readonly placeTag?: string;
  /** Conditions beside the time, as InfluxQL. */
  readonly where?: string;
}

/** Columns of the answers: names that hardly anyone gives to a tag. */
const DEVICE_COLUMN = 'of_device';
const PLACE_COLUMN = 'of_place';

const SILENT_FOR = 'Silent for';
const LAST_VALUE_AT = 'Last value at';
/** How much longer than chosen. */
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

/** How many devices are silent, and all devices with the time since their last value, the longest first. */
export function silencePanels(sources: readonly DeviceSource[]): PanelSpec[] {
  const queries = sources.map(lastValues);
  const sinceLast = sinceLastValue(sources);
  // Before Grafana 12 a filter takes no variable, but a calculation does.
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
  const lookAt = 'Look at its power and its network, then at refusals and dead letters of the gateway.';
  return [
    {
      title: 'Silent devices',
      description: `Devices that have sent something in the chosen time, but nothing for longer than chosen above. Normal: 0. ${lookAt}`,
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
      description: `Every device with a value in the chosen time, the longest silence first. Yellow from 5 min, red from 15 min. ${lookAt} A device that was silent all the time is not here: choose a longer one.`,
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

/** The tags stand beside the value once more, under names that all measurements share. */
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

/** One table of the answers: device, place, time, and the end of the chosen time less that. */
function sinceLastValue(sources: readonly DeviceSource[]): Transformation[] {
  const tags = sources.flatMap(({ deviceTag, placeTag = deviceTag }) => [deviceTag, placeTag]);
  return [
    // Names that differ would each be a column of their own in the merged table.
    organized({ exclude: ['last', ...tags] }),
    { id: 'merge', options: {} },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
    minus(SILENT_FOR, '${__to}', 'Time'),
    { id: 'sortBy', options: { fields: {}, sort: [{ field: SILENT_FOR, desc: true }] } },
    // Only here: merging drops new names.
    organized({
      order: [DEVICE_COLUMN, PLACE_COLUMN, SILENT_FOR, 'Time'],
      rename: { [DEVICE_COLUMN]: 'Device', [PLACE_COLUMN]: 'Place', Time: LAST_VALUE_AT },
    }),
  ];
}

/** A new column. Grafana takes what is no field of this name for a number, once variables are filled in. */
function minus(alias: string, left: string, right: string): Transformation {
  return {
    id: 'calculateField',
    options: { mode: 'binary', timeSeries: false, alias, binary: { left, operator: '-', right } },
  };
}
