import type { Field, FieldType, Point } from '../point.js';
import type { FieldTypeConflict, TimeSpan } from '../sink.js';

/** What the words of InfluxDB 1 or 2 say about a request with a type conflict. */
export interface NamedConflict {
  readonly measurement: string;
  readonly field: string;
  readonly sentType: FieldType;
  readonly storedType: FieldType;
  /** How many lines of one shard it has dropped. */
  readonly dropped: number;
}

const TYPES: Readonly<Record<string, FieldType>> = {
  float: 'float',
  float64: 'float',
  integer: 'int',
  string: 'string',
  boolean: 'boolean',
};

/** Of InfluxDB 1.6 to 2.7, which do not escape names. It names one conflict, however many there are. */
const NAMED =
  /field type conflict: input field "(.*)" on measurement "(.*)" is type (\w+), already exists as type (\w+)(?: dropped=(\d+))?/s;

/** The answer of InfluxDB 1 and 2 when two lines of one request give a new field two types. */
const UNNAMED = /field type conflict$/;

/** https://github.com/influxdata/influxdb: influxdb3_write, validator.rs; the second form is that of the clusters. */
const OF_VERSION_3 = [
  /field value in line protocol for field '(.*)' on line \d+: expected type (?:iox::column_type::field::)?(\w+), but got/s,
  /column type for column '(.*)', expected (?:iox::column_type::field::)?(\w+), got/s,
];

const NS_PER_HOUR = 3_600_000_000_000n;

/** Returns the conflict that a text of InfluxDB 1 or 2 names; 'unnamed' when it only says that there is one. */
export function namedConflict(text: string): NamedConflict | 'unnamed' | undefined {
  const match = NAMED.exec(text);
  if (match === null) return UNNAMED.test(text) ? 'unnamed' : undefined;
  const [, field = '', measurement = '', sent = '', stored = '', dropped = '0'] = match;
  const sentType = TYPES[sent];
  const storedType = TYPES[stored];
  if (sentType === undefined || storedType === undefined) return undefined;
  return { measurement, field, sentType, storedType, dropped: Number(dropped) };
}

/** Whether the point has the field with the type that the store does not take. Names come from devices: only a point proves them. */
export function hasConflict({ series, fields }: Point, conflict: NamedConflict): boolean {
  return series.measurement === conflict.measurement && fields.some((field) => isOf(field, conflict));
}

function isOf({ name, type }: Field, { field, sentType }: NamedConflict): boolean {
  return name === field && type === sentType;
}

/** Returns the conflict of a point that the store has refused for it. InfluxDB 1 and 2 keep types by shard. */
export function conflictOf(
  { series, timestampNs }: Point,
  { field, storedType }: Pick<NamedConflict, 'field' | 'storedType'>,
): FieldTypeConflict {
  return { measurement: series.measurement, field, storedType, span: hourOf(timestampNs) };
}

/** Returns the conflict that InfluxDB 3 reports of one line, or undefined; it has one type for all times. */
export function conflictOfVersion3(point: Point, text: string): FieldTypeConflict | undefined {
  for (const pattern of OF_VERSION_3) {
    const [, name, type = ''] = pattern.exec(text) ?? [];
    const storedType = TYPES[type];
    if (name === undefined || storedType === undefined) continue;
    const isThere = point.fields.some((field) => field.name === name && field.type !== storedType);
    if (isThere) return { measurement: point.series.measurement, field: name, storedType };
  }
  return undefined;
}

/** The shortest shard of InfluxDB has an hour, and begins at a whole one. */
function hourOf(timestampNs: bigint): TimeSpan {
  const hour = timestampNs / NS_PER_HOUR - (timestampNs < 0n && timestampNs % NS_PER_HOUR !== 0n ? 1n : 0n);
  return { fromNs: hour * NS_PER_HOUR, toNs: (hour + 1n) * NS_PER_HOUR };
}
