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
/** `"` `\` `/` b f n r t: what may follow a backslash, beside u. */
const ESCAPED = new Set(Buffer.from('"\\/bfnrt'));

/** 1 for a byte that means nothing in a string but itself: printable ASCII without quote and backslash. */
const IS_PLAIN = new Uint8Array(256).fill(1, 0x20, 0x80);
IS_PLAIN[QUOTE] = 0;
IS_PLAIN[BACKSLASH] = 0;

/** Far over what any rule decodes; deeper JSON is treated as bytes. */
export const MAX_JSON_DEPTH = 128;

/** Not JSON from here on. */
export const NOT_JSON = -1;

/**
 * Finds where JSON values end, in bytes and without decoding them. Strict RFC 8259, but for two things: whether the
 * bytes are UTF-8 is for the caller to ask (only where `isAscii` is false), and names may repeat. No recursion.
 */
export class JsonScanner {
  /** No byte of 0x80 or more in what was scanned since it was last set. */
  isAscii = true;
  /** A backslash in what was scanned since it was last set to false. */
  hasEscapes = false;
  readonly #isObject: boolean[] = new Array<boolean>(MAX_JSON_DEPTH).fill(false);

  /** `at`: on the first byte of a value. The offset behind it, or NOT_JSON; also for what is nested too deep. */
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
          if (isObject) at = this.#behindName(bytes, at);
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
          if (isObject) at = this.#behindName(bytes, at);
          if (at === NOT_JSON) return NOT_JSON;
          break;
        }
        if (next !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return NOT_JSON;
        depth -= 1;
        at += 1;
      }
    }
  }

  /** `from`: on the opening quote. The offset behind the closing one, or NOT_JSON. */
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

  /** From the quote of a member's name to the first byte of its value. */
  #behindName(bytes: Uint8Array, at: number): number {
    const end = this.stringEnd(bytes, at);
    if (end === NOT_JSON) return NOT_JSON;
    const colon = skipBlanks(bytes, end);
    return bytes[colon] === COLON ? skipBlanks(bytes, colon + 1) : NOT_JSON;
  }
}

/** The offset of the first byte at or behind `from` that is no JSON white space. */
export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at]!;
    // Hardly ever a blank: one comparison settles it.
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

/** At least one digit. */
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
