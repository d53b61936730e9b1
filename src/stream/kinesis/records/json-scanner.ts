const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LETTER_E = 0x65;
const LETTER_U = 0x75;

const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];
/** The characters that may follow a backslash, besides u. */
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));

/** 1 for a byte that stands for itself in a string: printable ASCII without quote and backslash. */
const IS_PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
IS_PLAIN[QUOTE] = 0;
IS_PLAIN[BACKSLASH] = 0;

/** Much deeper than what a rule decodes; deeper JSON is treated as bytes. */
export const MAX_JSON_DEPTH = 128;

/** NOT_JSON is returned instead of an offset when the bytes are not JSON. */
export const NOT_JSON = -1;

/**
 * JsonScanner finds where JSON values end, in bytes and without decoding them. It is strict (RFC 8259), except that names
 * may repeat, and that the caller has to check whether the bytes are UTF-8 (only if `isAscii` is false). It does not
 * recurse.
 */
export class JsonScanner {
  /** False once a byte of 0x80 or more was scanned. The caller sets it to true. */
  isAscii = true;
  /** True once a backslash was scanned. The caller sets it to false. */
  hasEscapes = false;
  readonly #isObject: boolean[] = new Array<boolean>(MAX_JSON_DEPTH).fill(false);

  /** `from` is the first byte of a value. Returns the offset after the value, or NOT_JSON, also for a value that is nested too deep. */
  valueEnd(bytes: Uint8Array, from: number): number {
    let at = from;
    let depth = 0;
    for (;;) {
      const first = bytes[at];
      if (first === OPEN_BRACE || first === OPEN_BRACKET) {
        const isObject = first === OPEN_BRACE;
        at = skipBlanks(bytes, at + 1);
        if (bytes[at] !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          if (depth === MAX_JSON_DEPTH) return NOT_JSON;
          this.#isObject[depth] = isObject;
          depth += 1;
          if (isObject) at = this.#valueStart(bytes, at);
          if (at === NOT_JSON) return NOT_JSON;
          continue;
        }
        at += 1;
      } else {
        at = this.#scalarEnd(bytes, at, first);
        if (at === NOT_JSON) return NOT_JSON;
      }
      for (;;) {
        if (depth === 0) return at;
        at = skipBlanks(bytes, at);
        const next = bytes[at];
        const isObject = this.#isObject[depth - 1]!;
        if (next === COMMA) {
          at = skipBlanks(bytes, at + 1);
          if (isObject) at = this.#valueStart(bytes, at);
          if (at === NOT_JSON) return NOT_JSON;
          break;
        }
        if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return NOT_JSON;
        depth -= 1;
        at += 1;
      }
    }
  }

  /** `from` is the opening quote. Returns the offset after the closing quote, or NOT_JSON. */
  stringEnd(bytes: Uint8Array, from: number): number {
    if (bytes[from] !== QUOTE) return NOT_JSON;
    const { length } = bytes;
    for (let at = from + 1; at < length; at += 1) {
      const byte = bytes[at]!;
      if (IS_PLAIN[byte] === 1) continue;
      if (byte === QUOTE) return at + 1;
      if (byte < 0x20) return NOT_JSON;
      if (byte !== BACKSLASH) {
        this.isAscii = false;
        continue;
      }
      this.hasEscapes = true;
      at += 1;
      if (ESCAPED.has(bytes[at]!)) continue;
      if (bytes[at] !== LETTER_U) return NOT_JSON;
      for (const digitsEnd = at + 4; at < digitsEnd; at += 1) if (!isHexDigit(bytes[at + 1])) return NOT_JSON;
    }
    return NOT_JSON;
  }

  #scalarEnd(bytes: Uint8Array, at: number, first: number | undefined): number {
    if (first === QUOTE) return this.stringEnd(bytes, at);
    if (first === MINUS || isDigit(first)) return numberEnd(bytes, at);
    return literalEnd(bytes, at);
  }

  /** `at` is the quote of a member's name. Returns the offset of the first byte of the value. */
  #valueStart(bytes: Uint8Array, at: number): number {
    const end = this.stringEnd(bytes, at);
    if (end === NOT_JSON) return NOT_JSON;
    const colon = skipBlanks(bytes, end);
    return bytes[colon] === COLON ? skipBlanks(bytes, colon + 1) : NOT_JSON;
  }
}

/** Returns the offset of the first byte at or after `from` that is not JSON white space. */
export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    // Blanks are rare, so one comparison is nearly always enough.
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
    at += 1;
  }
}

function numberEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  if (bytes[at] === ZERO) at += 1;
  else at = digitsEnd(bytes, at);
  if (at === NOT_JSON) return NOT_JSON;
  if (bytes[at] === POINT) at = digitsEnd(bytes, at + 1);
  if (at === NOT_JSON || (bytes[at]! | 0x20) !== LETTER_E) return at;
  const sign = bytes[at + 1];
  return digitsEnd(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** Skips at least one digit. */
function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at === from ? NOT_JSON : at;
}

function literalEnd(bytes: Uint8Array, at: number): number {
  const literal = LITERALS.find(({ 0: first }) => first === bytes[at]);
  if (literal === undefined) return NOT_JSON;
  for (let n = 1; n < literal.length; n += 1) if (bytes[at + n] !== literal[n]) return NOT_JSON;
  return at + literal.length;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  if (isDigit(byte)) return true;
  const lower = (byte ?? 0) | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}
