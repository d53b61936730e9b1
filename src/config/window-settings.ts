import { nearestName } from '../lib/nearest-name.js';
import { WINDOW_FUNCTIONS, type WindowFunction } from '../windows/aggregate.js';
import { leaf, type SettingText } from './setting.js';

// Single values of `windows.aggregates` that no other section has.

export const MAX_BOUNDS = 50;
export const MAX_QUANTILES = 20;
const MAX_TAGS = 50;

/** The tags that make the groups: a text, or a list of texts that may be empty. */
export function groupTags(info: SettingText) {
  const type = 'name of a tag, or a list of them';
  return leaf<readonly string[]>({ type, limits: `at most ${MAX_TAGS}`, ...info }, (raw) => {
    const names: unknown[] = Array.isArray(raw) ? raw : [raw];
    const areTexts = names.every((name): name is string => typeof name === 'string' && name !== '');
    if (!areTexts || names.length > MAX_TAGS) return { expected: `the ${type}` };
    if (new Set(names).size < names.length) return { expected: 'each tag only once' };
    return { value: names };
  });
}

/** A function of a field, or a list of them. */
export function windowFunctions(info: SettingText) {
  const type = `one of ${WINDOW_FUNCTIONS.join(', ')}, or a list of them`;
  return leaf<readonly WindowFunction[]>({ type, ...info }, (raw) => {
    const names: unknown[] = Array.isArray(raw) ? raw : [raw];
    if (names.length === 0) return { expected: type };
    const wrong = names.find((name) => !isFunction(name));
    if (wrong !== undefined) return { expected: type, hint: functionHint(String(wrong)) };
    if (new Set(names).size < names.length) return { expected: 'each function only once' };
    return { value: names as readonly WindowFunction[] };
  });
}

/** What other tools call a function. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['avg', 'mean'],
  ['average', 'mean'],
  ['std', 'stddev'],
  ['total', 'sum'],
  ['median', 'quantiles: [0.5]'],
  ['mode', 'topk'],
]);

function functionHint(name: string): string | undefined {
  const meant = OTHER_NAMES.get(name.toLowerCase()) ?? nearestName(name, WINDOW_FUNCTIONS);
  if (/^p\d+$/.test(name)) return `write quantiles: [${Number(name.slice(1)) / 100}]`;
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

function isFunction(name: unknown): name is WindowFunction {
  return WINDOW_FUNCTIONS.some((known) => known === name);
}

export type WrittenQuantiles = readonly number[] | Readonly<Record<string, readonly number[]>>;

/** Quantiles for all fields, or by field. */
export function quantiles(info: SettingText) {
  const expected = 'a list of ascending numbers between 0 and 1, or fields with such lists';
  return leaf<WrittenQuantiles>(
    { type: 'list of numbers, or fields with such lists', limits: `at most ${MAX_QUANTILES}`, ...info },
    (raw) => {
      if (isQuantiles(raw)) return { value: raw };
      const lists: unknown[] = typeof raw === 'object' && raw !== null ? Object.values(raw) : [raw];
      if (!Array.isArray(raw) && lists.length > 0 && lists.every(isQuantiles)) {
        return { value: raw as Readonly<Record<string, readonly number[]>> };
      }
      const percent = lists.flat().find((one) => typeof one === 'number' && one > 1 && one < 100);
      return { expected, hint: percent === undefined ? undefined : `write ${Number(percent) / 100}` };
    },
  );
}

function isQuantiles(raw: unknown): raw is readonly number[] {
  return isAscending(raw, MAX_QUANTILES) && raw[0]! > 0 && raw.at(-1)! < 1;
}

/** Ascending bounds of a histogram. */
export function histogramBounds(info: SettingText) {
  return leaf<readonly number[]>(
    { type: 'list of numbers', limits: `ascending, at most ${MAX_BOUNDS}`, ...info },
    (raw) =>
      isAscending(raw, MAX_BOUNDS)
        ? { value: raw }
        : { expected: `a list of 1 to ${MAX_BOUNDS} ascending numbers` },
  );
}

function isAscending(raw: unknown, most: number): raw is readonly number[] {
  return (
    Array.isArray(raw) &&
    raw.length > 0 &&
    raw.length <= most &&
    raw.every((one, index) => Number.isFinite(one) && (index === 0 || raw[index - 1] < one))
  );
}
