import { influxql, type Query } from './query.js';

/** Moments or time ranges that are shown on every panel. */
export interface AnnotationSpec {
  readonly name: string;
  readonly color: string;
  readonly query: Query;
}

/** The annotations that a gateway writes to the measurement `sluice_events`, grouped by what a reader wants to distinguish. */
export const INFLUX_ANNOTATIONS: readonly AnnotationSpec[] = [
  ofKinds('Gateway started or stopped', 'blue', ['start', 'stop']),
  ofKinds('Outage', 'red', ['outage', 'log-blocked', 'records-dropped', 'records-gone']),
  ofKinds('Outage over', 'green', ['recovered', 'log-unblocked']),
  ofKinds('Resharded, or shards moved', 'purple', ['reshard', 'leases-taken', 'leases-lost']),
];

function ofKinds(name: string, color: string, kinds: readonly string[]): AnnotationSpec {
  const one = kinds.length === 1 ? kinds[0] : `(${kinds.join('|')})`;
  const text = `SELECT "text", "gateway", "kind" FROM "sluice_events" WHERE "kind" =~ /^${one}$/ AND $timeFilter`;
  return { name, color, query: influxql(text) };
}

/**
 * Returns Grafana's JSON of one annotation query.
 *
 * @param source type of the data source, and name of its variable
 */
export function annotationJson({ name, color, query }: AnnotationSpec, source: string): object {
  const shown = { name, datasource: { type: source, uid: `\${${source}}` }, enable: true, iconColor: color };
  if (query.language === 'promql') {
    return { ...shown, expr: query.text, step: '30s', titleFormat: name, textFormat: query.legend };
  }
  const target = {
    refId: 'Anno',
    query: query.text,
    rawQuery: true,
    queryType: 'tags',
    fromAnnotations: true,
    textColumn: 'text',
    tagsColumn: 'gateway,kind',
    titleColumn: '',
    timeEndColumn: '',
  };
  return { ...shown, target };
}
