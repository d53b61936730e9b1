import { isUtf8 } from 'node:buffer';
import type { ParkCode } from '../../dead-letter/park-codes.js';
import { quoted } from '../../lib/printable.js';
import { type Rejected, rejected } from '../payload-format.js';
import { TagFailure, taggedValue } from './cbor-tags.js';
import { float16 } from './float16.js';

const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;

/** An integer: bigint where a double would not be exact. */
type Argument = number | bigint;

/** The length of an item that ends with a break. */
const INDEFINITE = -1;
const BREAK = 0xff;
/** More tags around one item than any registered use has. */
const MAX_TAGS = 16;

/**
 * Recursive descent over RFC 8949, as deep as `maxDepth` allows. It reads what is well-formed and nothing else, and makes no
 * room for a length that the rest of the payload cannot hold: every element needs a byte. Integers beyond 2^53 are bigint,
 * maps are Maps, byte strings are parts of the payload. Every method returns undefined after `#fail`: CBOR's own
 * "undefined" is null here.
 */
export class CborReader {
  #bytes: Buffer = Buffer.alloc(0);
  #pos = 0;
  #maxDepth = 0;
  #depth = 0;
  /** Of the header read last. */
  #major = 0;
  #info = 0;
  #rejection = rejected('payload-not-decodable', '');

  /** Why the last `read` that failed returned undefined. */
  get rejection(): Rejected {
    return this.#rejection;
  }

  /** `undefined`: see `rejection`. */
  read(bytes: Buffer, maxDepth: number): unknown {
    this.#bytes = bytes;
    this.#pos = 0;
    this.#maxDepth = maxDepth;
    this.#depth = 0;
    const value = this.#item();
    if (value === undefined) return undefined;
    const left = bytes.length - this.#pos;
    if (left > 0) {
      return this.#malformed(this.#pos, `the value ends, and ${left} bytes follow it`);
    }
    return value;
  }

