const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)$/;
const FRACTION_AND_OFFSET = /^(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const DATE_TIME_LENGTH = 19;
/** Of `2026-11-05T12:34:56.123456789Z`. */
const UTC_NS_LENGTH = 30;
const POINT = 0x2e;
const ZERO = 0x30;
const NS_PER_S = 1_000_000_000n;
/** The last instant that stores with a signed 64-bit time can hold: 2262-04-11. */
const MAX_NS = 2n ** 63n - 1n;

/**
 * Reads RFC 3339 times as ns since 1970. Remembers the last second: most records share it with the one before.
 */
export class Rfc3339Reader {
  #dateTime = '';
  /** Of #dateTime, were it in UTC; undefined when there is no such time. */
  #ns: bigint | undefined;

  /**
   * `undefined` for what is no RFC 3339 time, for more than nine fraction digits (two times must not become one),
   * and for a time before 1970 or behind 2262-04-11.
   */
  ns(text: string): bigint | undefined {
    if (text.length <= DATE_TIME_LENGTH) return undefined;
    if (this.#dateTime === '' || !text.startsWith(this.#dateTime)) {
      this.#dateTime = text.slice(0, DATE_TIME_LENGTH);
      this.#ns = nsOf(this.#dateTime);
    }
    if (this.#ns === undefined) return undefined;
    const beyondNs = ourFractionNs(text) ?? fractionAndOffsetNs(text.slice(DATE_TIME_LENGTH));
    if (beyondNs === undefined) return undefined;
    const ns = this.#ns + beyondNs;
    return ns < 0n || ns > MAX_NS ? undefined : ns;
  }
}

/** The form that Rfc3339Writer gives a time, without the cost of a pattern. */
function ourFractionNs(text: string): bigint | undefined {
  if (text.length !== UTC_NS_LENGTH || text.charCodeAt(DATE_TIME_LENGTH) !== POINT || !text.endsWith('Z')) {
    return undefined;
  }
  let ns = 0;
  for (let at = DATE_TIME_LENGTH + 1; at < UTC_NS_LENGTH - 1; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    ns = ns * 10 + digit;
  }
  return BigInt(ns);
}

function fractionAndOffsetNs(text: string): bigint | undefined {
  const match = FRACTION_AND_OFFSET.exec(text);
  if (match === null) return undefined;
  const offsetMinutes = offsetOf(match[2]!);
  if (offsetMinutes === undefined) return undefined;
  return BigInt((match[1] ?? '').padEnd(9, '0')) - BigInt(offsetMinutes * 60) * NS_PER_S;
}

/** Without an offset. */
function nsOf(dateTime: string): bigint | undefined {
  const match = DATE_TIME.exec(dateTime);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // 1969 can still be 1970 in UTC; and Date.UTC takes years below 100 for 19xx. Second 60 is a leap second.
  if (year < 1969 || hour > 23 || minute > 59 || second > 60) return undefined;
  const midnight = new Date(Date.UTC(year, month - 1, day));
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  return BigInt(midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second) * NS_PER_S;
}

function offsetOf(text: string): number | undefined {
  if (text.length === 1) return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4));
  if (hours > 23 || minutes > 59) return undefined;
  return (text[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** Writes decimal ns since 1970 as RFC 3339 in UTC, to the ns. Remembers the last second: most records share it. */
export class Rfc3339Writer {
  #seconds = '';
  #text = '';

  /** `ns`: decimal, 0 to 2^64 - 1. */
  text(ns: string): string {
    const digits = ns.length < 10 ? ns.padStart(10, '0') : ns;
    const seconds = digits.slice(0, -9);
    if (seconds !== this.#seconds) {
      this.#text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
      this.#seconds = seconds;
    }
    return `${this.#text}.${digits.slice(-9)}Z`;
  }
}
