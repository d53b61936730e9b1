import * as z from 'zod';
import { nearestName } from '../lib/nearest-name.js';
import { formatDuration, formatSize, parseDuration, parseSize, type Quantity } from '../lib/quantity.js';
import { secretProblem } from './secret-problem.js';

/** What the documentation and the problems show about a key. */
export interface SettingInfo {
  /** `size`, `duration`, `text`, `one of a, b`, `section` … */
  readonly type: string;
  readonly unit?: string;
  readonly limits?: string;
  /** What applies when the key is absent and has no fixed default. */
  readonly unset?: string;
  /** A sentence for docs/configuration.md. */
  readonly description: string;
  /** True when the value must never be shown. */
  readonly isSecret?: boolean;
  /** True for the path of a file that holds a secret. */
  readonly namesSecretFile?: boolean;
  /** Replaces a list entry that cannot be read, so that the other entries can still be checked. */
  readonly placeholder?: unknown;
  /** The current name of this key, if it is an old one: still read, but not shown in documentation and hints. */
  readonly aliasOf?: string;
}

/** The info of every schema; docs/configuration.md and the texts of problems are generated from it. */
export const settingInfos = z.registry<SettingInfo>();

interface Invalid {
  readonly expected: string;
  readonly hint?: string;
}

type Parsed<T> = { readonly value: T } | Invalid;

/** Creates the schema of a single value; `parse` gets the value from YAML. */
export function leaf<T>(info: SettingInfo, parse: (raw: unknown) => Parsed<T>) {
  const schema = z.unknown().transform((raw, context): T => {
    const parsed = parse(raw);
    if ('value' in parsed) return parsed.value;
    context.issues.push({
      code: 'custom',
      message: parsed.expected,
      input: raw,
      params: { hint: parsed.hint },
    });
    return z.NEVER;
  });
  settingInfos.add(schema, info);
  return schema;
}

export type SettingText = Pick<SettingInfo, 'description' | 'unset' | 'aliasOf'>;

interface QuantityBounds extends SettingText {
  readonly min?: number;
  readonly max?: number;
}

/** A size in bytes, written with a unit. */
export function size(bounds: QuantityBounds) {
  return quantity('size', 'bytes', parseSize, formatSize, bounds);
}

/** A duration in milliseconds, written with a unit. */
export function duration(bounds: QuantityBounds) {
  return quantity('duration', 'milliseconds', parseDuration, formatDuration, bounds);
}

