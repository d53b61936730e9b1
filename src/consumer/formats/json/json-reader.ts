import type { JsonLimits } from './json-limits.js';
import { JsonRefusals } from './json-refusals.js';
import { ExactNumber, type JsonObject, type JsonValue } from './json-value.js';
import { KeyTable } from './key-table.js';
import { unescapeAt } from './unescape.js';

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const SPACE = 32;

/** A double holds every decimal of so many digits; one more and two literals may share a double. */
const MAX_EXACT_DIGITS = 15;
/** 10^22 is the last power of ten that a double holds exactly, so that mantissa / 10^n is rounded once only. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Recursive descent over RFC 8259 with the refusals of I-JSON (RFC 7493). Every method takes the position it
 * starts at, leaves `pos` behind what it read, and returns undefined after `fail`: JSON has no undefined, and
 * exceptions would cost more than the parse.
 */
export class JsonReader extends JsonRefusals {
  /** Whether the value read last holds an ExactNumber. */
  holdsExact = false;

  private pos = 0;
  private keyCount = 0;
  private readonly keys = new KeyTable();

  /** `text` must be well-formed UTF-16 (it comes from checked UTF-8). Undefined: see `code` and `reason`. */
  read(text: string, limits: JsonLimits): JsonValue | undefined {
    this.text = text;
    this.limits = limits;
    this.keyCount = 0;
    this.lastKey = '';
    this.holdsExact = false;
    const value = this.value(this.skipBlanks(0), 0);
    if (value !== undefined) {
      const end = this.skipBlanks(this.pos);
      if (end < text.length) return this.unexpected(end, 'the end of the payload');
    }
    this.text = '';
    return value;
  }

  private value(at: number, depth: number): JsonValue | undefined {
    const code = at < this.text.length ? this.text.charCodeAt(at) : 0;
    if (code === QUOTE) return this.string(at + 1);
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.number(at);
    if (code === OPEN_BRACE) return this.object(at + 1, depth + 1);
    if (code === OPEN_BRACKET) return this.array(at + 1, depth + 1);
    return this.literal(at);
  }

  private object(from: number, depth: number): JsonObject | undefined {
    if (depth > this.limits.maxDepth) return this.tooDeep(from - 1);
    const text = this.text;
    const object: JsonObject = {};
    let at = this.skipBlanks(from);
    if (text.charCodeAt(at) === CLOSE_BRACE) {
      this.pos = at + 1;
      return object;
    }
    for (;;) {
      if (text.charCodeAt(at) !== QUOTE) return this.unexpected(at, 'a key in double quotes');
      const key = this.key(at + 1);
      if (key === undefined) return undefined;
      at = this.pos;
      if (text.charCodeAt(at) !== COLON) {
        at = this.skipBlanks(at);
        if (text.charCodeAt(at) !== COLON) return this.unexpected(at, "':' after the key");
      }
      // The parent is asked, not a set: `undefined` first, because `toString` is found on every object.
      if (object[key] !== undefined && Object.hasOwn(object, key)) return this.duplicateKey(key);
      const value = this.value(this.skipBlanks(at + 1), depth);
      if (value === undefined) return undefined;
      object[key] = value;
      at = this.skipBlanks(this.pos);
      const next = text.charCodeAt(at);
      if (next === COMMA) {
        at = this.skipBlanks(at + 1);
        continue;
      }
      if (next !== CLOSE_BRACE) return this.unexpected(at, "',' or '}'");
      this.pos = at + 1;
      return object;
    }
  }

  private array(from: number, depth: number): JsonValue[] | undefined {
    if (depth > this.limits.maxDepth) return this.tooDeep(from - 1);
    const text = this.text;
    const array: JsonValue[] = [];
    let at = this.skipBlanks(from);
    if (text.charCodeAt(at) === CLOSE_BRACKET) {
      this.pos = at + 1;
      return array;
    }
    for (;;) {
      const value = this.value(at, depth);
      if (value === undefined) return undefined;
      array.push(value);
      at = this.skipBlanks(this.pos);
      const next = text.charCodeAt(at);
      if (next === COMMA) {
        at = this.skipBlanks(at + 1);
        continue;
      }
      if (next !== CLOSE_BRACKET) return this.unexpected(at, "',' or ']'");
      this.pos = at + 1;
      return array;
    }
  }

