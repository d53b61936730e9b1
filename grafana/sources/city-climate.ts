import { INFLUX_ANNOTATIONS } from '../../src/grafana/annotation.js';
import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import type { PanelSpec } from '../../src/grafana/panel.js';
import { BAND_COLUMNS, chartedResolutions, meanWithBand } from '../../src/grafana/resolutions.js';
import { linksFrom } from '../build/links.js';

const FILTER = '"city" =~ /^$city$/';
/** As the gateways of docker-compose.yml compute them (deploy/sluice). */
export const CITY_RESOLUTIONS = chartedResolutions({
  sizeMs: 300_000,
  fields: new Map(
    ['temperature', 'humidity'].map((field) => [
      field,
      { functions: ['count', 'mean', 'min', 'max'], quantiles: [] },
    ]),
  ),
  resolutions: [
    { everyMs: 300_000, measurement: 'sensordata_5min', retentionMs: 0 },
    { everyMs: 3_600_000, measurement: 'sensordata_1h', retentionMs: 0 },
    { everyMs: 86_400_000, measurement: 'sensordata_1d', retentionMs: 0 },
  ],
});

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
    description: `Mean ${field} of each ${tag}, and the band from the lowest to the highest value of all of them. Normal: it follows the weather. A gap means that nothing was stored; Fleet overview shows silent devices.`,
    kind: 'timeseries',
    unit,
    width: 12,
    ...(unit === 'humidity' ? { min: 0, max: 100 } : {}),
    queries: meanWithBand({
      measurement: 'sensordata',
      field,
      filter: FILTER,
      tags: ['city', 'device'],
      by: tag,
      alias: `$tag_${tag}`,
      resolutions: CITY_RESOLUTIONS,
    }),
    columns: BAND_COLUMNS,
  };
}
