import { isUtf8 } from 'node:buffer';
import { JsonScanner, NOT_JSON, skipBlanks } from './json-scanner.js';

/** The members that are read, each with a number; all others are extensions of other producers. */
export const MEMBER = {
  specversion: 0,
  id: 1,
  source: 2,
  type: 3,
  subject: 4,
  time: 5,
  clientid: 6,
  qos: 7,
  datacontenttype: 8,
  data: 9,
  data_base64: 10,
  mqttuser: 11,
  mqttrefused: 12,
  mqttdetail: 13,
  mqtttopicbytes: 14,
  mqttbytes: 15,
  mqttbeginning: 16,
  mqttcontenttype: 17,
  mqttpayloadformat: 18,
  mqttmessageexpiry: 19,
  mqttresponsetopic: 20,
  mqttcorrelationdata: 21,
  mqttuserproperties: 22,
} as const;
export type Member = (typeof MEMBER)[keyof typeof MEMBER];

const NAMES = Object.keys(MEMBER);
const NAME_BYTES = NAMES.map((name) => Buffer.from(name));
const LONGEST_NAME = 19;
const UNKNOWN = -1;
/** By length, second and fifth letter, which no two of the names share: the only member that a name can be. */
const CANDIDATES = new Int8Array((LONGEST_NAME + 1) * 32).fill(UNKNOWN);
for (const [index, name] of NAME_BYTES.entries()) CANDIDATES[slotOf(name, 0, name.length)] = index;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_N = 0x6e;

/**
 * TopLevelMembers finds the top-level members of one JSON object in its bytes. It is used for one object after the other;
 * the other methods return what the last `read` has found.
 */
export class TopLevelMembers {
  readonly #scanner = new JsonScanner();
  #bytes: Buffer = Buffer.alloc(0);
  /** The offsets of the values, by member; 0 where there is none, because no value can be at offset 0. */
  readonly #starts = new Int32Array(NAMES.length);
  readonly #ends = new Int32Array(NAMES.length);
  readonly #hasEscapes = new Uint8Array(NAMES.length);
  #dataStart = 0;
  #dataEnd = 0;

  /** Returns false when the bytes are no JSON object in UTF-8, or one of the members above occurs twice. */
  read(bytes: Buffer): boolean {
    const scanner = this.#scanner;
    this.#bytes = bytes;
    this.#starts.fill(0);
    scanner.isAscii = true;
    let at = skipBlanks(bytes, 0);
    if (bytes[at] !== OPEN_BRACE) return false;
    at = skipBlanks(bytes, at + 1);
    if (bytes[at] !== CLOSE_BRACE) {
      at = this.#members(at);
      if (at === NOT_JSON) return false;
    }
    return skipBlanks(bytes, at + 1) === bytes.length && (scanner.isAscii || isUtf8(bytes));
  }

  /** Returns whether the member is there and not null, which CloudEvents treats as absent. For `data`, which may be null, see `hasData`. */
  has(member: Member): boolean {
    const start = this.#starts[member]!;
    return start !== 0 && this.#bytes[start] !== LETTER_N;
  }

  get hasData(): boolean {
    return this.#starts[MEMBER.data] !== 0;
  }

  /** Returns the value of a string; undefined for anything else. */
  text(member: Member): string | undefined {
    const start = this.#starts[member]!;
    if (start === 0 || this.#bytes[start] !== QUOTE) return undefined;
    const end = this.#ends[member]!;
    if (this.#hasEscapes[member] === 1) return JSON.parse(this.#bytes.toString('utf8', start, end)) as string;
    return this.#bytes.toString(this.#scanner.isAscii ? 'latin1' : 'utf8', start + 1, end - 1);
  }

  /** Returns whether the value is a string that is not empty. */
  isText(member: Member): boolean {
    const start = this.#starts[member]!;
    return start !== 0 && this.#bytes[start] === QUOTE && this.#ends[member]! - start > 2;
  }

  /** Returns whether the value has exactly these bytes. */
  is(member: Member, json: Buffer): boolean {
    const start = this.#starts[member]!;
    return start !== 0 && this.#ends[member]! - start === json.length && this.#holds(start, json);
  }

  /** Returns whether the value begins with these bytes. */
  startsWith(member: Member, json: Buffer): boolean {
    const start = this.#starts[member]!;
    return start !== 0 && this.#ends[member]! - start >= json.length && this.#holds(start, json);
  }

  /** Returns a view of the value's bytes. Only to be called when there is a value. */
  json(member: Member): Buffer {
    return this.#bytes.subarray(this.#starts[member], this.#ends[member]);
  }

  /** Returns a view of `data` with the white space around it. Only to be called when there is data. */
  get paddedData(): Buffer {
    return this.#bytes.subarray(this.#dataStart, this.#dataEnd);
  }

  #holds(start: number, json: Buffer): boolean {
    for (let n = 0; n < json.length; n += 1) if (this.#bytes[start + n] !== json[n]) return false;
    return true;
  }

  /** Reads from the first name to the closing brace, and returns the offset of that brace. */
  #members(from: number): number {
    const scanner = this.#scanner;
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      const nameAt = at;
      scanner.hasEscapes = false;
      at = scanner.stringEnd(bytes, at);
      if (at === NOT_JSON) return NOT_JSON;
      const index = scanner.hasEscapes
        ? escapedNameIndex(bytes, nameAt, at)
        : nameIndex(bytes, nameAt + 1, at - 1);
      at = skipBlanks(bytes, at);
      if (bytes[at] !== COLON) return NOT_JSON;
      const behindColon = at + 1;
      const start = skipBlanks(bytes, behindColon);
      scanner.hasEscapes = false;
      const end = bytes[start] === QUOTE ? scanner.stringEnd(bytes, start) : scanner.valueEnd(bytes, start);
      if (end === NOT_JSON) return NOT_JSON;
      at = skipBlanks(bytes, end);
      if (index !== UNKNOWN) {
        if (this.#starts[index] !== 0) return NOT_JSON;
        this.#starts[index] = start;
        this.#ends[index] = end;
        this.#hasEscapes[index] = scanner.hasEscapes ? 1 : 0;
        if (index === MEMBER.data) {
          this.#dataStart = behindColon;
          this.#dataEnd = at;
        }
      }
      if (bytes[at] === CLOSE_BRACE) return at;
      if (bytes[at] !== COMMA) return NOT_JSON;
      at = skipBlanks(bytes, at + 1);
    }
  }
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  const fifth = length > 4 ? bytes[start + 4]! : 0;
  return length * 32 + ((bytes[start + 1]! + fifth) & 31);
}

function nameIndex(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > LONGEST_NAME) return UNKNOWN;
  const index = CANDIDATES[slotOf(bytes, start, length)]!;
  if (index === UNKNOWN) return UNKNOWN;
  const name = NAME_BYTES[index]!;
  for (let n = 0; n < length; n += 1) if (bytes[start + n] !== name[n]) return UNKNOWN;
  return index;
}

function escapedNameIndex(bytes: Buffer, start: number, end: number): number {
  const name = JSON.parse(bytes.toString('utf8', start, end)) as string;
  return NAMES.indexOf(name);
}
