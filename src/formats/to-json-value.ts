import type { ParkCode } from '../dead-letter/park-codes.js';
import { quoted } from '../lib/printable.js';
import { reachesPrototype } from './forbidden-key.js';
import { ExactNumber, type JsonLimits, type JsonObject, type JsonValue } from './json/json-value.js';
import { type Decoded, type Rejected, rejected } from './payload-format.js';

export interface ConvertOptions {
  /** What NaN and the infinities become; by default they are rejected. */
  readonly notFinite?: 'reject' | 'null';
}

/**
 * Converts what a decoder made, a library or a user's own code, into a checked value, or says why not and where. Objects and
 * Maps become objects, arrays, Sets and typed arrays become arrays, bytes become base64 text, a Date becomes RFC 3339 text,
 * a bigint stays exact, and `undefined` is an omitted key, or null. All else is rejected. Every visit counts, so
 * that a part which appears in many places costs what it would cost when it were written out. It never throws on plain
 * data, and goes no deeper than `maxDepth`.
 */
export function toJsonValue(value: unknown, limits: JsonLimits, options: ConvertOptions = {}): Decoded {
  const conversion = new Conversion(limits, options);
  const converted = conversion.convert(value);
  if (converted === undefined) return conversion.rejection;
  const { holdsExact, isRepaired } = conversion;
  return { ok: true, value: converted, holdsExact, ...(isRepaired && { repaired: ['nan'] }) };
}

/** Half of a surrogate pair without the other half. With the `u` flag a whole pair is not matched. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** No double reaches it. */
const BEYOND_DOUBLE = 2n ** 1024n;

/** One conversion. Its methods return undefined after `#fail`. */
class Conversion {
  readonly #limits: JsonLimits;
  readonly #notFinite: 'reject' | 'null';
  /** Keys and indexes from the top to the value in hand; one for each open container. */
  readonly #place: (string | number)[] = [];
  /** The containers around the value in hand. */
  readonly #open: object[] = [];
  #keys = 0;
  #elements = 0;
  #textUnits = 0;
  holdsExact = false;
  /** Whether a number that is not finite became null. */
  isRepaired = false;
  rejection: Rejected = rejected('payload-not-decodable', '');

  constructor(limits: JsonLimits, { notFinite = 'reject' }: ConvertOptions) {
    this.#limits = limits;
    this.#notFinite = notFinite;
  }

