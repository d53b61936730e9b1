import type { Schema } from '../../../influxql/expand-fields.js';
import { byBytes } from '../../../influxql/expand-fields.js';
import { InfluxqlError } from '../../../influxql/influxql-error.js';
import { compileRegex } from '../../../influxql/regex.js';
import type { Source } from '../../../influxql/statement.js';
import type { ValueType } from '../../../influxql/value.js';
import type { FieldType } from '../../point.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import { SCHEMA } from '../measurement-table.js';
import { type StoredMeasurement, storedMeasurement } from '../stored-measurement.js';

/** A measurement that a statement reads. */
export interface FoundMeasurement {
  readonly name: string;
  readonly stored: StoredMeasurement;
}

/** Measurements that one statement can read. */
export const MAX_MEASUREMENTS = 200;

const VALUE_TYPES: Readonly<Record<FieldType, ValueType>> = {
  float: 'float',
  int: 'integer',
  string: 'string',
  boolean: 'boolean',
};
/** Of fields that have several types in several measurements, as in InfluxDB 1: the first one stands. */
const PREFERRED: readonly ValueType[] = ['float', 'integer', 'string', 'boolean'];

export async function measurementNames(read: InterruptibleRead): Promise<readonly string[]> {
  const rows = await read.rows(
    `SELECT m.name FROM ${SCHEMA}.measurements m WHERE EXISTS (FROM ${SCHEMA}.columns c WHERE c.measurement = m.id)`,
  );
  return rows.map(([name]) => String(name)).sort(byBytes);
}

/** Resolves with those that exist, sorted by name; without sources with all. */
export async function findMeasurements(
  read: InterruptibleRead,
  sources: readonly Source[] | undefined,
): Promise<readonly FoundMeasurement[]> {
  const names = new Set<string>();
  const all = sources?.every((source) => 'name' in source) ? [] : await measurementNames(read);
  if (sources === undefined) for (const name of all) names.add(name);
  for (const source of sources ?? []) {
    if ('name' in source) names.add(source.name);
    else {
      const matches = compileRegex(source.pattern);
      for (const name of all.filter(matches)) names.add(name);
    }
  }
  if (names.size > MAX_MEASUREMENTS) {
    throw new InfluxqlError(`one statement can read at most ${MAX_MEASUREMENTS} measurements`);
  }
  const found: FoundMeasurement[] = [];
  for (const name of [...names].sort(byBytes)) {
    const stored = await storedMeasurement(read, name);
    if (stored !== undefined) found.push({ name, stored });
  }
  return found;
}

/** The fields and tags of all measurements of a statement. */
export function schemaOf(measurements: readonly FoundMeasurement[]): Schema {
  const fields = new Map<string, ValueType>();
  const tags = new Set<string>();
  for (const { stored } of measurements) {
    for (const tag of stored.tags.keys()) tags.add(tag);
    for (const [name, { type }] of stored.fields) {
      const known = fields.get(name);
      const other = VALUE_TYPES[type];
      if (known === undefined || PREFERRED.indexOf(other) < PREFERRED.indexOf(known)) fields.set(name, other);
    }
  }
  return { fields, tags };
}

export function valueType(type: FieldType): ValueType {
  return VALUE_TYPES[type];
}
