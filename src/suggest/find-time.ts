import type { JsonValue } from '../formats/json/json-value.js';
import { TimeZone } from '../lib/time-zone.js';
import { parseDeviceTime } from '../rules/device-time.js';
import { type EpochUnit, epochNs, guessEpochUnit } from '../rules/epoch.js';
import { plainNumber } from '../rules/value-words.js';
import { timeNameScore } from './name-words.js';
import { numberOf, type Observed, referenceTo, scalarOf } from './observed.js';
import type { SampleMessage } from './sample-message.js';
import { yamlSection, yamlText } from './yaml-text.js';

/** A key that holds the time of a reading. */
export interface FoundTime {
  readonly observed: Observed;
  /** YAML of `time`. */
  readonly value: string;
  readonly comment: string;
  /** The device times of messages, as the suggested rule reads them. */
  readonly times: ReadonlyMap<SampleMessage, bigint>;
  /** The zone of texts without one; absent where they have it, or are numbers. */
  readonly zone?: string;
}

interface ReadTime {
  readonly ns: bigint;
  readonly unit: EpochUnit | 'rfc3339';
  readonly hasZone: boolean;
}

const NS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Older is another time than that of the reading, where the receive time is known. */
const MAX_AGE_MS = 400 * DAY_MS;
/** A time without a zone may be ahead by so much. */
const MAX_AHEAD_MS = 15 * HOUR_MS;
const FIRST_DEVICE_TIME_MS = Date.UTC(2012, 0, 1);
const MIN_SHARE = 0.5;
/** The window of a rule without one. */
const WINDOW_PAST_MS = 7 * DAY_MS;
const WINDOW_FUTURE_MS = 10 * MINUTE_MS;

/** Finds the key with the time of a reading: near the receive time, and named like a time. */
export function findTime(all: readonly Observed[]): FoundTime | undefined {
  let best: { readonly observed: Observed; readonly score: number } | undefined;
  for (const observed of all) {
    const score = scoreOf(observed);
    if (score > (best?.score ?? 0)) best = { observed, score };
  }
  return best === undefined ? undefined : describe(best.observed);
}

/** Whether most values of a key are times, also of something else than the reading. */
export function isTimeText({ seen }: Observed): boolean {
  const texts = seen.filter(({ value }) => typeof value === 'string');
  return texts.length > 0 && texts.every(({ value }) => readTime(value)?.unit === 'rfc3339');
}

function scoreOf({ path, seen, of }: Observed): number {
  const name = timeNameScore(path.at(-1) ?? '');
  const read = seen.map(({ value, message }) => ({ message, time: readTime(value) }));
  const isText = read.every(({ time }) => time === undefined || time.unit === 'rfc3339');
  // A number near now may be a counter: only its name tells.
  if (!isText && name === 0) return 0;
  const near = read.filter(({ time, message }) => time !== undefined && isNear(time.ns, message)).length;
  const share = near / Math.max(1, of);
  if (share < MIN_SHARE) return 0;
  return share + name - 0.05 * path.length;
}

