import type { KeyPath } from '../config/problem.js';

/** Reasons begin with what they are about: `the field "humidity" is …`. Names are quoted as JSON does. */
const NAMED = /^the (field|tag) ("(?:[^"\\]|\\.)*")/;

/** The key of a rule that decides about a code. */
const KEY_OF_CODE: Readonly<Record<string, string>> = {
  'no-fields': 'fields',
  'rule-where-failed': 'where',
  'rule-check-failed': 'check',
  'time-unreadable': 'time',
  'time-outside-window': 'time',
  'too-many-elements': 'each',
  'payload-not-decodable': 'format',
  'decoder-failed': 'format',
};

/**
 * Returns the keys, inside a rule, of the part that decides about a parked record; none for the rule as a whole. `undefined`
 * where no rule decides: the store or the stream has refused the record.
 */
export function partOfRule(code: string, reason: string | undefined): KeyPath | undefined {
  if (/^(store|stream|mapping)-|^not-expressible$|^field-type-conflict$/.test(code)) return undefined;
  const [, kind, quoted] = NAMED.exec(reason ?? '') ?? [];
  const name = quoted === undefined ? undefined : nameOf(quoted);
  if (kind !== undefined && name !== undefined) return [`${kind}s`, name];
  const key = KEY_OF_CODE[code];
  return key === undefined ? [] : [key];
}

function nameOf(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // The reason is not one of this version.
    return undefined;
  }
}
