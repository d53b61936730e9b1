import { INFLUX_ANNOTATIONS } from '../../src/grafana/annotation.js';
import type { DashboardSpec, RowSpec } from '../../src/grafana/dashboard-json.js';
import { type ColumnSpec, organized, type ThresholdStep } from '../../src/grafana/panel.js';
import { influxql, influxqlTable } from '../../src/grafana/query.js';
import { SILENCE_VARIABLE, silencePanels } from '../../src/grafana/silence.js';
import { linksFrom } from '../build/links.js';

/** Red below 20 %: replace the battery. Yellow below 40 %: plan to replace it. */
const BATTERY: readonly ThresholdStep[] = [
  { color: 'red', value: null },
  { color: 'yellow', value: 20 },
  { color: 'green', value: 40 },
];

/** Red below -85 dBm: the device will lose readings; move it or the access point. */
const SIGNAL: readonly ThresholdStep[] = [
  { color: 'red', value: null },
  { color: 'yellow', value: -85 },
  { color: 'green', value: -75 },
];

interface Kind {
  readonly title: string;
  readonly measurement: string;
  readonly placeTag: string;
  readonly deviceTag: string;
  /** The columns by field; the first field is in every point. */
  readonly fields: Readonly<Record<string, ColumnSpec>>;
}

const KINDS: readonly [Kind, ...Kind[]] = [
  {
    title: 'City climate',
    measurement: 'sensordata',
    placeTag: 'city',
    deviceTag: 'device',
    fields: { temperature: { unit: 'celsius' }, humidity: { unit: 'humidity' } },
  },
  {
    title: 'Climate',
    measurement: 'climate',
    placeTag: 'site',
    deviceTag: 'device',
    fields: {
      temperature: { unit: 'celsius' },
      humidity: { unit: 'humidity' },
      pressure: { unit: 'pressurehpa' },
      status_battery: { unit: 'percent', thresholds: BATTERY },
      status_rssi: { unit: 'dBm', thresholds: SIGNAL },
    },
  },
  {
    title: 'Energy',
    measurement: 'energy',
    placeTag: 'building',
    deviceTag: 'meter',
    fields: {
      power: { unit: 'watt' },
      voltage: { unit: 'volt' },
      current: { unit: 'amp' },
      energy: { unit: 'kwatth' },
      relay: { unit: 'bool_on_off' },
    },
  },
];

/** The silent devices, and the latest values of all devices. */
export const fleetOverview: DashboardSpec = {
  uid: 'sluice-fleet',
  title: 'Fleet overview',
  description: 'Silent devices first, then the latest values of every device and how often it sends.',
  source: 'influxdb',
  variables: [SILENCE_VARIABLE],
  rows: [
    {
      title: 'Silence',
      height: 9,
      panels: silencePanels(KINDS.map((kind) => ({ ...kind, field: Object.keys(kind.fields)[0]! }))),
    },
    ...KINDS.map(kindRow),
  ],
  annotations: INFLUX_ANNOTATIONS,
  links: linksFrom('sluice-fleet'),
  from: 'now-6h',
};

function kindRow({ title, measurement, placeTag, deviceTag, fields }: Kind): RowSpec {
  const from = `FROM "${measurement}" WHERE $timeFilter`;
  const names = Object.keys(fields);
  const newest = names.map((field) => `last("${field}") AS "${field}"`).join(', ');
  return {
    title,
    height: 9,
    panels: [
      {
        title: `${title}: latest values`,
        description: `Newest value of each field of each ${deviceTag} in the time range. Normal: a value in every cell. An empty cell means that the ${deviceTag} does not send this field; check its dead letters.`,
        kind: 'table',
        unit: 'none',
        width: 12,
        queries: [influxqlTable(`SELECT ${newest} ${from} GROUP BY "${placeTag}", "${deviceTag}"`)],
        // The times of several fields differ, so the store returns the start of the time range instead.
        transformations: [organized({ exclude: ['Time'] })],
        columns: fields,
      },
      {
        title: `${title}: points per ${deviceTag}`,
        description: `Stored points of each ${deviceTag} per interval. Normal: a flat line. Zero means a silent ${deviceTag}: check its power and its network.`,
        kind: 'timeseries',
        unit: 'short',
        width: 12,
        min: 0,
        queries: [
          influxql(
            `SELECT count("${names[0]}") ${from} GROUP BY time($__interval), "${deviceTag}" fill(0)`,
            `$tag_${deviceTag}`,
          ),
        ],
      },
    ],
  };
}
