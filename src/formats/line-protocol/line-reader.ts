import { quoted } from '../../lib/printable.js';
import { decimalNumber } from '../decimal-number.js';
import { reachesPrototype } from '../forbidden-key.js';
import { ExactNumber, type JsonLimits, type JsonObject, type JsonValue } from '../json/json-value.js';
import { type Rejected, rejected } from '../payload-format.js';

const MAX_INT64 = 9_223_372_036_854_775_807n;
const MIN_INT64 = -9_223_372_036_854_775_808n;
const TRUE = /^(?:t|T|true|True|TRUE)$/;
const FALSE = /^(?:f|F|false|False|FALSE)$/;
const INTEGER = /^([+-]?\d{1,40})([iu])$/;
const FLOAT = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eE][+-]?\d+)?)$/;
const TIME = /^-?\d{1,40}$/;

/**
 * Reads lines of the line protocol of InfluxDB (its reference of version 2). Outside of strings a backslash escapes a comma, a
 * blank and, not in a measurement, `=`; everywhere else it stands for itself. A method that returns undefined has
 * called `#fail`.
 */
export class LineReader {
  readonly #text: string;
  readonly #limits: JsonLimits;
  readonly #nsPerUnit: bigint;
  #at = 0;
  #line = 1;
  #keys = 0;
  holdsExact = false;
  rejection: Rejected = rejected('payload-not-decodable', '');

  /** `nsPerUnit`: of the timestamps. */
  constructor(text: string, nsPerUnit: bigint, limits: JsonLimits) {
    this.#text = text;
    this.#nsPerUnit = nsPerUnit;
    this.#limits = limits;
  }

  /** All points; undefined: see `rejection`. */
  read(): JsonObject[] | undefined {
    const points: JsonObject[] = [];
    for (;;) {
      this.#skipBlankLines();
      if (this.#at >= this.#text.length) return points;
      if (this.#text[this.#at] === '#') {
        this.#skipLine();
        continue;
      }
      const point = this.#point();
      if (point === undefined) return undefined;
      points.push(point);
    }
  }

  #point(): JsonObject | undefined {
    const measurement = this.#word(', ', ', ');
    if (measurement === undefined) return undefined;
    if (measurement === '') return this.#fail('there is no measurement');
    const tags = this.#tags();
    if (tags === undefined) return undefined;
    if (!this.#skipBlanks()) return this.#fail('the fields are missing');
    const fields = this.#fields();
    if (fields === undefined) return undefined;
    this.#keys += 4;
    const point: JsonObject = { measurement, tags, fields };
    if (this.#keys > this.#limits.maxKeys) return this.#tooManyKeys('time');
    if (!this.#skipBlanks() || this.#isAtEndOfLine()) return this.#isAtEndOfLine() ? point : this.#junk();
    const time = this.#time();
    if (time === undefined) return undefined;
    point.time = time;
    this.#skipBlanks();
    return this.#isAtEndOfLine() ? point : this.#junk();
  }

  #tags(): JsonObject | undefined {
    const tags: JsonObject = {};
    while (this.#text[this.#at] === ',') {
      this.#at++;
      const name = this.#name(tags, 'tag');
      if (name === undefined) return undefined;
      const value = this.#word(', ', ',= ');
      if (value === undefined) return undefined;
      if (value === '') return this.#fail(`the tag ${quoted(name)} has no value`);
      tags[name] = value;
    }
    return tags;
  }

  #fields(): JsonObject | undefined {
    const fields: JsonObject = {};
    for (;;) {
      const name = this.#name(fields, 'field');
      if (name === undefined) return undefined;
      const value = this.#text[this.#at] === '"' ? this.#string() : this.#bareValue(name);
      if (value === undefined) return undefined;
      fields[name] = value;
      if (this.#text[this.#at] !== ',') return fields;
      this.#at++;
    }
  }

  /** The name of a tag or field, with the `=` behind it. */
  #name(object: JsonObject, what: 'tag' | 'field'): string | undefined {
    const name = this.#word('=, ', ',= ');
    if (name === undefined) return undefined;
    if (name === '') return this.#fail(`the name of a ${what} is empty`);
    if (this.#text[this.#at] !== '=') return this.#fail(`the ${what} ${quoted(name)} has no value`);
    this.#at++;
    if (Object.hasOwn(object, name)) {
      return this.#reject('payload-duplicate-key', `the ${what} ${quoted(name)} appears twice`);
    }
    if (reachesPrototype(name) || name.length > this.#limits.maxKeyLength) {
      return this.#reject('payload-forbidden-key', `the ${what} ${quoted(name)} is not allowed`);
    }
    this.#keys++;
    return this.#keys > this.#limits.maxKeys ? this.#tooManyKeys(name) : name;
  }

  /** Up to a character of `ends` that is not escaped, or the end of the line. */
  #word(ends: string, escapable: string): string | undefined {
    const text = this.#text;
    const start = this.#at;
    let parts = '';
    let plainFrom = start;
    let at = start;
    for (; at < text.length; at++) {
      const char = text[at] as string;
      if (ends.includes(char) || char === '\n') break;
      if (char === '\\' && at + 1 < text.length && escapable.includes(text[at + 1] as string)) {
        parts += text.slice(plainFrom, at);
        plainFrom = at + 1;
        at++;
      }
    }
    this.#at = at;
    return parts + text.slice(plainFrom, at);
  }

  /** A string in quotes, in which `"` and `\` are escaped. It may have line feeds. */
  #string(): string | undefined {
    const text = this.#text;
    let parts = '';
    let plainFrom = this.#at + 1;
    for (let at = plainFrom; at < text.length; at++) {
      const char = text[at];
      if (char === '"') {
        this.#at = at + 1;
        return parts + text.slice(plainFrom, at);
      }
      if (char === '\n') this.#line++;
      const next = text[at + 1];
      if (char === '\\' && (next === '"' || next === '\\')) {
        parts += text.slice(plainFrom, at);
        plainFrom = at + 1;
        at++;
      }
    }
    return this.#fail('a string does not end');
  }

