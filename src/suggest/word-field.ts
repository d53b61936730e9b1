import { isIdentityName } from './name-words.js';
import { isNoValueWord } from './number-text.js';
import { nameOf, type Observed, referenceTo, scalarOf } from './observed.js';
import type { Verdict } from './verdict.js';
import { yamlList, yamlSection, yamlText } from './yaml-text.js';

/** Words for yes and no that belong together. */
const PAIRS: readonly (readonly [yes: readonly string[], no: readonly string[]])[] = [
  [['on'], ['off']],
  [['true'], ['false']],
  [['yes'], ['no']],
  [
    ['open', 'opened'],
    ['closed', 'close'],
  ],
  [['online'], ['offline']],
  [['up'], ['down']],
  [['home'], ['not_home', 'away']],
  [['detected'], ['clear', 'not detected']],
  [['locked'], ['unlocked']],
  [['running'], ['stopped']],
  [['enabled'], ['disabled']],
  [['active'], ['inactive', 'idle']],
  [['wet'], ['dry']],
];
/** Words that mean yes or no wherever they stand, also when the other one was not seen. */
const CLEAR_PAIRS = 5;

/** A boolean field out of two words such as ON and OFF; undefined for other texts. */
export function wordField(observed: Observed, presence: string): Verdict | undefined {
  const { base, path, seen } = observed;
  const name = nameOf(observed);
  const words = [...new Set(seen.flatMap(({ value }) => scalarOf(value)?.trim() ?? []))];
  const meant = words.filter((word) => !isNoValueWord(word));
  const index = PAIRS.findIndex(([yes, no]) =>
    meant.every((word) => [...yes, ...no].includes(word.toLowerCase())),
  );
  const pair = PAIRS[index];
  if (pair === undefined || meant.length === 0) return undefined;
  if (meant.length === 1 && (index >= CLEAR_PAIRS || isIdentityName(name))) return undefined;
  const [yes, no] = pair;
  const writtenAs = (word: string) =>
    meant.find((one) => one.toLowerCase() === word) ?? matchCase(word, meant);
  const map = [
    ...yes.map((word) => [writtenAs(word), 'true'] as const),
    ...no.map((word) => [writtenAs(word), 'false'] as const),
  ];
  const noValue = words.filter(isNoValueWord);
  return {
    kind: 'field',
    value: yamlSection([
      ['path', yamlText(referenceTo(base, path))],
      ['type', 'boolean'],
      ...(noValue.length === 0 ? [] : [['noValue', yamlList(noValue)] as const]),
      ['map', yamlSection(map)],
    ]),
    comment: `${presence}; ${words.join(', ')}`,
  };
}

/** The word that was not seen, in capitals where the others are. */
function matchCase(word: string, seen: readonly string[]): string {
  return seen.every((one) => one === one.toUpperCase()) ? word.toUpperCase() : word;
}
