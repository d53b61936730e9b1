const DATE_TIME_LENGTH = 19;
const MAX_DECIMALS = 9;
const MS_PER_400_YEARS = 146_097 * 86_400_000;
const NS_PER_MS = 1_000_000n;
const NS_PER_MINUTE = 60_000_000_000n;
const NS_PER_DAY = 86_400_000_000_000n;
/** The last instant that stores with a signed 64-bit time can hold: 2262-04-11. */
const MAX_NS = 2n ** 63n - 1n;

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;
/** Makes a capital letter of ASCII small. */
const LOWER = 0x20;

const NO_DATE_TIME = 'is not an RFC 3339 time such as 2026-03-08T21:04:50Z';
/** By the number of decimals: how many ns the last of them stands for. */
const UNITS = Array.from({ length: MAX_DECIMALS + 1 }, (_, decimals) => 10 ** (MAX_DECIMALS - decimals));
const SHAPE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

export type Rfc3339Result =
  | { readonly ok: true; readonly ns: bigint; readonly leapSecond: boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads an RFC 3339 date-time of a person or a device, strictly: full date, capital T and Z, a zone, real day of the
 * month, hour at most 23, up to nine decimals kept exactly. A leap second (23:59:60 UTC) becomes the last nanosecond
 * before it. `Date` does not parse it: that would take the host's zone, roll 30 February over and cut to milliseconds.
 */
export function parseRfc3339(text: string): Rfc3339Result {
  const problem = scanner.read(text);
  const isCapital = text.charCodeAt(10) === UPPER_T && text.charCodeAt(text.length - 1) !== (UPPER_Z | LOWER);
  if (problem !== undefined || !isCapital) {
    return { ok: false, problem: problem === undefined || !SHAPE.test(text) ? shapeProblem(text) : problem };
  }
  const { isLeapSecond } = scanner;
  if (!isLeapSecond) return { ok: true, ns: scanner.ns(), leapSecond: false };
  const secondNs = scanner.wholeSecondNs();
  // Leap seconds are inserted before midnight UTC.
  if (secondNs % NS_PER_DAY !== 0n) {
    return { ok: false, problem: 'has a second 60 that is not at the end of a day in UTC' };
  }
  return { ok: true, ns: secondNs - 1n, leapSecond: true };
}

/**
 * Reads an RFC 3339 date-time of another program as ns since 1970. T and Z may be small, and a second 60 is the
 * second after it. Returns undefined for what is no such time, for more than nine decimals (two times must not become
 * one), and for a time before 1970 or after 2262-04-11.
 */
export function rfc3339Ns(text: string): bigint | undefined {
  if (scanner.read(text) !== undefined) return undefined;
  const ns = scanner.ns();
  return ns < 0n || ns > MAX_NS ? undefined : ns;
}

/** Writes decimal ns since 1970 as RFC 3339 in UTC, to the ns. It keeps the last second, which most records share. */
export class Rfc3339Writer {
  #seconds = '';
  #text = '';

  /** `ns` is decimal, 0 to 2^64 - 1. */
  text(ns: string): string {
    const digits = ns.length < 10 ? ns.padStart(10, '0') : ns;
    const seconds = digits.slice(0, -9);
    if (seconds !== this.#seconds) {
      this.#text = new Date(Number(seconds) * 1000).toISOString().slice(0, DATE_TIME_LENGTH);
      this.#seconds = seconds;
    }
    return `${this.#text}.${digits.slice(-9)}Z`;
  }
}

/**
 * Takes a date-time apart, without a pattern, because it runs for every record. It keeps the last second, which most
 * records share with the one before. What `read` finds is valid until the next call.
 */
class Rfc3339Scanner {
  isLeapSecond = false;
  #fractionNs = 0;
  #offsetMinutes = 0;
  #dateTime = '';
  /** Of #dateTime, if its zone were UTC. */
  #secondNs = 0n;
  #problem: string | undefined;

  /** Returns what is wrong with `text`; undefined when it is a date-time. */
  read(text: string): string | undefined {
    if (text.length <= DATE_TIME_LENGTH) return NO_DATE_TIME;
    if (this.#dateTime === '' || !text.startsWith(this.#dateTime)) {
      this.#dateTime = text.slice(0, DATE_TIME_LENGTH);
      this.#problem = this.#readSecond(text);
    }
    return this.#problem ?? this.#readRest(text);
  }

  ns(): bigint {
    return this.wholeSecondNs() + BigInt(this.#fractionNs);
  }

  /** Without the decimals. */
  wholeSecondNs(): bigint {
    if (this.#offsetMinutes === 0) return this.#secondNs;
    return this.#secondNs - BigInt(this.#offsetMinutes) * NS_PER_MINUTE;
  }

  #readSecond(text: string): string | undefined {
    const hasSeparators =
      text.charCodeAt(4) === MINUS &&
      text.charCodeAt(7) === MINUS &&
      (text.charCodeAt(10) & ~LOWER) === UPPER_T &&
      text.charCodeAt(13) === COLON &&
      text.charCodeAt(16) === COLON;
    const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
    const month = twoDigits(text, 5);
    const day = twoDigits(text, 8);
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    if (!hasSeparators || Number.isNaN(year + month + day + hour + minute + second)) return NO_DATE_TIME;
    if (month < 1 || month > 12) return `has no month ${month}`;
    if (day < 1 || day > daysOf(year, month)) return 'names a day that does not exist';
    if (hour > 23 || minute > 59 || second > 60) return 'names a time of day that does not exist';
    // 400 years later the calendar is the same, and Date.UTC does not take a year below 100 for one of 19xx.
    const ms = Date.UTC(year + 400, month - 1, day, hour, minute, second) - MS_PER_400_YEARS;
    this.#secondNs = BigInt(ms) * NS_PER_MS;
    this.isLeapSecond = second === 60;
    return undefined;
  }

  /** Reads the decimals and the zone. */
  #readRest(text: string): string | undefined {
    let at = DATE_TIME_LENGTH;
    let fraction = 0;
    if (text.charCodeAt(at) === POINT) {
      const first = at + 1;
      at = first;
      for (let digit = digitAt(text, at); digit <= 9; digit = digitAt(text, at)) {
        if (at - first === MAX_DECIMALS) return NO_DATE_TIME;
        fraction = fraction * 10 + digit;
        at += 1;
      }
      if (at === first) return NO_DATE_TIME;
      fraction *= UNITS[at - first]!;
    }
    this.#fractionNs = fraction;
    this.#offsetMinutes = 0;
    const zone = text.charCodeAt(at);
    if ((zone & ~LOWER) === UPPER_Z) return text.length === at + 1 ? undefined : NO_DATE_TIME;
    const hours = twoDigits(text, at + 1);
    const minutes = twoDigits(text, at + 4);
    const isOffset = (zone === PLUS || zone === MINUS) && text.charCodeAt(at + 3) === COLON;
    if (!isOffset || text.length !== at + 6 || Number.isNaN(hours + minutes)) return NO_DATE_TIME;
    if (hours > 23 || minutes > 59) return 'has a zone offset that does not exist';
    this.#offsetMinutes = (zone === MINUS ? -1 : 1) * (hours * 60 + minutes);
    return undefined;
  }
}

// One for the thread: reading is synchronous.
const scanner = new Rfc3339Scanner();

/** Above 9, or NaN, for anything but a digit. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit < 0 ? Number.NaN : digit;
}

function twoDigits(text: string, at: number): number {
  const tens = digitAt(text, at);
  const units = digitAt(text, at + 1);
  return tens <= 9 && units <= 9 ? tens * 10 + units : Number.NaN;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function shapeProblem(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?$/.test(text)) return 'has no zone (Z or +hh:mm)';
  if (/\.\d{10,}(?:Z|[+-]\d\d:\d\d)$/.test(text)) return 'has more than nine decimals';
  return NO_DATE_TIME;
}
