import { ExactNumber, type JsonValue, kindOf, memberOf } from '../formats/json/json-value.js';
import { SystemClock } from '../lib/clock.js';
import { isOfUnsetClock, isPlausibleNs, mayBeOfWrongClock } from '../lib/plausible-time.js';
import { quoted } from '../lib/printable.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import { durationText, type EpochUnit, epochNs, guessEpochUnit, isoTime, UNIT_WORDS } from './epoch.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import type { Getter } from './reference.js';
import type { TimeUnit } from './rule-options.js';
import { fitsInt64, isDecimal } from './scaled-integer.js';

/** How far a device time may lie from the receive time of the record. */
export interface TimeWindow {
  readonly maxPastMs: number;
  readonly maxFutureMs: number;
}

/** Used by `time: auto`, and by `config` where a rule names no window. */
export const DEFAULT_TIME_WINDOW: TimeWindow = { maxPastMs: 7 * 86_400_000, maxFutureMs: 10 * 60_000 };

/**
 * Top-level keys that `time: auto` takes for the device's time; the first present wins. Their numbers, texts
 * and nulls never become fields of `fields: auto`, so that the set of fields does not depend on the clock.
 */
export const OBVIOUS_TIME_KEYS = [
  'timestamp',
  'time',
  'ts',
  'datetime',
  'observedAt',
  'observed_at',
  'Time',
] as const;

export type TimeReader = (reading: Reading, warnings: MappingWarningCounts) => bigint | MappingFailure;

/** The machine's clock now, in ns. It is asked only about a record whose receive time may be wrong. */
export type ReadClock = () => bigint;

const systemClock = new SystemClock();
export const readSystemClock: ReadClock = () => systemClock.nowNs();

/** The receive time is always there, and the same at every replay. */
export function receiveTime(readClock: ReadClock = readSystemClock): TimeReader {
  return (reading, warnings) => receiveTimeOf(reading, warnings, readClock);
}

export function timeAt(
  get: Getter,
  path: string,
  unit: TimeUnit,
  window: TimeWindow,
  readClock: ReadClock = readSystemClock,
): TimeReader {
  const bounds = boundsOf(window, readClock);
  return (reading, warnings) => {
    const value = get(reading);
    const ns = value === undefined ? undefined : parseTime(value, unit, path, warnings);
    return withinWindow(ns, value, path, bounds, reading, warnings);
  };
}

export function obviousTime(
  window: TimeWindow = DEFAULT_TIME_WINDOW,
  readClock: ReadClock = readSystemClock,
): TimeReader {
  const bounds = boundsOf(window, readClock);
  return (reading, warnings) => {
    for (const key of OBVIOUS_TIME_KEYS) {
      const value = memberOf(reading.payload, key);
      if (!mayBeTime(value)) continue;
      const ns = parseTime(value, 'auto', key, warnings);
      // One key may hold a clock that was never set, and the next key a good one.
      if (ns !== undefined) return withinWindow(ns, value, key, bounds, reading, warnings);
    }
    warnings['time-missing']++;
    return receiveTimeOf(reading, warnings, readClock);
  };
}

function receiveTimeOf({ record }: Reading, warnings: MappingWarningCounts, readClock: ReadClock): bigint {
  if (isOfUnsetClock(record.receivedAtNs, readClock)) warnings['clock-implausible']++;
  return record.receivedAtNs;
}

/** Whether a value under an obvious time key is meant as a time. */
export function mayBeTime(value: JsonValue | undefined): value is number | string | ExactNumber | null {
  return (
    typeof value === 'number' || typeof value === 'string' || value === null || value instanceof ExactNumber
  );
}

interface Bounds extends TimeWindow {
  readonly maxPastNs: bigint;
  readonly maxFutureNs: bigint;
  readonly readClock: ReadClock;
}

function boundsOf(window: TimeWindow, readClock: ReadClock): Bounds {
  const maxPastNs = BigInt(Math.round(window.maxPastMs)) * 1_000_000n;
  const maxFutureNs = BigInt(Math.round(window.maxFutureMs)) * 1_000_000n;
  return { ...window, maxPastNs, maxFutureNs, readClock };
}

function withinWindow(
  ns: bigint | MappingFailure | undefined,
  value: JsonValue | undefined,
  path: string,
  bounds: Bounds,
  reading: Reading,
  warnings: MappingWarningCounts,
): bigint | MappingFailure {
  const receivedAtNs = reading.record.receivedAtNs;
  if (ns === undefined) {
    warnings['time-missing']++;
    return receiveTimeOf(reading, warnings, bounds.readClock);
  }
  if (typeof ns !== 'bigint') return ns;
  if (isWithin(ns, receivedAtNs, bounds) && fitsInt64(ns)) return ns;
  const nowNs = bounds.readClock();
  if (!mayBeOfWrongClock(receivedAtNs, nowNs)) return outsideWindow(ns, value, path, bounds, receivedAtNs);
  if (fitsInt64(ns) && fitsClock(ns, receivedAtNs, nowNs, bounds)) return ns;
  return outsideWindow(ns, value, path, bounds, receivedAtNs, nowNs);
}

