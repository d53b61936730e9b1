import type { ParkCode } from '../../dead-letter/park-codes.js';
import { quoted } from '../../lib/printable.js';
import { literalHint } from './unescape.js';

/** Why a text is rejected: the code, and one line for a person with the position and the key before it. */
export interface JsonRejection {
  readonly code: ParkCode;
  readonly reason: string;
}

/** A position in a text; `lastKey` is the key that was read last, '' before the first. */
export interface JsonLocation {
  readonly text: string;
  readonly at: number;
  readonly lastKey: string;
}

export function unexpected(location: JsonLocation, expected: string): JsonRejection {
  const { text, at } = location;
  if (at >= text.length) {
    return notJson(`the text ends where ${expected} should be${afterKey(location)}`);
  }
  const found = quoted(String.fromCodePoint(text.codePointAt(at) as number));
  return notJson(`expected ${expected} but found ${found}${position(location)}`);
}

/** `start` is where the value starts, `location.at` where it stopped being a number. */
export function notANumber(location: JsonLocation, start: number): JsonRejection {
  const { text, at } = location;
  const notFinite = literalHint(text, at);
  if (notFinite === undefined) return unexpected(location, start === at ? 'a value' : 'a digit');
  return {
    code: 'payload-number-out-of-range',
    reason: `${notFinite} is not a number that can be stored${position({ ...location, at: start })}`,
  };
}

export function leadingZero(location: JsonLocation): JsonRejection {
  return notJson(`a number starts with 0${position(location)}`);
}

export function openString(location: JsonLocation): JsonRejection {
  return notJson(`the text ends inside a string${position(location)}`);
}

export function badEscape(location: JsonLocation, code: ParkCode, problem: string): JsonRejection {
  return { code, reason: `${problem}${position(location)}` };
}

export function beyondFloat(location: JsonLocation, literal: string, size: 'large' | 'small'): JsonRejection {
  return {
    code: 'payload-number-out-of-range',
    reason: `the number ${quoted(literal)} is too ${size} for a 64-bit float${position(location)}`,
  };
}

export function tooDeep(location: JsonLocation, maxDepth: number): JsonRejection {
  return {
    code: 'payload-too-deep',
    reason: `objects and arrays are nested more than ${maxDepth} levels deep${position(location)}`,
  };
}

export function duplicateKey(key: string): JsonRejection {
  return { code: 'payload-duplicate-key', reason: `the key ${quoted(key)} appears twice in one object` };
}

export function tooManyKeys(key: string, maxKeys: number): JsonRejection {
  return {
    code: 'payload-too-many-keys',
    reason: `more than ${maxKeys} keys (${quoted(key)} is one too many)`,
  };
}

export function forbiddenKey(location: JsonLocation, key: string, maxKeyLength: number): JsonRejection {
  const problem =
    key.length > maxKeyLength
      ? `has ${key.length} characters; at most ${maxKeyLength} are allowed`
      : 'is not allowed';
  return { code: 'payload-forbidden-key', reason: `the key ${quoted(key)} ${problem}${position(location)}` };
}

function notJson(reason: string): JsonRejection {
  return { code: 'payload-not-json', reason };
}

function position(location: JsonLocation): string {
  return ` at character ${location.at + 1}${afterKey(location)}`;
}

function afterKey({ lastKey }: JsonLocation): string {
  return lastKey === '' ? '' : ` (last key: ${quoted(lastKey)})`;
}
