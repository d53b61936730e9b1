/** A query of a panel in InfluxQL or PromQL; it never names a database or a retention policy. */
export type Query =
  | {
      readonly language: 'influxql';
      readonly text: string;
      /** Name of each series; `$tag_x` and `$col` stand for a tag's value and the column. */
      readonly alias?: string;
      readonly asTable?: boolean;
    }
  | { readonly language: 'promql'; readonly text: string; readonly legend: string };

/** Returns a query to InfluxDB. */
export function influxql(text: string, alias?: string): Query {
  return { language: 'influxql', text, alias };
}

/** Returns a query to InfluxDB whose answer is a table. */
export function influxqlTable(text: string): Query {
  return { language: 'influxql', text, asTable: true };
}

/** Returns a query to Prometheus. */
export function promql(text: string, legend = ''): Query {
  return { language: 'promql', text, legend };
}