function isWithin(ns: bigint, referenceNs: bigint, bounds: Bounds): boolean {
  const aheadNs = ns - referenceNs;
  return aheadNs >= -bounds.maxPastNs && aheadNs <= bounds.maxFutureNs;
}

/** Judges a time by the clock of today, because the receive time may be wrong. A clock that is not set parks nothing. */
function fitsClock(ns: bigint, receivedAtNs: bigint, nowNs: bigint, bounds: Bounds): boolean {
  if (isPlausibleNs(nowNs)) return isWithin(ns, nowNs, bounds);
  return !isPlausibleNs(receivedAtNs);
}

/** The time in ns since 1970; undefined when the device's clock was never set. */
function parseTime(
  value: JsonValue,
  unit: TimeUnit,
  path: string,
  warnings: MappingWarningCounts,
): bigint | MappingFailure | undefined {
  if (value === null) return undefined;
  let ns: bigint | MappingFailure;
  if (typeof value === 'number') ns = fromEpoch(value, unit, path);
  else if (value instanceof ExactNumber) ns = fromEpoch(value.text, unit, path);
  else if (typeof value === 'string') ns = fromText(value, unit, path, warnings);
  else return unreadable(path, `is ${kindOf(value)}, not a time`);
  return typeof ns === 'bigint' && ns <= 0n ? undefined : ns;
}

function fromEpoch(epoch: number | string, unit: TimeUnit, path: string): bigint | MappingFailure {
  if (unit === 'rfc3339') return unreadable(path, `is the number ${epoch}, not an RFC 3339 text`);
  const epochUnit = unit === 'auto' ? guessEpochUnit(Number(epoch)) : unit;
  const ns = epochNs(epoch, epochUnit);
  if (typeof ns === 'bigint') return ns;
  const shown = quoted(String(epoch));
  if (ns === 'fraction')
    return unreadable(path, `is ${shown} ${UNIT_WORDS[epochUnit]}, finer than a nanosecond`);
  if (ns === 'too-large') return unreadable(path, `is ${shown}, beyond every calendar`);
  return unreadable(path, `is ${shown}, not a number of ${UNIT_WORDS[epochUnit]} since 1970`);
}

function fromText(
  text: string,
  unit: TimeUnit,
  path: string,
  warnings: MappingWarningCounts,
): bigint | MappingFailure {
  const isEpoch = unit === 'auto' ? isDecimal(text) : unit !== 'rfc3339';
  if (isEpoch) return fromEpoch(text, unit, path);
  const parsed = parseRfc3339(text);
  if (!parsed.ok) return unreadable(path, `is ${quoted(text)}, which ${parsed.problem}`);
  if (parsed.leapSecond) warnings['time-leap-second']++;
  return parsed.ns;
}

function unreadable(path: string, problem: string): MappingFailure {
  return new MappingFailure('time-unreadable', `the time "${path}" ${problem}`);
}

function outsideWindow(
  ns: bigint,
  value: JsonValue | undefined,
  path: string,
  bounds: Bounds,
  receivedAtNs: bigint,
  nowNs?: bigint,
): MappingFailure {
  // The reason does not name the time of now: it must not change when a replay parks the record again.
  const isSurelyWrong =
    nowNs !== undefined && (receivedAtNs > nowNs || isOfUnsetClock(receivedAtNs, () => nowNs));
  const window = `${durationText(bounds.maxPastMs)} before to ${durationText(bounds.maxFutureMs)} after it`;
  return new MappingFailure(
    'time-outside-window',
    `the time "${path}" is ${isoTime(ns)}, received at ${isoTime(receivedAtNs)}; ` +
      `allowed is ${window}${isSurelyWrong ? ', or the same around the clock of today' : ''}` +
      (unitHint(ns, value, bounds, receivedAtNs) ||
        (isSurelyWrong ? unitHint(ns, value, bounds, nowNs) : '')),
  );
}

/** Milliseconds under `unit: s` are the most common cause: the reason names a unit that would fit. */
function unitHint(ns: bigint, value: JsonValue | undefined, bounds: Bounds, referenceNs: bigint): string {
  const epoch = value instanceof ExactNumber ? value.text : value;
  if (typeof epoch !== 'number' && !(typeof epoch === 'string' && isDecimal(epoch))) return '';
  for (const unit of Object.keys(UNIT_WORDS) as EpochUnit[]) {
    const otherNs = epochNs(epoch, unit);
    if (typeof otherNs !== 'bigint' || otherNs === ns) continue;
    if (isWithin(otherNs, referenceNs, bounds)) {
      return `; as ${UNIT_WORDS[unit]} it would be ${isoTime(otherNs)}`;
    }
  }
  return '';
}
