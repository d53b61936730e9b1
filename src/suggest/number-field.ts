import { ExactNumber } from '../formats/json/json-value.js';
import { isNoValueWord, readNumberText } from './number-text.js';
import { numberOf, type Observed, referenceTo } from './observed.js';
import { rangeOf, sentinelsIn } from './sentinels.js';
import { unitByName } from './unit-by-name.js';
import type { Verdict } from './verdict.js';
import { yamlList, yamlSection, yamlText } from './yaml-text.js';

const MAX_INT64 = 2n ** 63n - 1n;
/** More words than these are no words for "no value". */
const MAX_WORDS = 8;
const MAX_WORD_SHARE = 0.2;

/** What a device sends in the place of a number, and how it writes numbers. */
interface Found {
  readonly numbers: number[];
  /** Texts that are no numbers, with how often they come. */
  readonly words: Map<string, number>;
  readonly suffixes: Set<string>;
  hasDecimalComma: boolean;
  hasDecimalPoint: boolean;
  hasBoolean: boolean;
  hasOther: boolean;
}

/** A number field: its type, its notation, the values that mean "no value", and a unit by its name. */
export function numberField(observed: Observed, presence: string): Verdict {
  const found = readAll(observed);
  const name = observed.name ?? observed.path.join('_');
  const sentinels = sentinelsIn(found.numbers);
  const values = found.numbers.filter((number) => !sentinels.includes(number));
  const [min, max] = rangeOf(values.length > 0 ? values : found.numbers);
  const suffixes = [...found.suffixes];
  const hasTwoNotations = found.hasDecimalComma && found.hasDecimalPoint;
  const words = [...found.words.keys()];
  const wordCount = [...found.words.values()].reduce((sum, count) => sum + count, 0);
  const areNoValues =
    words.length <= MAX_WORDS &&
    (words.every(isNoValueWord) || wordCount <= MAX_WORD_SHARE * observed.seen.length);
  const unit = unitByName(name, { min, max });
  const needsOtherwise = found.hasOther || hasTwoNotations || (words.length > 0 && !areNoValues);
  const isWhole = isInteger64(observed);
  const noValue = [...(areNoValues ? words : []), ...sentinels];
  const options: (readonly [string, string])[] = [
    ['path', yamlText(referenceTo(observed.base, observed.path))],
    ['type', isWhole ? 'int' : 'float'],
    ...(noValue.length === 0 ? [] : [['noValue', yamlList(noValue)] as const]),
    ...(found.hasBoolean ? [['map', '{ "true": 1, "false": 0 }'] as const] : []),
    ...(suffixes.length === 0 ? [] : [['suffix', yamlList(suffixes)] as const]),
    ...(found.hasDecimalComma ? [['decimalComma', 'true'] as const] : []),
    ...(unit === undefined ? [] : [['unit', yamlText(unit)] as const]),
    ...(needsOtherwise ? [['otherwise', 'omit'] as const] : []),
  ];
  const comments = [
    presence,
    min === max ? `always ${min}` : `${min} … ${max}`,
    ...(unit === undefined ? [] : ['unit guessed by name: check']),
    ...(suffixes.length > 1 ? ['it has several suffixes: are they one unit?'] : []),
    ...(sentinels.length === 0 ? [] : [`${sentinels.join(', ')} now and then: no value?`]),
    ...(words.some((word) => !isNoValueWord(word)) ? [`also ${words.slice(0, 3).join(', ')}`] : []),
    ...(needsOtherwise ? ['what is no number is omitted'] : []),
  ];
  return { kind: 'field', value: yamlSection(options), comment: comments.join('; ') };
}

function readAll({ seen }: Observed): Found {
  const found: Found = {
    numbers: [],
    words: new Map(),
    suffixes: new Set(),
    hasDecimalComma: false,
    hasDecimalPoint: false,
    hasBoolean: false,
    hasOther: false,
  };
  for (const { value } of seen) {
    if (value === null) continue;
    const number = numberOf(value);
    if (number !== undefined) found.numbers.push(number);
    else if (typeof value === 'string') readText(value, found);
    else if (typeof value === 'boolean') found.hasBoolean = true;
    else found.hasOther = true;
  }
  return found;
}

function readText(text: string, found: Found): void {
  const read = readNumberText(text);
  if (read === undefined) {
    // Digits with a leading zero are a number beside other numbers.
    if (/^[+-]?\d+(?:\.\d+)?$/.test(text.trim())) found.numbers.push(Number(text));
    else found.words.set(text.trim(), (found.words.get(text.trim()) ?? 0) + 1);
    return;
  }
  found.numbers.push(read.number);
  if (read.suffix !== undefined) found.suffixes.add(read.suffix);
  found.hasDecimalComma ||= read.hasDecimalComma;
  found.hasDecimalPoint ||= read.hasDecimalPoint;
}

/** Whether a float would lose digits: whole numbers beyond 2^53, or what the format declares an int. */
function isInteger64({ seen }: Observed): boolean {
  let isLarge = false;
  for (const { value } of seen) {
    if (value === null) continue;
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) return false;
      continue;
    }
    if (!(value instanceof ExactNumber) || !/^-?\d+$/.test(value.text)) return false;
    const whole = BigInt(value.text);
    if (whole > MAX_INT64 || whole < -MAX_INT64 - 1n) return false;
    isLarge ||= !Number.isSafeInteger(value.toNumber());
  }
  return isLarge;
}
