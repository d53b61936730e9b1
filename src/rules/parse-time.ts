import { ExactNumber, type JsonValue, kindOf } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import type { TimeZone } from '../lib/time-zone.js';
import { parseDeviceTime } from './device-time.js';
import { epochNs, guessEpochUnit, UNIT_WORDS, withoutFinerDigits } from './epoch.js';
import { MappingFailure, type MappingWarningCounts } from './mapped.js';
import type { TimeUnit } from './rule-options.js';
import { plainNumber } from './value-words.js';

/** How a device writes a time. */
export interface TimeNotation {
  /** For reasons. */
  readonly path: string;
  readonly unit: TimeUnit;
  /** Of texts without one. */
  readonly zone?: TimeZone;
}

/** The time in ns since 1970; undefined when the device's clock was never set. */
export function parseTime(
  value: JsonValue,
  notation: TimeNotation,
  warnings: MappingWarningCounts,
): bigint | MappingFailure | undefined {
  if (value === null) return undefined;
  let ns: bigint | MappingFailure;
  if (typeof value === 'number') ns = fromEpoch(value, notation, warnings);
  else if (value instanceof ExactNumber) ns = fromEpoch(value.text, notation, warnings);
  else if (typeof value === 'string') ns = fromText(value, notation, warnings);
  else return unreadable(notation.path, `is ${kindOf(value)}, not a time`);
  return typeof ns === 'bigint' && ns <= 0n ? undefined : ns;
}

function fromEpoch(
  epoch: number | string,
  { path, unit }: TimeNotation,
  warnings: MappingWarningCounts,
): bigint | MappingFailure {
  if (unit === 'rfc3339') return unreadable(path, `is the number ${epoch}, not an RFC 3339 text`);
  const epochUnit = unit === 'auto' ? guessEpochUnit(Number(epoch)) : unit;
  const ns = epochNs(epoch, epochUnit);
  if (typeof ns === 'bigint') return ns;
  const shown = quoted(String(epoch));
  if (ns === 'fraction') {
    const truncated = epochNs(withoutFinerDigits(String(epoch), epochUnit), epochUnit);
    if (typeof truncated === 'bigint') {
      warnings['time-truncated']++;
      return truncated;
    }
    return unreadable(path, `is ${shown} ${UNIT_WORDS[epochUnit]}, finer than a nanosecond`);
  }
  if (ns === 'too-large') return unreadable(path, `is ${shown}, beyond every calendar`);
  return unreadable(path, `is ${shown}, not a number of ${UNIT_WORDS[epochUnit]} since 1970`);
}

function fromText(
  text: string,
  notation: TimeNotation,
  warnings: MappingWarningCounts,
): bigint | MappingFailure {
  const number = notation.unit === 'rfc3339' ? undefined : plainNumber(text);
  if (number !== undefined) return fromEpoch(number, notation, warnings);
  const { path, unit, zone } = notation;
  if (unit !== 'auto' && unit !== 'rfc3339')
    return unreadable(path, `is ${quoted(text)}, not a number of ${UNIT_WORDS[unit]} since 1970`);
  const parsed = parseDeviceTime(text, zone);
  if (!parsed.ok) return unreadable(path, `is ${quoted(text)}, which ${parsed.problem}`);
  if (parsed.leapSecond) warnings['time-leap-second']++;
  if (parsed.isTruncated) warnings['time-truncated']++;
  return parsed.ns;
}

function unreadable(path: string, problem: string): MappingFailure {
  return new MappingFailure('time-unreadable', `the time "${path}" ${problem}`);
}
