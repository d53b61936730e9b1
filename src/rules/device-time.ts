import { parseRfc3339, type Rfc3339Result } from '../lib/rfc3339.js';
import type { TimeZone } from '../lib/time-zone.js';

const MAX_DECIMALS = 9;
const NS_PER_MS = 1_000_000n;
/** A date and a time of day as devices write them: T, t or blanks between them, any decimals, an offset with or without colon. */
const LOOSE = /^(\d{4}-\d\d-\d\d)(?:[Tt]| +)(\d\d:\d\d:\d\d)(?:[.,](\d+))? ?([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

export type DeviceTimeResult =
  | { readonly ok: true; readonly ns: bigint; readonly leapSecond: boolean; readonly isTruncated: boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a date-time of a device as ns since 1970. Beside RFC 3339 it takes small letters, a blank instead of T, an offset
 * without colon or minutes, a decimal comma, and more than nine decimals (cut to the ns). Without an offset it is a time of
 * `zone`, if the rule names one.
 */
export function parseDeviceTime(text: string, zone: TimeZone | undefined): DeviceTimeResult {
  const strict = parseRfc3339(text);
  if (strict.ok) return { ...strict, isTruncated: false };
  const parts = LOOSE.exec(text.trim());
  if (parts === null) return strict;
  const [, date, time, decimals = '', offset] = parts;
  if (offset === undefined && zone === undefined) {
    return { ok: false, problem: 'has no zone (Z or +hh:mm), and the rule names none (zone:)' };
  }
  const kept = decimals.slice(0, MAX_DECIMALS);
  const isTruncated = /[1-9]/.test(decimals.slice(MAX_DECIMALS));
  const read = parseRfc3339(`${date}T${time}${kept === '' ? '' : `.${kept}`}${offsetText(offset)}`);
  if (!read.ok) return read;
  if (offset !== undefined || zone === undefined) return { ...read, isTruncated };
  return { ...inZone(read, zone), isTruncated };
}

/** The offset as RFC 3339 writes it; UTC where there is none, and the zone is applied afterwards. */
function offsetText(offset: string | undefined): string {
  if (offset === undefined || /^z$/i.test(offset)) return 'Z';
  const digits = offset.replace(':', '');
  return `${digits.slice(0, 3)}:${digits.slice(3) || '00'}`;
}

function inZone(
  read: Rfc3339Result & { readonly ok: true },
  zone: TimeZone,
): Rfc3339Result & { readonly ok: true } {
  const ms = read.ns / NS_PER_MS;
  const shiftMs = zone.instantOf(Number(ms)) - Number(ms);
  return { ...read, ns: read.ns + BigInt(shiftMs) * NS_PER_MS };
}
