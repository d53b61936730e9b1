import type { DashboardSpec } from '../../src/grafana/dashboard-json.js';
import { linksFrom } from '../build/links.js';
import { METRIC_ANNOTATIONS } from '../build/metric-annotations.js';
import { INSTANCE_VARIABLE, PROMETHEUS } from '../build/prometheus-queries.js';
import { kinesisRows } from './kinesis-rows.js';

/** Producer and reader of the stream, from Prometheus; empty without Kinesis mode. */
export const kinesis: DashboardSpec = {
  uid: 'sluice-kinesis',
  title: 'Kinesis',
  description: 'Producer and reader of the stream. Empty for gateways that do not run in Kinesis mode.',
  source: 'prometheus',
  variables: [INSTANCE_VARIABLE],
  rows: kinesisRows(PROMETHEUS),
  annotations: METRIC_ANNOTATIONS,
  links: linksFrom('sluice-kinesis'),
};
