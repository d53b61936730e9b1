import { INFLUX_ANNOTATIONS } from '../../src/grafana/annotation.js';
import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import { influxql } from '../../src/grafana/query.js';
import { linksFrom } from '../build/links.js';

const FROM = 'FROM "$measurement" WHERE "$tag" =~ /^$value$/ AND $timeFilter';

/** A dashboard for any measurement, field and tag. */
export const measurementExplorer: DashboardSpec = {
  uid: 'sluice-explorer',
  title: 'Measurement explorer',
  description: 'One numeric field of any measurement, split by any tag.',
  source: 'influxdb',
  variables: [
    { name: 'measurement', label: 'Measurement', query: 'SHOW MEASUREMENTS', isMulti: false },
    { name: 'field', label: 'Field', query: 'SHOW FIELD KEYS FROM "$measurement"', isMulti: false },
    { name: 'tag', label: 'Tag', query: 'SHOW TAG KEYS FROM "$measurement"', isMulti: false },
    {
      name: 'value',
      label: 'Tag value',
      query: 'SHOW TAG VALUES FROM "$measurement" WITH KEY = "$tag"',
      isMulti: true,
    },
  ],
  rows: [
    {
      title: 'Values',
      height: 10,
      panels: [
        {
          title: 'Mean by tag',
          description:
            'Mean of the chosen field for each value of the chosen tag. A gap means that nothing was stored. Text fields have no mean: choose a number.',
          kind: 'timeseries',
          unit: 'none',
          width: 24,
          queries: [influxql(`SELECT mean("$field") ${FROM} GROUP BY time($__interval), "$tag" fill(null)`)],
        },
        {
          title: 'Lowest and highest',
          description:
            'Lowest and highest value of the chosen field. Normal: a narrow band. A wide band shows outliers that the mean hides; find the device by its tag.',
          kind: 'timeseries',
          unit: 'none',
          width: 12,
          queries: [
            influxql(`SELECT min("$field"), max("$field") ${FROM} GROUP BY time($__interval) fill(null)`),
          ],
        },
        {
          title: 'Points stored',
          description:
            'Number of stored values of the chosen field per interval. Normal: flat. It drops to 0 when the devices stop; see Fleet overview.',
          kind: 'timeseries',
          unit: 'short',
          min: 0,
          width: 12,
          queries: [influxql(`SELECT count("$field") ${FROM} GROUP BY time($__interval) fill(null)`)],
        },
      ],
    },
  ],
  annotations: INFLUX_ANNOTATIONS,
  links: linksFrom('sluice-explorer'),
};