function quantity(
  type: string,
  unit: string,
  parse: (raw: unknown) => Quantity,
  format: (value: number) => string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...info }: QuantityBounds,
) {
  const limits = boundsText(
    min > 0 ? format(min) : undefined,
    max < Number.MAX_SAFE_INTEGER ? format(max) : undefined,
  );
  const expected = `a ${type}${limits === undefined ? '' : ` of ${limits}`}`;
  return leaf<number>({ type, unit, limits, ...info }, (raw) => {
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

/** A whole number; digits as text are accepted too, because environment variables are text. */
export function wholeNumber({
  min,
  max,
  ...info
}: SettingText & { readonly min: number; readonly max: number }) {
  const limits = `${min} to ${max}`;
  return leaf<number>({ type: 'whole number', limits, ...info }, (raw) => {
    const value = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
    const isValid = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return isValid ? { value } : { expected: `a whole number, ${limits}` };
  });
}

/** A boolean; `true` and `false` as text are accepted too, because environment variables are text. */
export function trueOrFalse(info: SettingText) {
  return leaf<boolean>({ type: 'true or false', ...info }, (raw) => {
    if (raw === true || raw === 'true') return { value: true };
    if (raw === false || raw === 'false') return { value: false };
    return { expected: 'true or false' };
  });
}

/** `on` or `off`; `true` and `false` are accepted too, because they mean the same in YAML 1.1. */
export function onOrOff(info: SettingText) {
  return leaf<'on' | 'off'>({ type: 'on or off', ...info }, (raw) => {
    if (raw === 'on' || raw === true || raw === 'true') return { value: 'on' };
    if (raw === 'off' || raw === false || raw === 'false') return { value: 'off' };
    return { expected: 'on or off' };
  });
}

/** A power of two from 1 to `max`. */
export function powerOfTwo({ max, ...info }: SettingText & { readonly max: number }) {
  const limits = `1 to ${max}`;
  const expected = `a power of two, ${limits}`;
  return leaf<number>({ type: 'power of two', limits, ...info }, (raw) => {
    const value = typeof raw === 'string' && DECIMAL.test(raw) ? Number(raw) : raw;
    if (typeof value !== 'number' || value < 1 || value > max) return { expected };
    return Number.isInteger(Math.log2(value)) ? { value } : { expected };
  });
}

/** An RFC 3339 time with its offset. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** The start of a Kinesis reader: `TRIM_HORIZON`, `LATEST`, or a time. */
export function startPoint(info: SettingText) {
  const expected = 'TRIM_HORIZON, LATEST, or a time such as 2026-01-31T12:00:00Z';
  return leaf<string>({ type: expected, ...info }, (raw) => {
    if (raw === 'TRIM_HORIZON' || raw === 'LATEST') return { value: raw };
    const isTime = typeof raw === 'string' && DATE_TIME.test(raw) && !Number.isNaN(Date.parse(raw));
    return isTime ? { value: raw } : { expected };
  });
}

/** What people write for a word of a setting, because other programs call it so. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['seconds', 's'],
  ['sec', 's'],
  ['milliseconds', 'ms'],
  ['millis', 'ms'],
  ['microseconds', 'us'],
  ['nanoseconds', 'ns'],
  ['iso8601', 'rfc3339'],
  ['number', 'float'],
  ['double', 'float'],
  ['integer', 'int'],
  ['bool', 'boolean'],
  ['text', 'string'],
]);

function meantWord(written: string, words: readonly string[]): string | undefined {
  const other = OTHER_WORDS.get(written.toLowerCase());
  return other !== undefined && words.includes(other) ? other : nearestName(written, words);
}

/** One of several words. */
export function oneOf<const T extends string>(words: readonly T[], info: SettingText) {
  const list = words.join(', ');
  const expected = words.length > 1 ? `one of ${list}` : list;
  return leaf<T>({ type: expected, ...info }, (raw) => {
    const word = words.find((known) => known === raw || (typeof raw === 'number' && known === String(raw)));
    if (word !== undefined) return { value: word };
    const meant = typeof raw === 'string' ? meantWord(raw, words) : undefined;
    return { expected, hint: meant === undefined ? undefined : `did you mean ${meant}?` };
  });
}

export interface TextOptions extends SettingText {
  readonly type?: string;
  readonly pattern?: RegExp;
  readonly isSecret?: boolean;
  readonly namesSecretFile?: boolean;
}

/** A text of at least one character. */
export function text({ type = 'text', pattern = /./s, ...info }: TextOptions) {
  return leaf<string>({ type, ...info }, (raw) => {
    if (typeof raw === 'string' && pattern.test(raw)) return { value: raw };
    const isBareScalar = typeof raw === 'number' || typeof raw === 'boolean';
    return { expected: type, hint: isBareScalar ? 'write it in quotes' : undefined };
  });
}

/** A token or password: a text of one line without blanks around it. */
export function secret(info: SettingText) {
  return leaf<string>({ type: 'text', isSecret: true, ...info }, (raw) => {
    if (typeof raw !== 'string' || raw === '') {
      return { expected: 'text', hint: typeof raw === 'number' ? 'write it in quotes' : undefined };
    }
    const problem = secretProblem(raw);
    if (problem === undefined) return { value: raw };
    return { expected: problem.expected, hint: `it has ${problem.got}` };
  });
}

/** An http or https URL without credentials, query and fragment; slashes at its end are removed. */
export function httpUrl(info: SettingText) {
  const type = 'http or https URL';
  return leaf<string>({ type, ...info }, (raw) => {
    const url = typeof raw === 'string' && URL.canParse(raw) ? new URL(raw) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return { expected: type };
    if (url.username !== '' || url.password !== '') {
      return { expected: `${type} without credentials`, hint: 'they have keys of their own' };
    }
    if (url.search !== '' || url.hash !== '') return { expected: `${type} without ? and #` };
    return { value: (raw as string).replace(/\/+$/, '') };
  });
}

/** A finite number. */
export function finiteNumber(info: SettingText) {
  return leaf<number>({ type: 'number', ...info }, (raw) =>
    typeof raw === 'number' && Number.isFinite(raw) ? { value: raw } : { expected: 'a number' },
  );
}

export type Scalar = string | number | boolean;

function isScalar(raw: unknown): raw is Scalar {
  return (
    typeof raw === 'string' || typeof raw === 'boolean' || (typeof raw === 'number' && Number.isFinite(raw))
  );
}

/** A text, number or boolean, as it is written. */
export function scalar(info: SettingText) {
  return leaf<Scalar>({ type: 'text, number or boolean', ...info }, (raw) =>
    isScalar(raw) ? { value: raw } : { expected: 'a text, a number, true or false' },
  );
}

/** A text, number or boolean as it is written, or a list of texts. */
export function scalarOrTexts(info: SettingText) {
  const expected = 'a text, a number, true or false, or a list of texts';
  return leaf<Scalar | readonly string[]>({ type: 'text, number, boolean or list', ...info }, (raw) => {
    if (isScalar(raw)) return { value: raw };
    return Array.isArray(raw) && raw.every((one) => typeof one === 'string') ? { value: raw } : { expected };
  });
}

/** Keys of a rule that are checked later, as parts of that rule. */
export function keysOfRule(info: SettingText) {
  return leaf<Readonly<Record<string, unknown>>>({ type: 'section', ...info }, (raw) => {
    const isSection = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
    return isSection
      ? { value: raw as Readonly<Record<string, unknown>> }
      : { expected: 'a section with keys of the rule' };
  });
}

/** A list of texts, numbers and booleans. */
export function scalars(info: SettingText) {
  return leaf<readonly Scalar[]>({ type: 'list of texts, numbers or booleans', ...info }, (raw) => {
    if (Array.isArray(raw) && raw.length > 0 && raw.every(isScalar)) return { value: raw };
    return {
      expected: 'a list of texts, numbers or booleans',
      hint: isScalar(raw) ? 'write it in brackets: […]' : undefined,
    };
  });
}

/** One text, or a list of them. */
export function textOrTexts({ type = 'text', ...info }: TextOptions) {
  const expected = `${type}, or a list of them`;
  return leaf<string | readonly string[]>({ type: expected, ...info }, (raw) => {
    const texts: unknown[] = Array.isArray(raw) ? raw : [raw];
    const isFine = texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '');
    return isFine ? { value: raw as string | readonly string[] } : { expected };
  });
}

/** Words or numbers, and the value that each stands for. */
export function wordMap(info: SettingText) {
  const expected = 'words with the text, number or boolean that each stands for';
  return leaf<Readonly<Record<string, Scalar>>>({ type: 'words with their values', ...info }, (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { expected };
    const entries = Object.entries(raw as Record<string, unknown>);
    const isFine =
      entries.length > 0 && entries.every((entry): entry is [string, Scalar] => isScalar(entry[1]));
    return isFine ? { value: Object.fromEntries(entries) } : { expected };
  });
}

/** A range `[low, high]` that includes both ends; with `isWide` they differ. */
export function numberRange({ description }: SettingText, { isWide = false } = {}) {
  return leaf<readonly [number, number]>(
    { type: 'list of two numbers', limits: 'lowest first', description },
    (raw) => {
      const expected = `a list of two ${isWide ? 'different ' : ''}numbers, lowest first`;
      if (!Array.isArray(raw) || raw.length !== 2) return { expected };
      const [low, high]: unknown[] = raw;
      if (typeof low !== 'number' || typeof high !== 'number') return { expected };
      const isInOrder = isWide ? low < high : low <= high;
      return isInOrder && Number.isFinite(low) && Number.isFinite(high)
        ? { value: [low, high] }
        : { expected };
    },
  );
}

/** A list of texts. */
export function texts({ type = 'list of texts', ...info }: SettingText & { readonly type?: string }) {
  return leaf<readonly string[]>({ type, ...info }, (raw) => {
    const isFine =
      Array.isArray(raw) && raw.length > 0 && raw.every((one) => typeof one === 'string' && one !== '');
    return isFine ? { value: raw } : { expected: 'a list of texts' };
  });
}

/** A share such as `25%`, as a number above 0 up to 1. */
export function percent(info: SettingText) {
  const expected = 'a share such as 25%, above 0% up to 100%';
  return leaf<number>({ type: 'share', limits: 'above 0% up to 100%', ...info }, (raw) => {
    const [, digits] = typeof raw === 'string' ? (/^(\d+(?:\.\d+)?) ?%$/.exec(raw) ?? []) : [];
    const share = Number(digits) / 100;
    if (share > 0 && share <= 1) return { value: share };
    const meant = typeof raw !== 'number' ? 0 : raw <= 1 ? raw * 100 : raw;
    return { expected, hint: meant > 0 && meant <= 100 ? `write ${meant}%` : undefined };
  });
}
