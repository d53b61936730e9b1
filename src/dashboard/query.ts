/** What a panel asks: InfluxQL or PromQL, never with a database or a retention policy. */
export type Query =
  | {
      readonly language: 'influxql';
      readonly text: string;
      /** Name of each series; `$tag_x` and `$col` stand for a tag's value and the column. */
      readonly alias?: string;
      readonly asTable?: boolean;
    }
  | { readonly language: 'promql'; readonly text: string; readonly legend: string };

/** From InfluxDB. */
export function influxql(text: string, alias?: string): Query {
  return { language: 'influxql', text, ...(alias === undefined ? {} : { alias }) };
}

/** From InfluxDB, as a table. */
export function influxqlTable(text: string): Query {
  return { language: 'influxql', text, asTable: true };
}

/** From Prometheus. */
export function promql(text: string, legend = ''): Query {
  return { language: 'promql', text, legend };
}