  #item(): unknown {
    const start = this.#pos;
    const argument = this.#header();
    if (argument === undefined) return undefined;
    switch (this.#major) {
      case 0:
        return argument;
      case NEGATIVE:
        return shortest(-1n - BigInt(argument));
      case BYTES:
      case TEXT:
        return this.#string(start, this.#major, argument);
      case ARRAY:
        return this.#inside(start, () => this.#array(start, argument));
      case MAP:
        return this.#inside(start, () => this.#map(start, argument));
      case TAG:
        return this.#tagged(start, argument);
      default:
        return this.#simple(start, argument);
    }
  }

  /** Reads the head of an item and returns its argument (RFC 8949, 3). */
  #header(): Argument | undefined {
    const start = this.#pos;
    const first = this.#bytes[start];
    if (first === undefined) return this.#malformed(start, 'the payload ends where a value should be');
    this.#major = first >> 5;
    this.#info = first & 0x1f;
    this.#pos = start + 1;
    if (this.#info < 24) return this.#info;
    if (this.#info === 31) {
      const canBeIndefinite = this.#major >= BYTES && this.#major <= MAP;
      if (canBeIndefinite) return INDEFINITE;
      const what = first === BREAK ? 'a break ends nothing' : 'the item cannot be of indefinite length';
      return this.#malformed(start, what);
    }
    if (this.#info > 27) return this.#malformed(start, `the byte ${hex(first)} begins no item`);
    const width = 2 ** (this.#info - 24);
    if (this.#pos + width > this.#bytes.length) {
      return this.#malformed(start, 'the payload ends inside a value');
    }
    const at = this.#pos;
    this.#pos += width;
    return width === 8 ? shortest(this.#bytes.readBigUInt64BE(at)) : this.#bytes.readUIntBE(at, width);
  }

  #string(start: number, major: number, length: Argument): Buffer | string | undefined {
    if (length !== INDEFINITE) return this.#chunk(start, major, length);
    const chunks: (Buffer | string)[] = [];
    while (!this.#isBreak()) {
      const at = this.#pos;
      const chunkLength = this.#header();
      if (chunkLength === undefined) return undefined;
      if (this.#major !== major || chunkLength === INDEFINITE) {
        return this.#malformed(at, 'a part of a string is no string of the same kind with a length');
      }
      const chunk = this.#chunk(at, major, chunkLength);
      if (chunk === undefined) return undefined;
      chunks.push(chunk);
    }
    return major === TEXT ? chunks.join('') : Buffer.concat(chunks as Buffer[]);
  }

  #chunk(start: number, major: number, length: Argument): Buffer | string | undefined {
    if (!this.#canHold(start, length)) return undefined;
    const end = this.#pos + Number(length);
    const bytes = this.#bytes.subarray(this.#pos, end);
    this.#pos = end;
    if (major === BYTES) return bytes;
    if (!isUtf8(bytes)) return this.#fail('payload-not-utf8', start, 'a text is not UTF-8');
    return bytes.toString('utf8');
  }

  #array(start: number, length: Argument): unknown[] | undefined {
    if (!this.#canHold(start, length)) return undefined;
    const array: unknown[] = [];
    while (length === INDEFINITE ? !this.#isBreak() : array.length < length) {
      const value = this.#item();
      if (value === undefined) return undefined;
      array.push(value);
    }
    return array;
  }

  #map(start: number, length: Argument): Map<unknown, unknown> | undefined {
    if (!this.#canHold(start, length === INDEFINITE ? 0 : 2 * Number(length))) return undefined;
    const map = new Map<unknown, unknown>();
    while (length === INDEFINITE ? !this.#isBreak() : map.size < length) {
      const at = this.#pos;
      const key = this.#item();
      if (key === undefined) return undefined;
      if (map.has(key)) {
        const name = typeof key === 'string' ? quoted(key) : String(key);
        return this.#fail('payload-duplicate-key', at, `the key ${name} appears twice in one map`);
      }
      const value = this.#item();
      if (value === undefined) return undefined;
      map.set(key, value);
    }
    return map;
  }

  #tagged(start: number, first: Argument): unknown {
    const tags = [first];
    while ((this.#bytes[this.#pos] ?? 0) >> 5 === TAG) {
      const tag = this.#header();
      if (tag === undefined) return undefined;
      tags.push(tag);
      if (tags.length > MAX_TAGS) {
        return this.#fail('payload-too-deep', start, `a value has more than ${MAX_TAGS} tags`);
      }
    }
    let value = this.#item();
    if (value === undefined) return undefined;
    for (const tag of tags.reverse()) {
      value = taggedValue(tag, value);
      if (value instanceof TagFailure) return this.#fail(value.code, start, value.problem);
    }
    return value;
  }

  #simple(start: number, argument: Argument): unknown {
    const at = start + 1;
    if (this.#info === 25) return float16(this.#bytes.readUInt16BE(at));
    if (this.#info === 26) return this.#bytes.readFloatBE(at);
    if (this.#info === 27) return this.#bytes.readDoubleBE(at);
    if (argument === 20 || argument === 21) return argument === 21;
    if (argument === 22 || argument === 23) return null;
    if (this.#info === 24 && argument < 32) {
      return this.#malformed(start, 'a simple value below 32 is written in two bytes');
    }
    return this.#malformed(start, `the simple value ${argument} has no meaning`);
  }

  #inside<Result>(start: number, read: () => Result | undefined): Result | undefined {
    if (this.#depth >= this.#maxDepth) {
      const problem = `arrays and maps are nested more than ${this.#maxDepth} levels deep`;
      return this.#fail('payload-too-deep', start, problem);
    }
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  /** True, and past it, when the next byte is a break. At the end of the payload the next item fails. */
  #isBreak(): boolean {
    if (this.#bytes[this.#pos] !== BREAK) return false;
    this.#pos++;
    return true;
  }

  #canHold(start: number, length: Argument): boolean {
    const left = this.#bytes.length - this.#pos;
    if (length <= left) return true;
    this.#malformed(start, `a length says ${length} more bytes or values, and ${left} bytes are left`);
    return false;
  }

  #malformed(at: number, problem: string): undefined {
    return this.#fail('payload-not-decodable', at, `the payload is not CBOR: ${problem}`);
  }

  #fail(code: ParkCode, at: number, problem: string): undefined {
    this.#rejection = rejected(code, `${problem} at byte ${at + 1}`);
    return undefined;
  }
}

function shortest(value: bigint): Argument {
  const nearest = Number(value);
  return Number.isSafeInteger(nearest) ? nearest : value;
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
