import { element } from './dom.js';
import { payloadLines } from './payload-text.js';

/** @import { BoundedDetail, Child } from './types.js' */

const MAX_LINES = 24;
const MAX_CHARACTERS = 2_000;
/** What a person writes as one value: a number, a word such as NaN, or one character of anything else. */
const TOKEN = /^(?:[\w.+-]+|"(?:[^"\\]|\\.)*"|.)/u;

/**
 * The payload as text for a block of code, with the value marked that the reason names; unmarked where that is not
 * certain.
 *
 * @param {Pick<BoundedDetail, 'payload' | 'payloadBase64' | 'reason'>} letter
 * @param {string | undefined} key the last key of the path of the field, where it is known
 * @returns {readonly Child[]}
 */
export function markedPayload(letter, key) {
  const { lines } = payloadLines(letter);
  const whole = lines.join('\n');
  const text = lines.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARACTERS);
  const rest = text.length < whole.length ? ['\n…'] : [];
  const at = letter.payload === undefined ? undefined : placeOf(letter.payload, letter.reason, key);
  if (letter.payload === undefined || at === undefined) return [text, ...rest];
  const token = TOKEN.exec(letter.payload.slice(at))?.[0] ?? '';
  // Indenting moves the value, but what stands before it stays: it is the same occurrence in both.
  const shownAt = occurrence(text, token, occurrencesBefore(letter.payload, token, at));
  if (token === '' || shownAt === undefined) return [text, ...rest];
  return [text.slice(0, shownAt), element('mark', {}, token), text.slice(shownAt + token.length), ...rest];
}

/**
 * Where in the payload the value begins that the reason is about.
 *
 * @param {string} payload
 * @param {string} reason
 * @param {string | undefined} key
 * @returns {number | undefined}
 */
function placeOf(payload, reason, key) {
  const character = / at character (\d+)/.exec(reason)?.[1];
  if (character !== undefined) return Number(character) - 1;
  const [, field, value] =
    /^the field "((?:[^"\\]|\\.)*)" is (?:the number |the string )?("(?:[^"\\]|\\.)*"|[^\s,;]+)/.exec(
      reason,
    ) ?? [];
  if (field === undefined || value === undefined) return undefined;
  const found = [
    ...payload.matchAll(
      new RegExp(`"${literal(key ?? field)}"\\s*:\\s*(?=${literal(value)}(?![\\w.]))`, 'g'),
    ),
  ];
  if (found.length !== 1) return undefined;
  return found[0].index + found[0][0].length;
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** @param {string} text @param {string} token @param {number} end */
function occurrencesBefore(text, token, end) {
  let found = 0;
  for (let at = text.indexOf(token); at >= 0 && at < end; at = text.indexOf(token, at + 1)) found += 1;
  return found;
}

/** @param {string} text @param {string} token @param {number} skipped */
function occurrence(text, token, skipped) {
  let at = text.indexOf(token);
  for (let left = skipped; left > 0 && at >= 0; left -= 1) at = text.indexOf(token, at + 1);
  return at < 0 ? undefined : at;
}
