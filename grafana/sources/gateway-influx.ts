import { INFLUX_ANNOTATIONS } from '../../src/grafana/annotation.js';
import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import { GATEWAY_VARIABLE, INFLUX } from '../build/influx-queries.js';
import { linksFrom } from '../build/links.js';
import { gatewayRows } from './gateway-rows.js';
import { kinesisRows } from './kinesis-rows.js';

/** The same dashboard from InfluxDB, for a gateway that writes its own metrics there. */
export const gatewayInflux: DashboardSpec = {
  uid: 'sluice-gateway-influx',
  title: 'Gateway (InfluxDB)',
  description:
    'The path of a packet: broker, log, Kinesis, consumer, store and ledger. From the metrics that a gateway writes to InfluxDB with metrics.store.enabled.',
  source: 'influxdb',
  variables: [GATEWAY_VARIABLE],
  rows: [...gatewayRows(INFLUX), ...kinesisRows(INFLUX).map((row) => ({ ...row, isCollapsed: true }))],
  annotations: INFLUX_ANNOTATIONS,
  links: linksFrom('sluice-gateway-influx'),
};
