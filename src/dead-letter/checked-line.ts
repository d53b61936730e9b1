import { crc32 } from 'node:zlib';

/*
 * Each line of a parked file and of a journal is one JSON object that begins with the checksum of everything after it.
 * Lines of version 0.1 have none and begin with their first key: a line whose beginning is neither is damaged. So no
 * flipped bit makes a line of this version look like one of that version.
 */

const BEGIN = '{"crc32":"';
const DIGITS = 8;
const REST_AT = BEGIN.length + DIGITS + '",'.length;

/** The bytes that every line of this version begins with. They cannot be inside a line: JSON escapes quotes in a text. */
export const LINE_BEGIN = Buffer.from(BEGIN);

/** The line for a JSON object with at least one key, with its line feed. */
export function checkedLine(json: Readonly<Record<string, unknown>>): string {
  const rest = JSON.stringify(json).slice(1);
  return `${BEGIN}${checksum(rest)}",${rest}\n`;
}

/** The JSON of a line without its checksum. `undefined`: damaged. `firstKey` is the first key in lines of version 0.1. */
export function jsonOfLine(line: string, firstKey: string): string | undefined {
  if (!line.startsWith(BEGIN)) return line.startsWith(`{"${firstKey}":`) ? line : undefined;
  const rest = line.slice(REST_AT);
  const begin = `${BEGIN}${checksum(rest)}",`;
  return line.slice(0, REST_AT) === begin ? `{${rest}` : undefined;
}

/** The object of a line; `undefined` when it is damaged. */
export function objectOfLine(line: string, firstKey: string): Record<string, unknown> | undefined {
  const json = jsonOfLine(line, firstKey);
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(DIGITS, '0');
}
