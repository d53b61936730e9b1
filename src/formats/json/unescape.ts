import type { ParkCode } from '../../dead-letter/park-codes.js';
import { quoted } from '../../lib/printable.js';

type Unescaped =
  | { readonly ok: true; readonly value: string; readonly end: number }
  | { readonly ok: false; readonly code: ParkCode; readonly problem: string; readonly at: number };

const SINGLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** With the `u` flag a surrogate that belongs to a pair is not matched. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const FOUR_HEX = /^[0-9A-Fa-f]{4}$/;

/**
 * Reads the rest of a string that holds an escape or a control character. `start` is behind the opening
 * quote, `from` at the first character that is not plain; `end` is behind the closing quote.
 */
export function unescapeAt(text: string, start: number, from: number): Unescaped {
  const parts: string[] = [];
  let plainFrom = start;
  let surrogateEscaped = false;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code < 32) {
      return notJson(at, `a control character (${codePoint(code)}) must be escaped inside a string`);
    }
    if (code === 34) {
      parts.push(text.slice(plainFrom, at));
      const value = parts.join('');
      if (surrogateEscaped && LONE_SURROGATE.test(value)) {
        return {
          ok: false,
          code: 'payload-lone-surrogate',
          problem: 'a \\u escape is half of a surrogate pair without the other half',
          at: start - 1,
        };
      }
      return { ok: true, value, end: at + 1 };
    }
    if (code !== 92) {
      at++;
      continue;
    }
    parts.push(text.slice(plainFrom, at));
    const letter = text.charAt(at + 1);
    if (letter === 'u') {
      const hex = text.slice(at + 2, at + 6);
      if (!FOUR_HEX.test(hex)) return notJson(at, '\\u is not followed by four hexadecimal digits');
      const unit = Number.parseInt(hex, 16);
      if (unit >= 0xd800 && unit <= 0xdfff) surrogateEscaped = true;
      parts.push(String.fromCharCode(unit));
      at += 6;
    } else {
      const single = Object.hasOwn(SINGLE_ESCAPES, letter) ? SINGLE_ESCAPES[letter] : undefined;
      if (single === undefined) return notJson(at, `the escape ${quoted(`\\${letter}`)} does not exist`);
      parts.push(single);
      at += 2;
    }
    plainFrom = at;
  }
  return notJson(start - 1, 'the text ends inside a string that starts');
}

/** The spelling of a number that is not finite, if there is one at `at`: printf and Python write them. */
export function literalHint(text: string, at: number): string | undefined {
  return /^-?(?:NaN|Infinity|inf(?:inity)?)\b/i.exec(text.slice(at, at + 12))?.[0];
}

function notJson(at: number, problem: string): Unescaped {
  return { ok: false, code: 'payload-not-json', problem, at };
}

function codePoint(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
