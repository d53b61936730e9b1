import { reachesPrototype } from '../forbidden-key.js';
import {
  badEscape,
  beyondFloat,
  duplicateKey,
  forbiddenKey,
  type JsonLocation,
  type JsonRejection,
  leadingZero,
  notANumber,
  openString,
  tooDeep,
  tooManyKeys,
  unexpected,
} from './json-rejection.js';
import {
  DEFAULT_JSON_LIMITS,
  ExactNumber,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
} from './json-value.js';
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

/** As C, JavaScript and Python write it; some C libraries add the kind of NaN in brackets. */
const NOT_FINITE = /[-+]?(?:nan(?:\(\w*\))?|inf(?:inity)?)(?![\w.])/iy;

/**
 * Recursive descent over RFC 8259 with what I-JSON (RFC 7493) rejects besides. Every method takes the position it
 * starts at, leaves `#pos` behind what it read, and returns undefined after `#fail`: JSON has no undefined, and
 * exceptions would cost more than the parse.
 */
export class JsonReader {
  #text = '';
  #limits = DEFAULT_JSON_LIMITS;
  /** Behind what was read last. */
  #pos = 0;
  #keyCount = 0;
  #lastKey = '';
  readonly #keys = new KeyTable();
  #holdsExact = false;
  /** Whether a number that is not finite is read as null, and how often it was. */
  #takesNotFinite = false;
  #notFinite = 0;
  #rejection: JsonRejection = { code: 'payload-not-json', reason: '' };

  /** Whether the value read last holds an ExactNumber. */
  get holdsExact(): boolean {
    return this.#holdsExact;
  }

  /** How many keys the value read last has, in all its objects. */
  get keys(): number {
    return this.#keyCount;
  }

  /** How many numbers that are not finite became null. */
  get notFinite(): number {
    return this.#notFinite;
  }

  /** Why the last `read` that failed returned undefined. */
  get rejection(): JsonRejection {
    return this.#rejection;
  }

  /**
   * `text` must be well-formed UTF-16 (it comes from checked UTF-8). `undefined`: see `rejection`.
   *
   * @param takesNotFinite whether a bare NaN or Infinity is read as null
   */
  read(text: string, limits: JsonLimits, takesNotFinite = false): JsonValue | undefined {
    this.#text = text;
    this.#limits = limits;
    this.#takesNotFinite = takesNotFinite;
    this.#notFinite = 0;
    this.#keyCount = 0;
    this.#lastKey = '';
    this.#holdsExact = false;
    const value = this.#value(this.#skipBlanks(0), 0);
    if (value !== undefined) {
      const end = this.#skipBlanks(this.#pos);
      if (end < text.length) return this.#fail(unexpected(this.#at(end), 'the end of the payload'));
    }
    this.#text = '';
    return value;
  }

