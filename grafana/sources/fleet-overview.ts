import type { DashboardSpec } from '../build/dashboard.js';
import { linksFrom } from '../build/links.js';
import { influxql, influxqlTable, type PanelSpec } from '../build/panel.js';

/** All devices: latest values, and who is silent. */
export const fleetOverview: DashboardSpec = {
  uid: 'sluice-fleet',
  title: 'Fleet overview',
  description: 'Latest value of every device, and points of each device over time: a gap is a silent device.',
  source: 'influxdb',
  variables: [],
  rows: [
    fleet('City climate', 'sensordata', 'temperature', 'celsius', 'device'),
    fleet('Climate', 'climate', 'temperature', 'celsius', 'device'),
    fleet('Energy', 'energy', 'power', 'watt', 'meter'),
  ],
  links: linksFrom('sluice-fleet'),
};

function fleet(title: string, measurement: string, field: string, unit: string, tag: string) {
  const from = `FROM "${measurement}" WHERE $timeFilter`;
  const panels: PanelSpec[] = [
    {
      title: `${title}: latest ${field}`,
      description: `Last ${field} of each ${tag} in the chosen time, with its time. The oldest times are the silent devices.`,
      kind: 'table',
      unit,
      width: 10,
      queries: [influxqlTable(`SELECT last("${field}") ${from} GROUP BY "${tag}"`)],
    },
    {
      title: `${title}: points per ${tag}`,
      description: `Stored points of each ${tag} in each interval. Zero is a silent device: look at its power and its network.`,
      kind: 'timeseries',
      unit: 'short',
      width: 14,
      queries: [
        influxql(
          `SELECT count("${field}") ${from} GROUP BY time($__interval), "${tag}" fill(0)`,
          `$tag_${tag}`,
        ),
      ],
    },
  ];
  return { title, height: 9, panels };
}
