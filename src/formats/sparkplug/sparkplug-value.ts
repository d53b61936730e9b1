import { ExactNumber, type JsonValue } from '../json/json-value.js';
import type { WireValue } from './sparkplug-wire.js';

/** The data types by their numbers (Sparkplug 3.0, 6.4.16). */
const DATATYPES = [
  'Unknown',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'UInt8',
  'UInt16',
  'UInt32',
  'UInt64',
  'Float',
  'Double',
  'Boolean',
  'String',
  'DateTime',
  'Text',
  'UUID',
  'DataSet',
  'Bytes',
  'File',
  'Template',
  'PropertySet',
  'PropertySetList',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Int64Array',
  'UInt8Array',
  'UInt16Array',
  'UInt32Array',
  'UInt64Array',
  'FloatArray',
  'DoubleArray',
  'BooleanArray',
  'StringArray',
  'DateTimeArray',
] as const;

/** Values that show their type themselves, where no data type is known. */
const SHOWN_TYPES: Partial<Record<WireValue['kind'], string>> = {
  float: 'Float',
  double: 'Double',
  boolean: 'Boolean',
  string: 'String',
};

const INT64_MAX = 2n ** 63n - 1n;

/** The name of a data type; of one that is not known or not given, what the value shows. */
export function datatypeName(datatype: number | undefined, value: WireValue | undefined): string {
  const name = datatype === undefined ? undefined : DATATYPES[datatype];
  if (name !== undefined && name !== 'Unknown') return name;
  return (value === undefined ? undefined : SHOWN_TYPES[value.kind]) ?? 'Unknown';
}

/** Undefined for a value that cannot be a field: of another type than its data type, or of one without a form for stores. */
export function metricValue(datatype: string, wire: WireValue | undefined): JsonValue | undefined {
  if (wire === undefined) return null;
  switch (datatype) {
    case 'Int8':
      return signed(8, wire);
    case 'Int16':
      return signed(16, wire);
    case 'Int32':
      return signed(32, wire);
    case 'Int64':
      return signed(64, wire);
    case 'UInt8':
      return unsigned(8, wire);
    case 'UInt16':
      return unsigned(16, wire);
    case 'UInt32':
      return unsigned(32, wire);
    case 'UInt64':
      return unsigned(64, wire);
    case 'DateTime':
      return plain(unsigned(64, wire));
    case 'Float':
    case 'Double':
      return float(wire);
    case 'Boolean':
      return wire.kind === 'boolean' ? wire.value : undefined;
    case 'String':
    case 'Text':
    case 'UUID':
      return wire.kind === 'string' ? wire.value : undefined;
    default:
      return undefined;
  }
}

/** A number of the protocol that is no value, such as a time in ms: a plain number where that is exact. */
export function plainInteger(value: bigint): number | ExactNumber {
  const nearest = Number(value);
  return Number.isSafeInteger(nearest) ? nearest : new ExactNumber(String(value), nearest);
}

/** Integers of up to 32 bits travel as unsigned numbers of 32 bits, and by some senders as one of 64. */
function bitsOf(wire: WireValue): bigint | undefined {
  if (wire.kind === 'int') return BigInt(wire.value);
  return wire.kind === 'long' ? wire.value : undefined;
}

function signed(width: number, wire: WireValue): ExactNumber | undefined {
  const bits = bitsOf(wire);
  return bits === undefined ? undefined : ExactNumber.int(BigInt.asIntN(width, bits));
}

function unsigned(width: number, wire: WireValue): ExactNumber | undefined {
  const bits = bitsOf(wire);
  if (bits === undefined) return undefined;
  const value = BigInt.asUintN(width, bits);
  return value > INT64_MAX ? new ExactNumber(String(value)) : ExactNumber.int(value);
}

function plain(value: ExactNumber | undefined): number | ExactNumber | undefined {
  return value === undefined ? undefined : plainInteger(BigInt(value.text));
}

/** NaN and the infinities stand for "no value". */
function float(wire: WireValue): number | null | ExactNumber | undefined {
  if (wire.kind !== 'float' && wire.kind !== 'double') return undefined;
  if (!Number.isFinite(wire.value)) return null;
  if (wire.value === 0) return 0;
  if (Math.abs(wire.value) <= Number.MAX_SAFE_INTEGER) return wire.value;
  return new ExactNumber(String(wire.value), wire.value);
}
