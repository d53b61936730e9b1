import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';

/** How a device writes a value that is not simply a JSON number, boolean or text. */
export interface WordOptions {
  /** Values that mean "no value": texts whatever their case, numbers also when they are written as text. */
  readonly noValue?: readonly (string | number)[];
  /** What a word, number or boolean of the device stands for; texts whatever their case, unless two keys differ in it. */
  readonly map?: Readonly<Record<string, string | number | boolean>>;
  /** Texts have a decimal comma: `7,30`, `1.234,5`. */
  readonly decimalComma?: boolean;
  /** Texts behind a number, which are removed: `23.5 °C`. */
  readonly suffix?: readonly string[];
}

/** Prepares a value for its type; null: the device says that it has no value. */
export type ValuePreparation = (value: JsonValue) => JsonValue;

const NUMBER_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eE][+-]?\d+)?)$/;
const THOUSANDS = /^[+-]?\d{1,3}(?:\.\d{3})+,\d*$/;

/**
 * The decimal text that stands for a number which a device has written as text: blanks around it, a `+`, leading zeros, and
 * a missing digit on one side of the point are fine. `undefined` for anything else, such as hex or `Infinity`.
 */
export function plainNumber(text: string): string | undefined {
  const parts = NUMBER_TEXT.exec(text.trim());
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = ''] = parts;
  if (whole === '' && fraction === '') return undefined;
  return `${sign === '-' ? '-' : ''}${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}${exponent}`;
}

/** Compiles the options; `undefined` when there is nothing to do. */
export function compileWords(options: WordOptions): ValuePreparation | undefined {
  const steps: ValuePreparation[] = [];
  if (options.noValue !== undefined && options.noValue.length > 0) steps.push(noValueStep(options.noValue));
  if (options.map !== undefined) steps.push(mapStep(options.map));
  if (options.suffix !== undefined && options.suffix.length > 0) steps.push(suffixStep(options.suffix));
  if (options.decimalComma === true) steps.push(onText(withoutDecimalComma));
  const [first, second] = steps;
  if (first === undefined) return undefined;
  if (second === undefined) return first;
  return (value) => {
    let prepared = value;
    for (const step of steps) {
      prepared = step(prepared);
      if (prepared === null) return null;
    }
    return prepared;
  };
}

function noValueStep(noValue: readonly (string | number)[]): ValuePreparation {
  const words = new Set<string>();
  const numbers = new Set<number>();
  for (const one of noValue) {
    if (typeof one === 'number') numbers.add(one);
    else words.add(folded(one));
  }
  return (value) => {
    if (typeof value === 'string') {
      if (words.has(folded(value))) return null;
      const number = numbers.size === 0 ? undefined : plainNumber(value);
      return number !== undefined && numbers.has(Number(number)) ? null : value;
    }
    if (typeof value === 'number') return numbers.has(value) ? null : value;
    return value instanceof ExactNumber && numbers.has(value.toNumber()) ? null : value;
  };
}

function mapStep(map: NonNullable<WordOptions['map']>): ValuePreparation {
  const exact = new Map(Object.entries(map));
  const foldedKeys = new Map<string, string | number | boolean>();
  for (const [word, meaning] of exact) foldedKeys.set(folded(word), meaning);
  return (value) => {
    const word = wordOf(value);
    if (word === undefined) return value;
    return exact.get(word) ?? foldedKeys.get(folded(word)) ?? value;
  };
}

/** The longest suffix first: `kWh` before `h`. */
function suffixStep(suffixes: readonly string[]): ValuePreparation {
  const sorted = [...suffixes].sort((a, b) => b.length - a.length);
  return onText((text) => {
    const trimmed = text.trimEnd();
    const suffix = sorted.find((one) => trimmed.endsWith(one));
    return suffix === undefined ? text : trimmed.slice(0, trimmed.length - suffix.length).trimEnd();
  });
}

function withoutDecimalComma(text: string): string {
  const trimmed = text.trim();
  const digits = THOUSANDS.test(trimmed) ? trimmed.replaceAll('.', '') : trimmed;
  return digits.replace(',', '.');
}

function onText(change: (text: string) => string): ValuePreparation {
  return (value) => (typeof value === 'string' ? change(value) : value);
}

function wordOf(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}

function folded(text: string): string {
  return text.trim().toLowerCase();
}
