import { printable } from '../lib/printable.js';

const MAX_CHARACTERS = 160;

/** The beginning of a payload, for a person. */
export function payloadText(payload: Buffer): string {
  if (payload.length === 0) return '(empty)';
  // A character has up to four bytes.
  const start = payload.toString('utf8', 0, MAX_CHARACTERS * 4);
  return printable(start, MAX_CHARACTERS);
}
