import type { Reference } from '../../../influxql/statement.js';
import type { ValueType } from '../../../influxql/value.js';
import { type StoredMeasurement, tagText } from '../stored-measurement.js';
import { valueType } from './find-measurements.js';

/**
 * Returns an SQL expression for a field of a point `p` as the type that the statement has it; undefined where the measurement
 * has no such field, or one of a type that does not become it.
 */
export function fieldColumn(
  { fields }: StoredMeasurement,
  name: string,
  type: ValueType | undefined,
): string | undefined {
  const field = fields.get(name);
  if (field === undefined || type === undefined) return undefined;
  const own = valueType(field.type);
  if (own === type) return `p.${field.column}`;
  return own === 'integer' && type === 'float' ? `p.${field.column}::DOUBLE` : undefined;
}

/** A field or tag that is selected as it is stored. */
export interface SelectedColumn {
  readonly sql: string;
  readonly isField: boolean;
}

/** Returns the column of a reference; NULL for a name that the measurement does not have, and for a tag that a series lacks. */
export function selectedColumn(
  stored: StoredMeasurement,
  { name, cast }: Reference,
  fieldType: ValueType | undefined,
): SelectedColumn {
  const field = cast === 'tag' ? undefined : fieldColumn(stored, name, fieldType);
  if (field !== undefined) return { sql: field, isField: true };
  const isTag = (cast === undefined || cast === 'tag') && (fieldType === undefined || cast === 'tag');
  return {
    sql: isTag && stored.tags.has(name) ? `nullif(${tagText(stored, name)}, '')` : 'NULL',
    isField: false,
  };
}
