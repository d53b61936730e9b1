import type { DashboardSpec } from '../../src/dashboard/dashboard.js';
import { linksFrom } from '../build/links.js';
import { METRIC_ANNOTATIONS } from '../build/metric-annotations.js';
import { INSTANCE_VARIABLE, PROMETHEUS } from '../build/prometheus-queries.js';
import { gatewayRows } from './gateway-rows.js';

/** The path left to right, from Prometheus. */
export const gateway: DashboardSpec = {
  uid: 'sluice-gateway',
  title: 'Gateway',
  description: 'The path of a packet: broker, log, consumer, store, and the books. From Prometheus.',
  source: 'prometheus',
  variables: [INSTANCE_VARIABLE],
  rows: gatewayRows(PROMETHEUS),
  annotations: METRIC_ANNOTATIONS,
  links: linksFrom('sluice-gateway'),
};
