import { identifier } from '../sink/influx/influxql.js';
import { type PanelSpec, steps, type Transformation } from './panel.js';
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

const DEVICE = 'Device';
const PLACE = 'Place';
const LAST_VALUE = 'Last value at';
const SILENT_FOR = 'Silent for';

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
  const chosen: Transformation = {
    id: 'filterByValue',
    options: {
      type: 'include',
      match: 'all',
      filters: [{ fieldName: SILENT_FOR, config: { id: 'greaterOrEqual', options: { value: '$silent' } } }],
    },
  };
  const lookAt = 'Look at its power and its network, then at refusals and dead letters of the gateway.';
  return [
    {
      title: 'Silent devices',
      description: `Devices that have sent something in the chosen time, but nothing for longer than chosen above. Normal: 0. ${lookAt}`,
      kind: 'stat',
      unit: 'short',
      width: 4,
      queries,
      transformations: [...sinceLast, chosen],
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
        [LAST_VALUE]: { unit: 'dateTimeFromNow' },
        [SILENT_FOR]: { unit: 'ms', thresholds: steps(5 * MINUTE_MS, 15 * MINUTE_MS) },
      },
    },
  ];
}

function lastValues({ measurement, field, deviceTag, placeTag, where }: DeviceSource) {
  const groups = [...(placeTag === undefined ? [] : [placeTag]), deviceTag].map(identifier).join(', ');
  const condition = where === undefined ? '' : `${where} AND `;
  return influxqlTable(
    `SELECT last(${identifier(field)}) FROM ${identifier(measurement)} WHERE ${condition}$timeFilter GROUP BY ${groups}`,
  );
}

/** One table of the answers: place, device, time, and the end of the chosen time less that. */
function sinceLastValue(sources: readonly DeviceSource[]): Transformation[] {
  const renamed: Record<string, string> = { Time: LAST_VALUE };
  for (const { deviceTag, placeTag } of sources) {
    if (placeTag !== undefined) renamed[placeTag] = PLACE;
    renamed[deviceTag] = DEVICE;
  }
  return [
    { id: 'organize', options: { excludeByName: { last: true }, indexByName: {}, renameByName: renamed } },
    { id: 'merge', options: {} },
    {
      id: 'calculateField',
      options: {
        mode: 'binary',
        timeSeries: false,
        alias: SILENT_FOR,
        // Grafana takes what is no field of this name for a number, once the variable is filled in.
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
        binary: { left: '${__to}', operator: '-', right: LAST_VALUE },
      },
    },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: SILENT_FOR, desc: true }] } },
  ];
}