  #value(at: number, depth: number): JsonValue | undefined {
    const code = at < this.#text.length ? this.#text.charCodeAt(at) : 0;
    if (code === QUOTE) return this.#string(at + 1);
    if (code === MINUS || (code >= ZERO && code <= NINE)) return this.#number(at);
    if (code === OPEN_BRACE) return this.#object(at + 1, depth + 1);
    if (code === OPEN_BRACKET) return this.#array(at + 1, depth + 1);
    return this.#literal(at);
  }

  #object(from: number, depth: number): JsonObject | undefined {
    if (depth > this.#limits.maxDepth) return this.#fail(tooDeep(this.#at(from - 1), this.#limits.maxDepth));
    const text = this.#text;
    const object: JsonObject = {};
    let at = this.#skipBlanks(from);
    if (text.charCodeAt(at) === CLOSE_BRACE) {
      this.#pos = at + 1;
      return object;
    }
    for (;;) {
      if (text.charCodeAt(at) !== QUOTE)
        return this.#fail(unexpected(this.#at(at), 'a key in double quotes'));
      const key = this.#key(at + 1);
      if (key === undefined) return undefined;
      at = this.#pos;
      if (text.charCodeAt(at) !== COLON) {
        at = this.#skipBlanks(at);
        if (text.charCodeAt(at) !== COLON) return this.#fail(unexpected(this.#at(at), "':' after the key"));
      }
      // The object itself is the set of keys. `undefined` is checked first: `toString` is found on every object.
      if (object[key] !== undefined && Object.hasOwn(object, key)) return this.#fail(duplicateKey(key));
      const value = this.#value(this.#skipBlanks(at + 1), depth);
      if (value === undefined) return undefined;
      object[key] = value;
      at = this.#skipBlanks(this.#pos);
      const next = text.charCodeAt(at);
      if (next === COMMA) {
        at = this.#skipBlanks(at + 1);
        continue;
      }
      if (next !== CLOSE_BRACE) return this.#fail(unexpected(this.#at(at), "',' or '}'"));
      this.#pos = at + 1;
      return object;
    }
  }

  #array(from: number, depth: number): JsonValue[] | undefined {
    if (depth > this.#limits.maxDepth) return this.#fail(tooDeep(this.#at(from - 1), this.#limits.maxDepth));
    const text = this.#text;
    const array: JsonValue[] = [];
    let at = this.#skipBlanks(from);
    if (text.charCodeAt(at) === CLOSE_BRACKET) {
      this.#pos = at + 1;
      return array;
    }
    for (;;) {
      const value = this.#value(at, depth);
      if (value === undefined) return undefined;
      array.push(value);
      at = this.#skipBlanks(this.#pos);
      const next = text.charCodeAt(at);
      if (next === COMMA) {
        at = this.#skipBlanks(at + 1);
        continue;
      }
      if (next !== CLOSE_BRACKET) return this.#fail(unexpected(this.#at(at), "',' or ']'"));
      this.#pos = at + 1;
      return array;
    }
  }

  #key(start: number): string | undefined {
    const text = this.#text;
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
      key = this.#keys.key(text, start, at, hash);
      this.#pos = at + 1;
    } else {
      key = this.#string(start);
      if (key === undefined) return undefined;
    }
    this.#keyCount++;
    this.#lastKey = key;
    if (this.#keyCount > this.#limits.maxKeys) return this.#fail(tooManyKeys(key, this.#limits.maxKeys));
    if (key.length > this.#limits.maxKeyLength || reachesPrototype(key)) {
      return this.#fail(forbiddenKey(this.#at(start - 1), key, this.#limits.maxKeyLength));
    }
    return key;
  }

  #string(start: number): string | undefined {
    const text = this.#text;
    const length = text.length;
    for (let at = start; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#pos = at + 1;
        return text.slice(start, at);
      }
      if (code === BACKSLASH || code < SPACE) return this.#escapedString(start, at);
    }
    return this.#fail(openString(this.#at(start - 1)));
  }

  #escapedString(start: number, at: number): string | undefined {
    const result = unescapeAt(this.#text, start, at);
    if (!result.ok) {
      return this.#fail(badEscape(this.#at(result.at), result.code, result.problem));
    }
    this.#pos = result.end;
    return result.value;
  }

  #number(start: number): number | ExactNumber | null | undefined {
    const text = this.#text;
    const length = text.length;
    let at = start;
    const negative = text.charCodeAt(at) === MINUS;
    if (negative) at++;

    let mantissa = 0;
    let digits = 0;
    let code = at < length ? text.charCodeAt(at) : 0;
    if (code < ZERO || code > NINE) return this.#noNumber(at, start);
    if (code === ZERO) {
      at++;
      code = at < length ? text.charCodeAt(at) : 0;
      if (code >= ZERO && code <= NINE) {
        return this.#fail(leadingZero(this.#at(start)));
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
      if (decimals === 0) return this.#fail(unexpected(this.#at(at), 'a digit after the decimal point'));
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
      if (at === first) return this.#fail(unexpected(this.#at(at), 'a digit in the exponent'));
    }
    this.#pos = at;

    if (hasExponent || digits > MAX_EXACT_DIGITS || decimals >= POWERS_OF_TEN.length) {
      return this.#uncommonNumber(text.slice(start, at), digits);
    }
    if (mantissa === 0) return 0;
    const value = decimals === 0 ? mantissa : mantissa / (POWERS_OF_TEN[decimals] as number);
    return negative ? -value : value;
  }

  #uncommonNumber(literal: string, digits: number): number | ExactNumber | undefined {
    const value = Number(literal);
    const start = this.#pos - literal.length;
    if (!Number.isFinite(value)) return this.#fail(beyondFloat(this.#at(start), literal, 'large'));
    if (value === 0) return digits === 0 ? 0 : this.#fail(beyondFloat(this.#at(start), literal, 'small'));
    if (digits <= MAX_EXACT_DIGITS && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
    this.#holdsExact = true;
    return new ExactNumber(literal, value);
  }

  #literal(at: number): boolean | null | undefined {
    if (this.#text.startsWith('true', at)) {
      this.#pos = at + 4;
      return true;
    }
    if (this.#text.startsWith('false', at)) {
      this.#pos = at + 5;
      return false;
    }
    if (this.#text.startsWith('null', at)) {
      this.#pos = at + 4;
      return null;
    }
    return this.#noNumber(at, at);
  }

  /** What starts at `start` and stopped being a number at `at`: null for one that is not finite, where that is allowed. */
  #noNumber(at: number, start: number): null | undefined {
    if (this.#takesNotFinite) {
      NOT_FINITE.lastIndex = start;
      const word = NOT_FINITE.exec(this.#text)?.[0];
      if (word !== undefined) {
        this.#pos = start + word.length;
        this.#notFinite++;
        return null;
      }
    }
    return this.#fail(notANumber(this.#at(at), start));
  }

  #skipBlanks(from: number): number {
    const text = this.#text;
    const length = text.length;
    let at = from;
    while (at < length) {
      const code = text.charCodeAt(at);
      if (code > SPACE || (code !== SPACE && code !== 10 && code !== 13 && code !== 9)) break;
      at++;
    }
    return at;
  }

  #at(at: number): JsonLocation {
    return { text: this.#text, at, lastKey: this.#lastKey };
  }

  #fail(rejection: JsonRejection): undefined {
    this.#rejection = rejection;
    return undefined;
  }
}
