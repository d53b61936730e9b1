import { INFLUX_ANNOTATIONS } from '../../src/grafana/annotation.js';
import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import type { PanelSpec } from '../../src/grafana/panel.js';
import { influxql } from '../../src/grafana/query.js';
import { linksFrom } from '../build/links.js';

const WHERE = '"city" =~ /^$city$/ AND $timeFilter';

/** Temperature and humidity by city. */
export const cityClimate: DashboardSpec = {
  uid: 'sluice-city-climate',
  title: 'City climate',
  description: 'Temperature and humidity by city and device, from the measurement sensordata.',
  source: 'influxdb',
  variables: [
    {
      name: 'city',
      label: 'City',
      query: 'SHOW TAG VALUES FROM "sensordata" WITH KEY = "city"',
      isMulti: true,
    },
  ],
  rows: [
    {
      title: 'By city',
      height: 9,
      panels: [
        byTag('Temperature by city', 'temperature', 'celsius', 'city'),
        byTag('Humidity by city', 'humidity', 'humidity', 'city'),
      ],
    },
    {
      title: 'By device',
      height: 9,
      panels: [
        byTag('Temperature by device', 'temperature', 'celsius', 'device'),
        byTag('Humidity by device', 'humidity', 'humidity', 'device'),
      ],
    },
  ],
  annotations: INFLUX_ANNOTATIONS,
  links: linksFrom('sluice-city-climate'),
};

function byTag(title: string, field: string, unit: string, tag: string): PanelSpec {
  return {
    title,
    description: `Mean ${field} of each ${tag}. Normal: it follows the weather. A gap means that nothing was stored; Fleet overview shows silent devices.`,
    kind: 'timeseries',
    unit,
    width: 12,
    ...(unit === 'humidity' ? { min: 0, max: 100 } : {}),
    queries: [
      influxql(
        `SELECT mean("${field}") FROM "sensordata" WHERE ${WHERE} GROUP BY time($__interval), "${tag}" fill(null)`,
        `$tag_${tag}`,
      ),
    ],
  };
}
