import { isTimeText } from './find-time.js';
import { isIdentityName, isPerMessageName, isStateName } from './name-words.js';
import { numberField } from './number-field.js';
import { readNumberText } from './number-text.js';
import { nameOf, numberOf, type Observed, referenceTo, scalarOf } from './observed.js';
import type { Verdict } from './verdict.js';
import { wordField } from './word-field.js';
import { yamlSection, yamlText } from './yaml-text.js';

/** So many values are few, however many messages there are. */
const FEW_VALUES = 20;
/** With fewer messages cardinality says nothing. */
const ENOUGH_MESSAGES = 5;
const MAX_TAG_BYTES = 256;
const MAX_FIELD_CHARACTERS = 256;
const CONTROL = /\p{Cc}/u;

/** Decides whether a value is a tag, a field or neither, by its values first and by its name where they do not tell. */
export function judgeValue(observed: Observed): Verdict {
  const { seen } = observed;
  const name = nameOf(observed);
  const there = seen.filter(({ value }) => value !== null);
  if (there.length === 0) return omitted('it is always null');
  const scalars = there.flatMap(({ value }) => scalarOf(value) ?? []);
  if (scalars.length < there.length / 2) return omitted('most of its values are lists or objects');
  const distinct = new Set(scalars);
  const presence = presenceOf(observed);
  const numbers = there.filter(({ value }) => numberOf(value) !== undefined).length;
  const texts = there.filter(({ value }) => typeof value === 'string').map(({ value }) => value as string);
  if (
    isNumericIdentity(
      name,
      there.map(({ value }) => numberOf(value)),
      distinct.size,
    )
  ) {
    return {
      kind: 'tag',
      value: tagValue(observed, scalars),
      comment: `${presence}; ${valuesText(distinct)}`,
    };
  }
  if (texts.length === 0 && numbers > 0) return numberField(observed, presence);
  if (texts.length === 0) return field(observed, [['type', 'boolean']], presence);
  if (isTimeText(observed)) return omitted('it is another time');
  const asNumbers = texts.filter((text) => readNumberText(text) !== undefined).length;
  if (numbers + asNumbers >= there.length / 2) return numberField(observed, presence);
  const words = wordField(observed, presence);
  if (words !== undefined) return words;
  return judgeText(observed, { name, scalars, distinct, presence });
}

interface Texts {
  readonly name: string;
  readonly scalars: readonly string[];
  readonly distinct: ReadonlySet<string>;
  readonly presence: string;
}

function judgeText(observed: Observed, { name, scalars, distinct, presence }: Texts): Verdict {
  const count = scalars.length;
  const isNewEachTime = distinct.size > FEW_VALUES && distinct.size > count / 2;
  const values = valuesText(distinct);
  if (
    isNewEachTime ||
    isPerMessageName(name) ||
    (count >= ENOUGH_MESSAGES && distinct.size === count && !isIdentityName(name))
  ) {
    return omitted(`it changes with the messages (${values}): never a tag`);
  }
  const longest = scalars.reduce((length, text) => Math.max(length, Buffer.byteLength(text)), 0);
  const isText = observed.seen.every(({ value }) => value === null || typeof value === 'string');
  const canBeField = longest <= MAX_FIELD_CHARACTERS && isText && !scalars.some((text) => CONTROL.test(text));
  if (isStateName(name) && canBeField) return field(observed, [['type', 'string']], `${presence}; ${values}`);
  const isRepeated = distinct.size === 1 || distinct.size <= count / 2;
  if (longest <= MAX_TAG_BYTES && (isIdentityName(name) || isRepeated)) {
    return { kind: 'tag', value: tagValue(observed, scalars), comment: `${presence}; ${values}` };
  }
  if (canBeField) return field(observed, [['type', 'string']], `${presence}; ${values}`);
  return omitted('it is a long text, or has control characters');
}

function isNumericIdentity(
  name: string,
  numbers: readonly (number | undefined)[],
  distinct: number,
): boolean {
  if (!isIdentityName(name)) return false;
  if (!numbers.every((number) => number !== undefined && Number.isInteger(number) && number >= 0))
    return false;
  return distinct <= Math.max(1, numbers.length / 2) && distinct <= FEW_VALUES;
}

function tagValue(observed: Observed, scalars: readonly string[]): string {
  const reference = yamlText(referenceTo(observed.base, observed.path));
  const needsCare = scalars.some((text) => CONTROL.test(text) || text.endsWith('\\'));
  // In the short form braces are a template.
  if (!needsCare && !reference.includes('{')) return reference;
  return yamlSection([['path', reference], ...(needsCare ? [['otherwise', 'replace'] as const] : [])]);
}

function field(observed: Observed, more: readonly (readonly [string, string])[], comment: string): Verdict {
  const path = yamlText(referenceTo(observed.base, observed.path));
  const hasOthers =
    new Set(
      observed.seen
        .map(({ value }) => value)
        .filter((value) => value !== null)
        .map((value) => typeof value),
    ).size > 1;
  return {
    kind: 'field',
    value: yamlSection([['path', path], ...more, ...(hasOthers ? [['otherwise', 'omit'] as const] : [])]),
    comment: hasOthers ? `${comment}; values of another type are omitted` : comment,
  };
}

/** How many messages have the value. */
export function presenceOf({ base, seen, of }: Observed): string {
  const noun = base === 'payload' ? 'messages' : 'elements';
  const count = seen.filter(({ value }) => value !== null).length;
  if (of === 1) return `the only ${noun.slice(0, -1)} has it`;
  return count === of ? `all ${of} ${noun} have it` : `${count} of ${of} ${noun} have it`;
}

function valuesText(distinct: ReadonlySet<string>): string {
  const shown = [...distinct].slice(0, 3).map((text) => (text.length <= 24 ? text : `${text.slice(0, 24)}…`));
  const list = shown.join(', ');
  return distinct.size === 1
    ? `always ${list}`
    : `${distinct.size} values: ${list}${distinct.size > shown.length ? ' …' : ''}`;
}

function omitted(reason: string): Verdict {
  return { kind: 'omitted', reason };
}
