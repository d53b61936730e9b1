import * as z from 'zod';
import { formatDuration, parseDuration } from './duration.js';
import type { Quantity } from './quantity.js';
import { formatSize, parseSize } from './size.js';

/** What the documentation says of a key and what its problems expect. */
export interface SettingInfo {
  /** `size`, `duration`, `text`, `one of a, b`, `section` … */
  readonly type: string;
  readonly unit?: string;
  readonly limits?: string;
  /** What holds while the key is not written and has no default of its own. */
  readonly unset?: string;
  /** One sentence for docs/configuration.md. */
  readonly says: string;
  /** Its value is never shown. */
  readonly isSecret?: boolean;
  /** Of a list: stands for an entry that cannot be read, so that the others can be checked further. */
  readonly placeholder?: unknown;
}

/** Infos by schema; docs/configuration.md and the texts of problems are made from them. */
export const settingInfos = z.registry<SettingInfo>();

export interface Unfit {
  readonly expected: string;
  readonly hint?: string;
}

type Reading<T> = { readonly value: T } | Unfit;

/** A single value: `read` takes what YAML gave. */
function leaf<T>(info: SettingInfo, read: (raw: unknown) => Reading<T>) {
  const schema = z.unknown().transform((raw, context): T => {
    const reading = read(raw);
    if ('value' in reading) return reading.value;
    context.issues.push({
      code: 'custom',
      message: reading.expected,
      input: raw,
      params: { hint: reading.hint },
    });
    return z.NEVER;
  });
  settingInfos.add(schema, info);
  return schema;
}

interface Says {
  readonly says: string;
  readonly unset?: string;
}

interface QuantityBounds extends Says {
  readonly min?: number;
  readonly max?: number;
}

/** Bytes, written with a unit. */
export function size(bounds: QuantityBounds) {
  return quantity('size', 'bytes', parseSize, formatSize, bounds);
}

/** Milliseconds, written with a unit. */
export function duration(bounds: QuantityBounds) {
  return quantity('duration', 'milliseconds', parseDuration, formatDuration, bounds);
}

function quantity(
  type: string,
  unit: string,
  parse: (raw: unknown) => Quantity,
  format: (value: number) => string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...said }: QuantityBounds,
) {
  const limits = boundsText(
    min > 0 ? format(min) : undefined,
    max < Number.MAX_SAFE_INTEGER ? format(max) : undefined,
  );
  const expected = `a ${type}${limits === undefined ? '' : ` of ${limits}`}`;
  return leaf<number>({ type, unit, ...said, ...(limits === undefined ? {} : { limits }) }, (raw) => {
    const parsed = parse(raw);
    if (!parsed.ok) return { expected, hint: parsed.hint };
    return parsed.value >= min && parsed.value <= max ? { value: parsed.value } : { expected };
  });
}

function boundsText(min: string | undefined, max: string | undefined): string | undefined {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}

const DECIMAL = /^-?\d+$/;

/** Also takes the digits as text: that is what a variable of the environment gives. */
export function wholeNumber({ min, max, ...said }: Says & { readonly min: number; readonly max: number }) {
  const limits = `${min} to ${max}`;
  return leaf<number>({ type: 'whole number', limits, ...said }, (raw) => {
    const value = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
    const isFit = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return isFit ? { value } : { expected: `a whole number, ${limits}` };
  });
}

/** Also takes `true` and `false` as text: that is what a variable of the environment gives. */
export function trueOrFalse(said: Says) {
  return leaf<boolean>({ type: 'true or false', ...said }, (raw) => {
    if (raw === true || raw === 'true') return { value: true };
    if (raw === false || raw === 'false') return { value: false };
    return { expected: 'true or false' };
  });
}

/** Also takes `true` and `false`: to YAML 1.1 the words mean the same. */
export function onOrOff(said: Says) {
  return leaf<'on' | 'off'>({ type: 'on or off', ...said }, (raw) => {
    if (raw === 'on' || raw === true || raw === 'true') return { value: 'on' };
    if (raw === 'off' || raw === false || raw === 'false') return { value: 'off' };
    return { expected: 'on or off' };
  });
}

