import { INFLUX_ANNOTATIONS } from './annotation.js';
import type { ChartedMeasurement } from './charted.js';
import type { DashboardSpec, RowSpec } from './dashboard-json.js';
import { measurementRow } from './measurement-row.js';
import { type DeviceSource, SILENCE_VARIABLE, silencePanels } from './silence.js';
import { TagVariables } from './tag-variables.js';
import type { VariableSpec } from './variable.js';

export interface RulesDashboardOptions {
  readonly uid: string;
  readonly title: string;
  /** Uid of the InfluxDB data source that is selected at first. */
  readonly datasourceUid: string;
}

/** Returns a dashboard of the user's measurements: silent devices first, then one row per measurement. */
export function rulesDashboard(
  measurements: readonly ChartedMeasurement[],
  { uid, title, datasourceUid }: RulesDashboardOptions,
): DashboardSpec {
  const tags = new TagVariables(measurements);
  const rows: RowSpec[] = [];
  const fieldVariables: VariableSpec[] = [];
  for (const [at, measurement] of measurements.entries()) {
    const { row, variable } = measurementRow(measurement, tags, `field_of_measurement_${at + 1}`);
    rows.push(row);
    if (variable !== undefined) fieldVariables.push(variable);
  }
  const sources = measurements.flatMap((measurement) => deviceSource(measurement, tags));
  const silence =
    sources.length === 0 ? [] : [{ title: 'Devices', height: 9, panels: silencePanels(sources) }];
  return {
    uid,
    title,
    description: `Made by sluice dashboard from the rules of the configuration: ${measurements.map(({ name }) => name).join(', ')}.`,
    source: 'influxdb',
    sourceUid: datasourceUid,
    variables: [...tags.specs(), ...(sources.length === 0 ? [] : [SILENCE_VARIABLE]), ...fieldVariables],
    rows: [...silence, ...rows],
    annotations: INFLUX_ANNOTATIONS,
    // Dashboards that come with Sluice; Grafana shows an error where they are not installed.
    links: [
      { uid: 'sluice-explorer', title: 'Measurement explorer' },
      { uid: 'sluice-gateway-influx', title: 'Gateway (InfluxDB)' },
    ],
  };
}

/** Detecting silence needs a field that every point has, and a tag that identifies the device. */
function deviceSource(
  { name, fields, tags: tagNames }: ChartedMeasurement,
  tags: TagVariables,
): DeviceSource[] {
  const field = fields?.[0];
  const deviceTag = tags.deviceTagOf(tagNames);
  if (field === undefined || deviceTag === undefined) return [];
  const placeTag = tagNames.find((tag) => tag !== deviceTag);
  const where = tags.filterOf(tagNames);
  return [{ measurement: name, field: field.name, deviceTag, placeTag, where }];
}
