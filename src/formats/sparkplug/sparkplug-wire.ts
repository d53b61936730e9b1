import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/minimal.js';
import type { ParkCode } from '../../dead-letter/park-codes.js';

/**
 * The messages of Sparkplug B (org.eclipse.tahu.protobuf, version 3.0.0), by their field numbers. They are read with the
 * reader of protobufjs alone: the rest of the library makes functions out of text at run time.
 */
export interface WirePayload {
  readonly timestamp?: bigint;
  readonly seq?: bigint;
  readonly metrics: readonly WireMetric[];
}

export interface WireMetric {
  readonly name?: string;
  readonly alias?: bigint;
  readonly timestamp?: bigint;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly isTransient?: boolean;
  readonly isNull?: boolean;
  readonly properties?: readonly WireProperty[];
  readonly value?: WireValue;
}

export interface WireProperty {
  readonly key: string;
  readonly datatype?: number;
  readonly isNull?: boolean;
  readonly value?: WireValue;
}

/** A value as it travels; `other` has none that a field could hold. */
export type WireValue =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'float' | 'double'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'other' };

export interface WireLimits {
  readonly maxMetrics: number;
  /** Of all metrics together. */
  readonly maxProperties: number;
}

/** Why a payload is refused; thrown inside the reader and caught where it is called. */
export class WireFailure extends Error {
  readonly code: ParkCode;

  constructor(code: ParkCode, problem: string) {
    super(problem);
    this.code = code;
  }
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Throws for bytes that are no such message. Unknown fields, and known ones of another wire type, are skipped. */
export function readPayload(bytes: Buffer, limits: WireLimits): WirePayload {
  const payload: Mutable<WirePayload> = { metrics: [] };
  const metrics: WireMetric[] = [];
  const budget = { properties: limits.maxProperties };
  eachField(bytes, (field, reader) => {
    switch (field) {
      case tag(1, VARINT):
        payload.timestamp = long(reader);
        return true;
      case tag(2, BYTES):
        if (metrics.length >= limits.maxMetrics) {
          throw new WireFailure('payload-too-many-keys', `more than ${limits.maxMetrics} metrics`);
        }
        metrics.push(readMetric(reader.bytes(), budget));
        return true;
      case tag(3, VARINT):
        payload.seq = long(reader);
        return true;
      default:
        return false;
    }
  });
  return { ...payload, metrics };
}

type Mutable<Message> = { -readonly [Key in keyof Message]: Message[Key] };

interface Budget {
  properties: number;
}

function readMetric(bytes: Uint8Array, budget: Budget): WireMetric {
  const metric: Mutable<WireMetric> = {};
  eachField(bytes, (field, reader) => {
    switch (field) {
      case tag(1, BYTES):
        metric.name = text(reader);
        return true;
      case tag(2, VARINT):
        metric.alias = long(reader);
        return true;
      case tag(3, VARINT):
        metric.timestamp = long(reader);
        return true;
      case tag(4, VARINT):
        metric.datatype = reader.uint32();
        return true;
      case tag(5, VARINT):
        metric.isHistorical = reader.bool();
        return true;
      case tag(6, VARINT):
        metric.isTransient = reader.bool();
        return true;
      case tag(7, VARINT):
        metric.isNull = reader.bool();
        return true;
      case tag(9, BYTES):
        metric.properties = readProperties(reader.bytes(), budget);
        return true;
      default: {
        const value = readValue(field, FIRST_VALUE_OF_METRIC, reader);
        if (value !== undefined) metric.value = value;
        return value !== undefined;
      }
    }
  });
  return metric;
}

function readProperties(bytes: Uint8Array, budget: Budget): WireProperty[] {
  const keys: string[] = [];
  const values: Omit<WireProperty, 'key'>[] = [];
  eachField(bytes, (field, reader) => {
    if (field === tag(1, BYTES)) {
      budget.properties--;
      if (budget.properties < 0) {
        throw new WireFailure('payload-too-many-keys', 'the metrics have too many properties');
      }
      keys.push(text(reader));
      return true;
    }
    if (field !== tag(2, BYTES)) return false;
    values.push(readProperty(reader.bytes()));
    return true;
  });
  if (keys.length !== values.length) {
    throw new WireFailure(
      'payload-not-decodable',
      `a metric has ${keys.length} properties and ${values.length} values`,
    );
  }
  return keys.map((key, index) => ({ key, ...values[index] }));
}

function readProperty(bytes: Uint8Array): Omit<WireProperty, 'key'> {
  const property: Mutable<Omit<WireProperty, 'key'>> = {};
  eachField(bytes, (field, reader) => {
    switch (field) {
      case tag(1, VARINT):
        property.datatype = reader.uint32();
        return true;
      case tag(2, VARINT):
        property.isNull = reader.bool();
        return true;
      default: {
        const value = readValue(field, FIRST_VALUE_OF_PROPERTY, reader);
        if (value !== undefined) property.value = value;
        return value !== undefined;
      }
    }
  });
  return property;
}

/** The number of `int_value`; those of the other values follow it. */
const FIRST_VALUE_OF_METRIC = 10;
const FIRST_VALUE_OF_PROPERTY = 3;

function readValue(field: number, first: number, reader: protobuf.Reader): WireValue | undefined {
  switch (field) {
    case tag(first, VARINT):
      return { kind: 'int', value: reader.uint32() };
    case tag(first + 1, VARINT):
      return { kind: 'long', value: long(reader) };
    case tag(first + 2, FIXED32):
      return { kind: 'float', value: reader.float() };
    case tag(first + 3, FIXED64):
      return { kind: 'double', value: reader.double() };
    case tag(first + 4, VARINT):
      return { kind: 'boolean', value: reader.bool() };
    case tag(first + 5, BYTES):
      return { kind: 'string', value: text(reader) };
    default:
      break;
  }
  // Bytes, data sets, templates and extensions; property sets and lists of them.
  const isOther = field >= tag(first + 6, VARINT) && field <= tag(first + 9, 7) && (field & 7) === BYTES;
  if (!isOther) return undefined;
  reader.skipType(BYTES);
  return { kind: 'other' };
}

/** Reads the fields of a message one after the other; what `read` does not take is skipped. */
function eachField(bytes: Uint8Array, read: (field: number, reader: protobuf.Reader) => boolean): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const field = reader.tag();
    if (field >>> 3 === 0) throw new WireFailure('payload-not-decodable', 'a field has the number 0');
    if (!read(field, reader)) reader.skipType(field & 7);
  }
}

/** A field's number with its wire type, as it stands before the field. */
function tag(number: number, wireType: number): number {
  return number * 8 + wireType;
}

function long(reader: protobuf.Reader): bigint {
  const value = reader.uint64();
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

function text(reader: protobuf.Reader): string {
  const bytes = reader.bytes();
  if (!isUtf8(bytes)) throw new WireFailure('payload-not-utf8', 'a text is not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
