import { ExactNumber, type JsonObject, type JsonValue, memberOf } from '../formats/json/json-value.js';
import { SystemClock } from '../lib/clock.js';
import { isOfUnsetClock, isPlausibleNs, mayBeOfWrongClock } from '../lib/plausible-time.js';
import { durationText, type EpochUnit, epochNs, isoTime, UNIT_WORDS } from './epoch.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import { parseTime, type TimeNotation } from './parse-time.js';
import { stepText } from './path.js';
import type { Getter, Origin } from './reference.js';
import { fitsInt64, isDecimal } from './scaled-integer.js';
import { precisionNs } from './time-precision.js';
import type { TimeShift } from './time-shift.js';
import { traceReceiveTime, traceTime } from './trace-values.js';

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

/** 1980: no device with a clock of its own is older, and no uptime in seconds is so long. */
const NEVER_SET_BEFORE_NS = 315_532_800_000_000_000n;

export type TimeReader = (reading: Reading, warnings: MappingWarningCounts) => bigint | MappingFailure;

/** The machine's clock now, in ns. It is asked only about a record whose receive time may be wrong. */
export type ReadClock = () => bigint;

const systemClock = new SystemClock();
export const readSystemClock: ReadClock = () => systemClock.nowNs();

/** The receive time is always there, and the same at every replay. */
export function receiveTime(readClock: ReadClock = readSystemClock): TimeReader {
  return (reading, warnings) => {
    const time = receiveTimeOf(reading, warnings, readClock);
    if (reading.trace !== undefined) traceReceiveTime(reading);
    return time;
  };
}

/** Where a rule finds the device time, and how it reads it. */
export interface TimeSource extends TimeWindow, TimeNotation {
  readonly get: Getter;
  /** For an explanation. */
  readonly origin: Origin;
  readonly otherwise?: 'park' | 'receive' | 'clamp';
  /** What is added to a time that can be read. */
  readonly shift?: TimeShift;
}

export function timeAt(source: TimeSource, readClock: ReadClock = readSystemClock): TimeReader {
  const { path, otherwise } = source;
  const bounds = boundsOf(source, readClock);
  return (reading, warnings) => {
    const found = source.get(reading);
    const isFailure = found instanceof MappingFailure;
    const value = isFailure ? undefined : found;
    const ns = isFailure ? found : shiftedTime(found, source, reading, warnings);
    const time = withinWindow(ns, value, path, bounds, reading, warnings);
    const used = typeof time === 'bigint' ? time : insteadOf(time, ns, otherwise, bounds, reading, warnings);
    if (reading.trace !== undefined) {
      traceTime(reading, { from: source.origin(reading), found: value, ns, judged: time, used });
    }
    return used;
  };
}

/** What the rule wants in place of a time that cannot be used. */
function insteadOf(
  failure: MappingFailure,
  ns: bigint | MappingFailure | undefined,
  otherwise: TimeSource['otherwise'],
  bounds: Bounds,
  reading: Reading,
  warnings: MappingWarningCounts,
): bigint | MappingFailure {
  if (otherwise === undefined || otherwise === 'park') return failure;
  if (otherwise === 'clamp' && typeof ns === 'bigint') return clamped(ns, bounds, reading, warnings);
  warnings['time-replaced']++;
  return receiveTimeOf(reading, warnings, bounds.readClock);
}

function shiftedTime(
  value: JsonValue | undefined,
  { path, unit, zone, shift }: TimeSource,
  reading: Reading,
  warnings: MappingWarningCounts,
): bigint | MappingFailure | undefined {
  const ns = value === undefined ? undefined : parseTime(value, { path, unit, zone }, warnings);
  if (typeof ns !== 'bigint' || shift === undefined) return ns;
  const addedNs = shift(reading);
  return addedNs instanceof MappingFailure ? addedNs : ns + addedNs;
}

/** The end of the window that is nearer to the time. */
function clamped(ns: bigint, bounds: Bounds, { record }: Reading, warnings: MappingWarningCounts): bigint {
  warnings['time-clamped']++;
  const { receivedAtNs } = record;
  return ns < receivedAtNs ? receivedAtNs - bounds.maxPastNs : receivedAtNs + bounds.maxFutureNs;
}

/** Where obvious time keys may be: the payload, or an element of `each`. */
export interface TimeBase {
  /** The object that they are members of; an object without keys where there is none. */
  readonly members: (reading: Reading) => JsonObject;
  readonly text: string;
}

/** The time under an obvious key of the first of `bases` that has one. What is only guessed never parks: a value that is no time of now is not meant as one. */
export function obviousTime(
  bases: readonly TimeBase[],
  window: TimeWindow = DEFAULT_TIME_WINDOW,
  readClock: ReadClock = readSystemClock,
): TimeReader {
  const bounds = boundsOf(window, readClock);
  return (reading, warnings) => {
    let isReplaced = false;
    for (let at = 0; at < bases.length; at++) {
      const { members, text } = bases[at] as TimeBase;
      const object = members(reading);
      for (const key of OBVIOUS_TIME_KEYS) {
        const value = memberOf(object, key);
        if (!mayBeTime(value)) continue;
        const ns = parseTime(value, { path: key, unit: 'auto' }, warnings);
        // One key may hold a clock that was never set, and the next key a good one.
        const isUnset = ns === undefined || isOfUnsetDevice(ns, bounds, reading);
        const time = isUnset ? undefined : withinWindow(ns, value, key, bounds, reading, warnings);
        if (reading.trace !== undefined) {
          traceTime(reading, { from: text + stepText(key), found: value, ns, judged: time, used: time });
        }
        if (typeof time === 'bigint') return time;
        if (!isUnset) isReplaced = true;
      }
    }
    warnings[isReplaced ? 'time-replaced' : 'time-missing']++;
    if (reading.trace !== undefined) traceReceiveTime(reading);
    return receiveTimeOf(reading, warnings, readClock);
  };
}

/** The precision of the first obvious time key that has a time. */
export function obviousPrecisionNs(bases: readonly TimeBase[], reading: Reading): number | undefined {
  for (const { members } of bases) {
    const object = members(reading);
    for (const key of OBVIOUS_TIME_KEYS) {
      const value = memberOf(object, key);
      if (mayBeTime(value) && value !== null) return precisionNs(value, 'auto');
    }
  }
  return undefined;
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
  if (ns === undefined || isOfUnsetDevice(ns, bounds, reading)) {
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

/** A time near 1970 is an uptime or a clock that was never set, unless the window reaches so far. */
function isOfUnsetDevice(ns: bigint | MappingFailure, bounds: Bounds, { record }: Reading): boolean {
  return typeof ns === 'bigint' && ns < NEVER_SET_BEFORE_NS && !isWithin(ns, record.receivedAtNs, bounds);
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
