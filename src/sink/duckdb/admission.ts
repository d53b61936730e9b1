import type { Field, Point, Series } from '../point.js';
import type { FieldTypeConflict, RejectionCode } from '../sink.js';
import type { MeasurementTable } from './measurement-table.js';
import type { AgeLimit } from './row-retention.js';

/** The reason why a point is rejected. */
export interface Objection {
  readonly code: RejectionCode;
  readonly reason: string;
  readonly conflict?: FieldTypeConflict;
}

export interface Limits {
  /** Absent: points of any age are taken. */
  readonly age: AgeLimit | undefined;
  /** Limit of tags and fields of one measurement. */
  readonly maxColumns: number;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Checks a series independently of the stored data. Returns undefined when the series can be stored. */
export function objectionToSeries(series: Series): Objection | undefined {
  if (LONE_SURROGATE.test(series.measurement)) return notText('measurement name');
  for (const { name, value } of series.tags) {
    if (name === 'time') return reserved('tag');
    if (LONE_SURROGATE.test(name) || LONE_SURROGATE.test(value)) return notText(`tag "${name}"`);
  }
  return undefined;
}

/**
 * Checks a point against the columns of its table. Returns undefined when the point can be stored after `admit`.
 * It changes nothing: a rejected point must not leave a column behind.
 */
export function objectionToPoint(
  point: Point,
  table: MeasurementTable,
  limits: Limits,
): Objection | undefined {
  const { timestampNs, fields, series } = point;
  // DuckDB's TIMESTAMP_NS uses the ends of int64 for -infinity and infinity.
  if (timestampNs <= MIN_INT64 + 1n || timestampNs >= MAX_INT64) {
    return { code: 'not-expressible', reason: `timestamp ${timestampNs} is outside what DuckDB can store` };
  }
  const { age } = limits;
  if (age !== undefined && timestampNs < age.oldestNs) {
    return {
      code: 'store-refused',
      reason: `point beyond retention: its timestamp ${timestampNs} is before ${age.oldestNs}, the oldest that is kept (${age.setting})`,
    };
  }
  for (const field of fields) {
    const objection = objectionToValue(field) ?? objectionToField(field, point, table);
    if (objection !== undefined) return objection;
  }
  for (const { name } of series.tags) {
    if (table.fields.has(name)) return sameName(name, table.measurement);
  }
  return tooWide(point, table, limits.maxColumns);
}

/** Adds the new columns of a point; the first point fixes the type of a field. */
export function admit(point: Point, table: MeasurementTable): void {
  for (const { name } of point.series.tags) {
    if (!table.tags.has(name)) table.add('tag', name, 'string');
  }
  for (const { name, type } of point.fields) {
    if (!table.fields.has(name)) table.add('field', name, type);
  }
}

function objectionToField(field: Field, point: Point, table: MeasurementTable): Objection | undefined {
  const stored = table.fields.get(field.name);
  if (stored !== undefined) {
    if (stored.type === field.type) return undefined;
    return {
      code: 'store-refused',
      reason: `field type conflict: input field "${field.name}" on measurement "${table.measurement}" is type ${field.type}, already exists as type ${stored.type}`,
      conflict: { measurement: table.measurement, field: field.name, storedType: stored.type },
    };
  }
  if (field.name === 'time') return reserved('field');
  if (LONE_SURROGATE.test(field.name)) return notText('field name');
  if (table.tags.has(field.name) || point.series.tags.some(({ name }) => name === field.name)) {
    return sameName(field.name, table.measurement);
  }
  return undefined;
}

function objectionToValue({ name, type, value }: Field): Objection | undefined {
  if (type === 'float' && !Number.isFinite(value)) {
    return { code: 'not-expressible', reason: `field "${name}" is ${value}, not a finite number` };
  }
  if (type === 'int' && (value > MAX_INT64 || value < MIN_INT64)) {
    return { code: 'not-expressible', reason: `field "${name}" is ${value}, outside int64` };
  }
  if (type === 'string' && LONE_SURROGATE.test(value)) return notText(`field "${name}"`);
  return undefined;
}

function tooWide(
  { series, fields }: Point,
  table: MeasurementTable,
  maxColumns: number,
): Objection | undefined {
  // Most points have no new columns, so this cheap sum decides unless the table is nearly full.
  if (table.columnCount + series.tags.length + fields.length <= maxColumns) return undefined;
  const added =
    series.tags.filter(({ name }) => !table.tags.has(name)).length +
    fields.filter(({ name }) => !table.fields.has(name)).length;
  if (table.columnCount + added <= maxColumns) return undefined;
  return {
    code: 'store-refused',
    reason: `too many columns: measurement "${table.measurement}" has ${table.columnCount} tags and fields, the point adds ${added}, the limit is ${maxColumns}`,
  };
}

function reserved(kind: 'tag' | 'field'): Objection {
  return {
    code: 'not-expressible',
    reason: `a ${kind} cannot be named "time": it is the column of the timestamp`,
  };
}

function sameName(name: string, measurement: string): Objection {
  return {
    code: 'store-refused',
    reason: `"${name}" on measurement "${measurement}" cannot be both a tag and a field`,
  };
}

function notText(what: string): Objection {
  return {
    code: 'not-expressible',
    reason: `${what} contains half a surrogate pair, which is not valid text`,
  };
}