  #bareValue(name: string): JsonValue | undefined {
    const literal = this.#literal(/[, \n\r]/g);
    if (TRUE.test(literal)) return true;
    if (FALSE.test(literal)) return false;
    const [, digits, type] = INTEGER.exec(literal) ?? [];
    if (digits !== undefined) return this.#integer(name, digits, type === 'u');
    const [, sign, whole = '', fraction = '', exponent] = FLOAT.exec(literal) ?? [];
    if (whole === '' && fraction === '') {
      return this.#fail(
        literal === ''
          ? `the field ${quoted(name)} has no value`
          : `the field ${quoted(name)} has the value ${quoted(literal)}, which is none of line protocol`,
      );
    }
    const minus = sign === '-' ? '-' : '';
    const number = decimalNumber(
      `${minus}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}${exponent}`,
    );
    if (typeof number === 'string') {
      return this.#outOfRange(`the field ${quoted(name)} is too ${number} for a 64-bit float`);
    }
    if (number instanceof ExactNumber) this.holdsExact = true;
    return number;
  }

  #integer(name: string, digits: string, isUnsigned: boolean): JsonValue | undefined {
    const value = BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
    if (isUnsigned && value < 0n) return this.#fail(`the unsigned field ${quoted(name)} is negative`);
    if (value > MAX_INT64 || value < MIN_INT64) {
      return this.#outOfRange(`the field ${quoted(name)} is ${value}, beyond a 64-bit integer`);
    }
    this.holdsExact = true;
    return ExactNumber.int(value);
  }

  /** In ns. */
  #time(): ExactNumber | undefined {
    const literal = this.#literal(/[ \n\r]/g);
    if (!TIME.test(literal)) return this.#fail(`the time ${quoted(literal)} is not a whole number`);
    const ns = BigInt(literal) * this.#nsPerUnit;
    if (ns > MAX_INT64 || ns < MIN_INT64)
      return this.#outOfRange(`the time ${literal} is beyond 64 bits of ns`);
    this.holdsExact = true;
    return ExactNumber.int(ns);
  }

  #literal(ends: RegExp): string {
    const start = this.#at;
    ends.lastIndex = start;
    this.#at = ends.exec(this.#text)?.index ?? this.#text.length;
    return this.#text.slice(start, this.#at);
  }

  /** Whether there were any. */
  #skipBlanks(): boolean {
    const start = this.#at;
    while (this.#text[this.#at] === ' ') this.#at++;
    return this.#at > start;
  }

  #skipBlankLines(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === '\n') this.#line++;
      else if (char !== ' ' && char !== '\t' && char !== '\r') return;
      this.#at++;
    }
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  /** A line may end in a carriage return, too. */
  #isAtEndOfLine(): boolean {
    const char = this.#text[this.#at];
    if (char === undefined || char === '\n') return true;
    const next = this.#text[this.#at + 1];
    return char === '\r' && (next === undefined || next === '\n');
  }

  #junk(): undefined {
    const rest = this.#literal(/\n/g);
    return this.#fail(`expected the end of the line but found ${quoted(rest)}`);
  }

  #tooManyKeys(name: string): undefined {
    const { maxKeys } = this.#limits;
    return this.#reject(
      'payload-too-many-keys',
      `more than ${maxKeys} keys (${quoted(name)} is one too many)`,
    );
  }

  #outOfRange(problem: string): undefined {
    return this.#reject('payload-number-out-of-range', problem);
  }

  #fail(problem: string): undefined {
    return this.#reject('payload-not-decodable', `the payload is not line protocol: ${problem}`);
  }

  #reject(code: Rejected['code'], problem: string): undefined {
    this.rejection = rejected(code, `${problem} (line ${this.#line})`);
    return undefined;
  }
}
