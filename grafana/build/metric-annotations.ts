import type { AnnotationSpec } from '../../src/grafana/annotation.js';
import { promql } from '../../src/grafana/query.js';

/** Annotations of restarts, outages and resharding, derived from the metrics. */
export const METRIC_ANNOTATIONS: readonly AnnotationSpec[] = [
  {
    name: 'Gateway started',
    color: 'blue',
    query: promql('changes(process_start_time_seconds{instance=~"$instance"}[1m]) > 0', '{{instance}}'),
  },
  {
    name: 'Store outage',
    color: 'red',
    query: promql(
      'max by (instance, state) (sluice_sink_state{instance=~"$instance",state!="healthy"}) > 0',
      '{{instance}} {{state}}',
    ),
  },
  {
    name: 'Kinesis outage',
    color: 'orange',
    query: promql(
      'max by (instance, state) (sluice_kinesis_producer_state{instance=~"$instance",state!="healthy"}) > 0',
      '{{instance}} {{state}}',
    ),
  },
  {
    name: 'Shards changed',
    color: 'purple',
    query: promql('changes(sluice_kinesis_reader_shards{instance=~"$instance"}[1m]) > 0', '{{instance}}'),
  },
];
