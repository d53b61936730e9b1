import { crc32 } from 'node:zlib';

/*
 * Each line of a parked file and of a journal is one JSON object that begins with the checksum of everything after it.
 * Lines of version 0.1 have none and begin with their first key: a line whose beginning is neither is damaged. So no
 * flipped bit makes a line of this version look like one of that version.
 */

const BEGIN = '{"crc32":"';
const DIGITS = 8;
const REST_AT = BEGIN.length + DIGITS + '",'.length;

const HEX_DIGITS = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));
const QUOTE = '"'.charCodeAt(0);
const COMMA = ','.charCodeAt(0);

/** The bytes that every line of this version begins with. They cannot be inside a line: JSON escapes quotes in a text. */
export const LINE_BEGIN = Buffer.from(BEGIN);

/** The line for a JSON object with at least one key, with its line feed. */
export function checkedLine(json: Readonly<Record<string, unknown>>): string {
  const rest = JSON.stringify(json).slice(1);
  return `${BEGIN}${crc32(rest).toString(16).padStart(DIGITS, '0')}",${rest}\n`;
}

/** Whether the line, without its line feed, is one of this version and holds what was written. */
export function hasGoodChecksum(line: Buffer): boolean {
  if (line.length < REST_AT) return false;
  for (let at = 0; at < BEGIN.length; at += 1) if (line[at] !== LINE_BEGIN[at]) return false;
  const sum = writtenSum(line);
  // The checksum is taken over bytes: to make a text of them first would cost more than the checksum.
  return sum !== undefined && crc32(line.subarray(REST_AT)) === sum;
}

/** The checksum that stands in the line; `undefined` when its digits or what follows them is damaged. */
function writtenSum(line: Buffer): number | undefined {
  let sum = 0;
  for (let at = BEGIN.length; at < BEGIN.length + DIGITS; at += 1) {
    const digit = HEX_DIGITS.indexOf(line[at]!);
    if (digit < 0) return undefined;
    sum = sum * 16 + digit;
  }
  return line[REST_AT - 2] === QUOTE && line[REST_AT - 1] === COMMA ? sum : undefined;
}

/** The object of a line; `undefined` when it is damaged. `firstKey` is the first key in lines of version 0.1. */
export function objectOfLine(line: Buffer, firstKey: string): Record<string, unknown> | undefined {
  const json = jsonOfLine(line, firstKey);
  if (json === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The JSON of a line without its checksum. */
function jsonOfLine(line: Buffer, firstKey: string): string | undefined {
  if (hasGoodChecksum(line)) return `{${line.toString('utf8', REST_AT)}`;
  const ofEarlierVersion = `{"${firstKey}":`;
  return line.toString('latin1', 0, ofEarlierVersion.length) === ofEarlierVersion
    ? line.toString('utf8')
    : undefined;
}