function readTime(value: JsonValue): ReadTime | undefined {
  const number = typeof value === 'string' ? plainNumber(value) : scalarOf(value);
  if (number !== undefined && (typeof value === 'string' || numberOf(value) !== undefined)) {
    const unit = guessEpochUnit(Number(number));
    const ns = epochNs(number, unit);
    return typeof ns === 'bigint' ? { ns, unit, hasZone: true } : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const read = parseDeviceTime(value, undefined);
  if (read.ok) return { ns: read.ns, unit: 'rfc3339', hasZone: true };
  const local = parseDeviceTime(value, TimeZone.of('UTC'));
  return local.ok ? { ns: local.ns, unit: 'rfc3339', hasZone: false } : undefined;
}

function isNear(ns: bigint, { receivedAtNs, isReceiveTimeKnown }: SampleMessage): boolean {
  const aheadMs = Number((ns - receivedAtNs) / NS_PER_MS);
  if (aheadMs > MAX_AHEAD_MS) return false;
  return isReceiveTimeKnown ? aheadMs > -MAX_AGE_MS : Number(ns / NS_PER_MS) > FIRST_DEVICE_TIME_MS;
}

function describe(observed: Observed): FoundTime {
  const { base, path, seen, of } = observed;
  const read = seen.flatMap(({ message, value }) => {
    const time = readTime(value);
    return time === undefined || !isNear(time.ns, message) ? [] : [{ message, ...time }];
  });
  const units = [...new Set(read.map(({ unit }) => unit))];
  const unit = units.length === 1 ? units[0]! : 'auto';
  const offset = zoneOffsetHours(read);
  const zone = read.every(({ hasZone }) => hasZone) ? undefined : zoneOf(offset);
  const shiftNs = BigInt(offset * HOUR_MS) * NS_PER_MS;
  const times = new Map(read.map(({ message, ns, hasZone }) => [message, hasZone ? ns : ns - shiftNs]));
  const window = windowOf(times);
  const unreadable = seen.some(({ value }) => value !== null && readTime(value) === undefined);
  const options: (readonly [string, string])[] = [
    ['path', yamlText(referenceTo(base, path))],
    ...(unit === 'rfc3339' && zone === undefined ? [] : [['unit', unit] as const]),
    ...(zone === undefined ? [] : [['zone', zone] as const]),
    ...(window.pastDays === undefined ? [] : [['window', `{ past: ${window.pastDays}d }`] as const]),
    ...(unreadable || window.isAhead ? [['otherwise', 'receive'] as const] : []),
  ];
  const comments = [
    `${read.length} of ${of} have it`,
    ...(unit === 'auto' ? [`in several units: ${units.join(', ')}`] : []),
    ...(zone === undefined ? [] : [zoneComment(zone, read)]),
    ...(window.pastDays === undefined ? [] : ['some are older than 7 days when they are received']),
    ...(window.isAhead ? ['some are ahead of the receive time, which is used then'] : []),
    ...(unreadable ? ['the receive time is used where it cannot be read'] : []),
  ];
  return {
    observed,
    value: yamlSection(options),
    comment: comments.join('; '),
    times,
    ...(zone !== undefined && { zone }),
  };
}

type Read = ReadTime & { readonly message: SampleMessage };

/** By how many whole hours most texts without a zone are ahead of their receive time; 0 where that is not known. */
function zoneOffsetHours(read: readonly Read[]): number {
  const counts = new Map<number, number>();
  for (const { ns, hasZone, message } of read) {
    if (hasZone || !message.isReceiveTimeKnown) continue;
    const hours = Math.round(Number((ns - message.receivedAtNs) / NS_PER_MS) / HOUR_MS) || 0;
    counts.set(hours, (counts.get(hours) ?? 0) + 1);
  }
  const [hours = 0] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  return Math.abs(hours) <= 14 ? hours : 0;
}

/** The zone with a fixed offset. The sign of these names is the other way round. */
function zoneOf(hours: number): string {
  return hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

function zoneComment(zone: string, read: readonly Read[]): string {
  const isKnown = read.some(({ message }) => message.isReceiveTimeKnown);
  const found = isKnown ? `the receive times say ${zone}` : 'UTC is a guess';
  return `the texts have no zone; ${found}: write the one of the devices, such as Europe/Berlin`;
}

function windowOf(times: ReadonlyMap<SampleMessage, bigint>): { pastDays?: number; isAhead: boolean } {
  let [oldestMs, aheadMs] = [0, 0];
  for (const [{ receivedAtNs, isReceiveTimeKnown }, ns] of times) {
    if (!isReceiveTimeKnown) continue;
    const ms = Number((ns - receivedAtNs) / NS_PER_MS);
    oldestMs = Math.max(oldestMs, -ms);
    aheadMs = Math.max(aheadMs, ms);
  }
  return {
    ...(oldestMs > WINDOW_PAST_MS && { pastDays: Math.ceil((oldestMs + DAY_MS) / DAY_MS) }),
    isAhead: aheadMs > WINDOW_FUTURE_MS,
  };
}
