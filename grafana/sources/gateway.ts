import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import { linksFrom } from '../build/links.js';
import { METRIC_ANNOTATIONS } from '../build/metric-annotations.js';
import { INSTANCE_VARIABLE, PROMETHEUS } from '../build/prometheus-queries.js';
import { gatewayRows } from './gateway-rows.js';

/** The gateway along the data path, from Prometheus. */
export const gateway: DashboardSpec = {
  uid: 'sluice-gateway',
  title: 'Gateway',
  description: 'The path of a packet: broker, log, consumer, store and ledger. From Prometheus.',
  source: 'prometheus',
  variables: [INSTANCE_VARIABLE],
  rows: gatewayRows(PROMETHEUS),
  annotations: METRIC_ANNOTATIONS,
  links: linksFrom('sluice-gateway'),
};