  convert(value: unknown): JsonValue | undefined {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'number':
        return this.#number(value);
      case 'string':
        return this.#text(value);
      case 'bigint':
        return this.#bigint(value);
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        return this.#fail('payload-not-decodable', `a ${typeof value} is no value of a payload`);
    }
  }

  #number(value: number): JsonValue | undefined {
    if (!Number.isFinite(value)) {
      if (this.#notFinite === 'null') {
        this.isRepaired = true;
        return null;
      }
      return this.#fail('payload-number-out-of-range', `${value} is not a number that can be stored`);
    }
    if (value === 0) return 0;
    if (Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
    this.holdsExact = true;
    return new ExactNumber(String(value), value);
  }

  #bigint(value: bigint): JsonValue | undefined {
    // The size is compared first: the text of a huge number takes long.
    const nearest =
      value > -BEYOND_DOUBLE && value < BEYOND_DOUBLE ? Number(value) : Number.POSITIVE_INFINITY;
    if (!Number.isFinite(nearest)) {
      return this.#fail('payload-number-out-of-range', 'an integer is too large for a 64-bit float');
    }
    if (Number.isSafeInteger(nearest)) return nearest;
    this.holdsExact = true;
    return new ExactNumber(String(value), nearest);
  }

  #text(value: string): string | undefined {
    if (!this.#fits(value.length)) return undefined;
    if (LONE_SURROGATE.test(value)) {
      return this.#fail(
        'payload-lone-surrogate',
        'a text holds half of a surrogate pair without the other half',
      );
    }
    return value;
  }

  #object(value: object): JsonValue | undefined {
    if (value instanceof ExactNumber) {
      this.holdsExact = true;
      return value;
    }
    if (value instanceof Date) return this.#date(value);
    if (Array.isArray(value)) return this.#inside(value, () => this.#array(value));
    if (value instanceof Map) return this.#inside(value, () => this.#members(value));
    if (value instanceof Set) return this.#inside(value, () => this.#array([...value]));
    if (value instanceof ArrayBuffer) return this.#bytes(Buffer.from(value));
    if (ArrayBuffer.isView(value)) return this.#view(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    // The second: an object of another realm, which a worker or a VM made.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) {
      return this.#inside(value, () => this.#members(Object.entries(value)));
    }
    return this.#fail('payload-not-decodable', `an object of the class ${className(value)} is no value`);
  }

  #date(value: Date): string | undefined {
    const year = value.getUTCFullYear();
    if (year >= 0 && year <= 9999) return value.toISOString();
    return this.#fail('payload-number-out-of-range', 'a date is not one of the years 0 to 9999');
  }

  #view(value: ArrayBufferView): JsonValue | undefined {
    if (value instanceof Uint8Array || value instanceof DataView || value instanceof Uint8ClampedArray) {
      return this.#bytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }
    return this.#inside(value, () => this.#array(value as unknown as ArrayLike<unknown>));
  }

  #bytes(bytes: Buffer): string | undefined {
    return this.#fits(Math.ceil(bytes.length / 3) * 4) ? bytes.toString('base64') : undefined;
  }

  /** Runs `read` one level deeper. */
  #inside<Result>(container: object, read: () => Result | undefined): Result | undefined {
    const { maxDepth } = this.#limits;
    if (this.#open.includes(container)) {
      return this.#fail('payload-not-decodable', 'an object contains itself');
    }
    if (this.#open.length >= maxDepth) {
      return this.#fail(
        'payload-too-deep',
        `objects and arrays are nested more than ${maxDepth} levels deep`,
      );
    }
    this.#open.push(container);
    const result = read();
    this.#open.pop();
    return result;
  }

  #array(values: ArrayLike<unknown>): JsonValue[] | undefined {
    this.#elements += values.length;
    // A payload of JSON could not hold more elements: each of them needs a byte.
    if (this.#elements > this.#limits.maxPayloadBytes) {
      return this.#fail('payload-too-large', `more than ${this.#limits.maxPayloadBytes} elements of arrays`);
    }
    const array: JsonValue[] = [];
    for (let index = 0; index < values.length; index++) {
      this.#place.push(index);
      const converted = this.convert(values[index]);
      if (converted === undefined) return undefined;
      this.#place.pop();
      array.push(converted);
    }
    return array;
  }

  #members(entries: Iterable<readonly [unknown, unknown]>): JsonObject | undefined {
    const object: JsonObject = {};
    for (const [key, value] of entries) {
      const name = this.#key(key);
      if (name === undefined) return undefined;
      if (Object.hasOwn(object, name)) {
        return this.#fail('payload-duplicate-key', `the key ${quoted(name)} appears twice in one object`);
      }
      if (value === undefined) continue;
      this.#place.push(name);
      const converted = this.convert(value);
      if (converted === undefined) return undefined;
      this.#place.pop();
      object[name] = converted;
    }
    return object;
  }

  #key(key: unknown): string | undefined {
    const { maxKeys, maxKeyLength } = this.#limits;
    let name: string;
    if (typeof key === 'string') name = key;
    else if (Number.isSafeInteger(key) || isLongInteger(key)) name = String(key);
    else return this.#fail('payload-forbidden-key', 'a key is neither text nor an integer');
    this.#keys++;
    if (this.#keys > maxKeys) {
      return this.#fail(
        'payload-too-many-keys',
        `more than ${maxKeys} keys (${quoted(name)} is one too many)`,
      );
    }
    if (name.length > maxKeyLength) {
      const length = `has ${name.length} characters; at most ${maxKeyLength} are allowed`;
      return this.#fail('payload-forbidden-key', `the key ${quoted(name)} ${length}`);
    }
    if (reachesPrototype(name)) {
      return this.#fail('payload-forbidden-key', `the key ${quoted(name)} is not allowed`);
    }
    return this.#text(name);
  }

  /** Counts the units of a text. Base64 needs more than its bytes, and text that was unpacked more than its payload. */
  #fits(units: number): boolean {
    this.#textUnits += units;
    const most = 4 * this.#limits.maxPayloadBytes;
    if (this.#textUnits <= most) return true;
    this.#fail('payload-too-large', `more than ${most} characters of text`);
    return false;
  }

  #fail(code: ParkCode, problem: string): undefined {
    this.rejection = rejected(code, `${problem}${placeOf(this.#place)}`);
    return undefined;
  }
}

function isLongInteger(key: unknown): boolean {
  return typeof key === 'bigint' && key > -(2n ** 64n) && key < 2n ** 64n;
}

function className(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' ? quoted(name) : 'without a name';
}

function placeOf(place: readonly (string | number)[]): string {
  if (place.length === 0) return '';
  const text = place
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
  return ` at ${quoted(text)}`;
}