export function powerOfTwo({ max, ...said }: Says & { readonly max: number }) {
  const limits = `1 to ${max}`;
  const expected = `a power of two, ${limits}`;
  return leaf<number>({ type: 'power of two', limits, ...said }, (raw) => {
    const value = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
    if (typeof value !== 'number' || value < 1 || value > max) return { expected };
    return Number.isInteger(Math.log2(value)) ? { value } : { expected };
  });
}

/** An RFC 3339 time with its offset. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** `TRIM_HORIZON`, `LATEST`, or a time. */
export function startPoint(said: Says) {
  const expected = 'TRIM_HORIZON, LATEST, or a time such as 2026-01-31T12:00:00Z';
  return leaf<string>({ type: expected, ...said }, (raw) => {
    if (raw === 'TRIM_HORIZON' || raw === 'LATEST') return { value: raw };
    const isTime = typeof raw === 'string' && DATE_TIME.test(raw) && !Number.isNaN(Date.parse(raw));
    return isTime ? { value: raw } : { expected };
  });
}

export function oneOf<const T extends string>(words: readonly T[], said: Says) {
  const list = words.join(', ');
  const expected = words.length > 1 ? `one of ${list}` : list;
  return leaf<T>({ type: expected, ...said }, (raw) => {
    const word = words.find((known) => known === raw || (typeof raw === 'number' && known === String(raw)));
    return word === undefined ? { expected } : { value: word };
  });
}

export interface TextOptions extends Says {
  readonly type?: string;
  readonly pattern?: RegExp;
  readonly isSecret?: boolean;
}

/** At least one character. */
export function text({ type = 'text', pattern = /./s, ...said }: TextOptions) {
  return leaf<string>({ type, ...said }, (raw) => {
    if (typeof raw === 'string' && pattern.test(raw)) return { value: raw };
    const isBareScalar = typeof raw === 'number' || typeof raw === 'boolean';
    return { expected: type, ...(isBareScalar ? { hint: 'write it in quotes' } : {}) };
  });
}

export function httpUrl(said: Says) {
  const type = 'http or https URL';
  return leaf<string>({ type, ...said }, (raw) => {
    const url = typeof raw === 'string' && URL.canParse(raw) ? new URL(raw) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return { expected: type };
    if (url.username !== '' || url.password !== '') {
      return { expected: `${type} without credentials`, hint: 'they have keys of their own' };
    }
    if (url.search !== '' || url.hash !== '') return { expected: `${type} without ? and #` };
    return { value: (raw as string).replace(/\/+$/, '') };
  });
}

/** `[low, high]`, both inclusive. */
export function numberRange({ says }: Says) {
  return leaf<readonly [number, number]>(
    { type: 'list of two numbers', limits: 'lowest first', says },
    (raw) => {
      const expected = 'a list of two numbers, lowest first';
      if (!Array.isArray(raw) || raw.length !== 2) return { expected };
      const [low, high]: unknown[] = raw;
      if (typeof low !== 'number' || typeof high !== 'number') return { expected };
      return low <= high && Number.isFinite(low) && Number.isFinite(high)
        ? { value: [low, high] }
        : { expected };
    },
  );
}

/** Keys and values; unknown keys are refused. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, { says }: Says) {
  const schema = z.strictObject(shape);
  settingInfos.add(schema, { type: 'section', says });
  return schema;
}

/** Free names with a value each. */
export function named<Value extends z.ZodType>(
  value: Value,
  { says, type }: Says & { readonly type: string },
) {
  const schema = z.record(z.string(), value);
  settingInfos.add(schema, { type, says });
  return schema;
}

export function listOf<Entry extends z.ZodType>(
  entry: Entry,
  said: Says & { readonly placeholder: unknown },
) {
  const schema = z.array(entry).min(1);
  settingInfos.add(schema, { type: 'list', limits: 'at least one', ...said });
  return schema;
}

/** One word in the place of something larger. The larger one stands last: problems are told of that one. */
export function wordOr<const Word extends string | false, Larger extends z.ZodType>(
  word: Word,
  larger: Larger,
  { says, type }: Says & { readonly type: string },
) {
  const schema = z.union([z.literal(word), larger]);
  settingInfos.add(schema, { type, says });
  return schema;
}
