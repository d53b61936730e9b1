import type { FieldType, MeasurementSummary } from '../sink.js';
import type { QueriedSeries } from './influxql.js';
import type { QueryChannel } from './query-channel.js';

const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  float: 'float',
  integer: 'int',
  unsigned: 'int',
  string: 'string',
  boolean: 'boolean',
};
/** Not of the user's making. */
const OWN_MEASUREMENT = 'sluice_health';

export async function readMeasurements(channel: QueryChannel): Promise<readonly MeasurementSummary[]> {
  const listed = await channel.ask('SHOW MEASUREMENTS', (name) => name === 'measurements');
  const names = listed.flatMap((series) => series.values.map(([name]) => String(name)));
  const known = (name: string) => names.includes(name);
  const [fields, tags] = await Promise.all([
    channel.ask('SHOW FIELD KEYS', known),
    channel.ask('SHOW TAG KEYS', known),
  ]);
  return names
    .filter((name) => name !== OWN_MEASUREMENT)
    .map((name) => ({
      name,
      tags: rowsOf(tags, name).map(([tag]) => String(tag)),
      fields: fieldsOf(rowsOf(fields, name)),
    }));
}

function rowsOf(series: readonly QueriedSeries[], name: string): readonly (readonly unknown[])[] {
  return series.filter((one) => one.name === name).flatMap((one) => one.values);
}

/** A field can have had two types in different shards of InfluxDB 1: the first named is taken. */
function fieldsOf(rows: readonly (readonly unknown[])[]): MeasurementSummary['fields'] {
  const types = new Map<string, FieldType>();
  for (const [name, type] of rows) {
    if (!types.has(String(name))) types.set(String(name), FIELD_TYPES[String(type)] ?? 'string');
  }
  return [...types].map(([name, type]) => ({ name, type }));
}