  private key(start: number): string | undefined {
    const text = this.text;
    const length = text.length;
    let at = start;
    let hash = 0;
    let code = 0;
    for (; at < length; at++) {
      code = text.charCodeAt(at);
      if (code === QUOTE || code === BACKSLASH || code < SPACE) break;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    let key: string | undefined;
    if (at < length && code === QUOTE) {
      key = this.keys.key(text, start, at, hash);
      this.pos = at + 1;
    } else {
      key = this.string(start);
      if (key === undefined) return undefined;
    }
    this.keyCount++;
    this.lastKey = key;
    if (this.keyCount > this.limits.maxKeys) return this.tooManyKeys(key);
    if (key.length > this.limits.maxKeyLength || reachesPrototype(key)) {
      return this.forbiddenKey(key, start - 1);
    }
    return key;
  }

  private string(start: number): string | undefined {
    const text = this.text;
    const length = text.length;
    for (let at = start; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.pos = at + 1;
        return text.slice(start, at);
      }
      if (code === BACKSLASH || code < SPACE) return this.escapedString(start, at);
    }
    return this.fail('payload-not-json', `the text ends inside a string${this.place(start - 1)}`);
  }

  private escapedString(start: number, at: number): string | undefined {
    const result = unescapeAt(this.text, start, at);
    if (!result.ok) {
      return this.fail(result.code, `${result.problem}${this.place(result.at)}`);
    }
    this.pos = result.end;
    return result.value;
  }

  private number(start: number): number | ExactNumber | undefined {
    const text = this.text;
    const length = text.length;
    let at = start;
    const negative = text.charCodeAt(at) === MINUS;
    if (negative) at++;

    let mantissa = 0;
    let digits = 0;
    let code = at < length ? text.charCodeAt(at) : 0;
    if (code < ZERO || code > NINE) return this.notANumber(start, at);
    if (code === ZERO) {
      at++;
      code = at < length ? text.charCodeAt(at) : 0;
      if (code >= ZERO && code <= NINE) {
        return this.fail('payload-not-json', `a number starts with 0${this.place(start)}`);
      }
    } else {
      while (code >= ZERO && code <= NINE) {
        mantissa = mantissa * 10 + (code - ZERO);
        digits++;
        at++;
        code = at < length ? text.charCodeAt(at) : 0;
      }
    }

    let decimals = 0;
    if (code === POINT) {
      const first = at + 1;
      at = first;
      code = at < length ? text.charCodeAt(at) : 0;
      while (code >= ZERO && code <= NINE) {
        mantissa = mantissa * 10 + (code - ZERO);
        if (mantissa !== 0) digits++;
        at++;
        code = at < length ? text.charCodeAt(at) : 0;
      }
      decimals = at - first;
      if (decimals === 0) return this.unexpected(at, 'a digit after the decimal point');
    }

    let hasExponent = false;
    if (code === 101 || code === 69) {
      hasExponent = true;
      at++;
      code = at < length ? text.charCodeAt(at) : 0;
      if (code === 43 || code === MINUS) at++;
      const first = at;
      code = at < length ? text.charCodeAt(at) : 0;
      while (code >= ZERO && code <= NINE) {
        at++;
        code = at < length ? text.charCodeAt(at) : 0;
      }
      if (at === first) return this.unexpected(at, 'a digit in the exponent');
    }
    this.pos = at;

    if (hasExponent || digits > MAX_EXACT_DIGITS || decimals >= POWERS_OF_TEN.length) {
      return this.uncommonNumber(text.slice(start, at), digits);
    }
    if (mantissa === 0) return 0;
    const value = decimals === 0 ? mantissa : mantissa / (POWERS_OF_TEN[decimals] as number);
    return negative ? -value : value;
  }

  private uncommonNumber(literal: string, digits: number): number | ExactNumber | undefined {
    const value = Number(literal);
    const start = this.pos - literal.length;
    if (!Number.isFinite(value)) return this.beyondFloat(literal, start, 'large');
    if (value === 0) return digits === 0 ? 0 : this.beyondFloat(literal, start, 'small');
    if (digits <= MAX_EXACT_DIGITS && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
    this.holdsExact = true;
    return new ExactNumber(literal);
  }

  private literal(at: number): boolean | null | undefined {
    if (this.text.startsWith('true', at)) {
      this.pos = at + 4;
      return true;
    }
    if (this.text.startsWith('false', at)) {
      this.pos = at + 5;
      return false;
    }
    if (this.text.startsWith('null', at)) {
      this.pos = at + 4;
      return null;
    }
    return this.notANumber(at, at);
  }

  private skipBlanks(from: number): number {
    const text = this.text;
    const length = text.length;
    let at = from;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (code > SPACE || (code !== SPACE && code !== 10 && code !== 13 && code !== 9)) break;
      at++;
    }
    return at;
  }
}

/** The length first: it settles nearly all keys without comparing text. */
function reachesPrototype(key: string): boolean {
  if (key.length === 9) return key === '__proto__' || key === 'prototype';
  return key.length === 11 && key === 'constructor';
}
