import type { TimeZone } from '../lib/time-zone.js';
import { InfluxqlError } from './influxql-error.js';

const DATE = /^\d{4}-\d\d-\d\d/;
const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:([ T])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?)?$/;
const NS_PER_MS = 1_000_000n;

/** Returns whether a text begins as a time does; `timeOfText` reads it. */
export function looksLikeTime(text: string): boolean {
  return DATE.test(text);
}

/** Reads `2026-03-08`, `2026-03-08 21:04:50.123` (both in the zone of the statement) and RFC 3339 as ns since 1970. */
export function timeOfText(text: string, zone: TimeZone | undefined): bigint {
  const [, year, month, day, separator, hour = '0', minute = '0', second = '0', decimals = '', offset] =
    TIME.exec(text) ?? [];
  const wallMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const isReal = new Date(wallMs || 0).toISOString().startsWith(`${year}-${month}-${day}T`);
  const isClock = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!isReal || !isClock || (separator === 'T') !== (offset !== undefined)) {
    throw new InfluxqlError('invalid timestamp string');
  }
  const utcMs = offset === undefined ? (zone?.instantOf(wallMs) ?? wallMs) : wallMs - offsetMs(offset);
  return BigInt(utcMs) * NS_PER_MS + BigInt(decimals.padEnd(9, '0'));
}

function offsetMs(text: string): number {
  if (text === 'Z') return 0;
  const [hours, minutes] = text.slice(1).split(':').map(Number);
  return (text.startsWith('-') ? -1 : 1) * (hours! * 60 + minutes!) * 60_000;
}
