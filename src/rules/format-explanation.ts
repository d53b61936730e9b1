import { escapeUnprintable, oneLine, printable, quoted } from '../lib/printable.js';
import type { ExplanationJson, RuleTrial } from './explain-record.js';
import type { ExplainedType } from './policies/fit-mapped.js';
import type { ExplainedCondition, ExplainedValue } from './recorded-trace.js';
import { type Captures, compileTopicPattern } from './topic-pattern.js';

const LABEL_WIDTH = 9;
/** A wider `name = value` is not followed by blanks. */
const MAX_ASSIGNMENT_WIDTH = 32;
const MAX_VALUE_CHARACTERS = 60;
/** Of long lists the beginning is printed; `--json` has all. */
const MAX_VALUES = 100;
const MAX_UNUSED = 20;
const MAX_OTHER_RULES = 5;
const MAX_WINDOWS = 20;

/** What text needs of an explanation. */
export type ExplanationText = Pick<
  ExplanationJson,
  | 'topic'
  | 'tried'
  | 'device'
  | 'format'
  | 'formatBy'
  | 'contentType'
  | 'repaired'
  | 'conditions'
  | 'values'
  | 'moreValues'
  | 'unused'
  | 'types'
  | 'lines'
  | 'windows'
  | 'notes'
  | 'outcome'
  | 'rule'
  | 'code'
  | 'reason'
>;

/**
 * The explanation as text for a terminal, without a line feed at the end.
 *
 * @param afterTopic lines about the message that come before the rules
 */
export function formatExplanation(explanation: ExplanationText, afterTopic: readonly string[] = []): string {
  const { topic, device, lines, notes } = explanation;
  const text = [labelled('topic', oneLine(topic)), ...afterTopic];
  const { shown, hidden } = rulesToShow(explanation);
  for (const { rule, filter, mismatch } of shown) {
    text.push(labelled('rule', `${rule} (${filter}): ${outcomeOf(mismatch)}`));
    if (mismatch !== undefined) continue;
    for (const [name, level] of Object.entries(levelsBy(filter, topic))) {
      text.push(labelled('', `topic.${name} = ${oneLine(level)}`));
    }
    if (device !== undefined) text.push(labelled('', `device = ${oneLine(device)}`));
  }
  if (hidden > 0) text.push(labelled('', `${hidden} more rules do not take this topic`));
  const { format, formatBy, repaired } = explanation;
  if (format !== undefined && (format !== 'json' || formatBy !== undefined)) {
    text.push(labelled('format', `${format}${formatReason(explanation)}`));
  }
  if (repaired !== undefined) text.push(labelled('repaired', repaired.join(', ')));
  text.push(
    ...explanation.conditions.map(conditionText),
    ...valueTexts(explanation),
    ...unusedText(explanation),
  );
  text.push(...(explanation.types ?? []).map(typeText));
  text.push(...lines.map((line) => labelled('line', escapeUnprintable(line))), ...windowTexts(explanation));
  if (explanation.outcome === 'filtered') text.push(labelled('filtered', filteredBy(explanation)));
  if (explanation.outcome === 'parked')
    text.push(labelled('parked', `${explanation.code}: ${explanation.reason}`));
  for (const { code, count } of notes) {
    text.push(labelled('warning', `${code}${count > 1 ? ` (${count} times)` : ''}`));
  }
  return text.join('\n');
}

/** Why it is that format, for a message with a content type. */
function formatReason({ formatBy, contentType = '' }: ExplanationText): string {
  const type = quoted(contentType);
  switch (formatBy) {
    case undefined:
      return '';
    case 'content-type':
      return `, by the content type ${type}`;
    case 'default':
      return `; the content type ${type} names none`;
    case 'rule':
      return `, by the rule; the content type is ${type}`;
    case 'consumer.formats':
      return `, by consumer.formats; the content type is ${type}`;
  }
}

/** Several rules may take one message, each with other names for its levels. */
function levelsBy(filter: string, topic: string): Captures {
  const compiled = compileTopicPattern(filter);
  return (compiled.ok ? compiled.pattern.match(topic) : undefined) ?? {};
}

function typeText({ field, type, storedType, outcome }: ExplainedType): string {
  return labelled('type', `${oneLine(field)} is ${type}, the store has ${storedType}: ${outcome}`);
}

function windowTexts({ windows = [] }: ExplanationText): string[] {
  const text = windows.slice(0, MAX_WINDOWS).map(({ measurement, from, to, by }) => {
    const tags = Object.entries(by).map(([name, value]) => ` ${cut(name)}=${cut(value)}`);
    const group = tags.length === 0 ? ', all in one group' : `, by${tags.join('')}`;
    return labelled('window', `${measurement} ${from} to ${endText(from, to)}${group}`);
  });
  const more = windows.length - MAX_WINDOWS;
  return more > 0 ? [...text, labelled('', `… ${more} more windows`)] : text;
}

/** The end without its date where that is the one of the start. */
function endText(from: string, to: string): string {
  const dateAndT = 'yyyy-mm-ddT'.length;
  return from.slice(0, dateAndT) === to.slice(0, dateAndT) ? to.slice(dateAndT) : to;
}

/** With profiles there are many rules. Of those that have nothing to do with the topic only some are shown. */
function rulesToShow({ tried }: ExplanationText): {
  readonly shown: readonly RuleTrial[];
  readonly hidden: number;
} {
  let others = 0;
  const shown = tried.filter(({ mismatch }) => {
    if (mismatch === undefined || isDecidedLater(mismatch)) return true;
    others += 1;
    return others <= MAX_OTHER_RULES;
  });
  return { shown, hidden: tried.length - shown.length };
}

/** One line of the text: a label, and what it says. */
export function labelled(label: string, says: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${says}`.trimEnd();
}

function outcomeOf(mismatch: string | undefined): string {
  if (mismatch === undefined) return 'takes it';
  return isDecidedLater(mismatch) ? mismatch : `no: ${mismatch}`;
}

function isDecidedLater(mismatch: string): boolean {
  return mismatch.startsWith('not tried');
}

function conditionText({ expression, result, read }: ExplainedCondition): string {
  const values = read.map(
    ({ path, found }) => `${cut(path)} ${found === undefined ? 'is not there' : `= ${cut(found)}`}`,
  );
  const state = result === undefined ? 'failed' : `is ${result}`;
  return labelled(
    'where',
    `${oneLine(expression)} ${state}${values.length > 0 ? `: ${values.join(', ')}` : ''}`,
  );
}

function valueTexts({ values, moreValues = 0, reason }: ExplanationText): string[] {
  const shown = values.slice(0, MAX_VALUES);
  const assignments = shown.map(assignmentOf);
  const width = Math.max(...assignments.map(({ length }) => (length > MAX_ASSIGNMENT_WIDTH ? 0 : length)));
  const text: string[] = [];
  let element: string | undefined;
  for (const [index, value] of shown.entries()) {
    if (value.element !== element) {
      element = value.element;
      text.push(labelled('element', oneLine(element ?? '')));
    }
    // The measurement's own word is wider than the column.
    const label = value.target === 'measurement' ? 'into' : value.target;
    text.push(labelled(label, `${(assignments[index] as string).padEnd(width)}  ${originOf(value, reason)}`));
  }
  const more = values.length - shown.length + moreValues;
  if (more > 0) text.push(labelled('', `… ${more} more values`));
  return text;
}

function assignmentOf({ target, name, became }: ExplainedValue): string {
  const value = became === undefined ? '(none)' : cut(became);
  return target === 'time' || target === 'measurement' ? value : `${cut(name)} = ${value}`;
}

/** `reason`: what the record is parked for, which has a line of its own. */
function originOf(
  { from, found, became, omitted, instead, note }: ExplainedValue,
  reason: string | undefined,
): string {
  const isSame = found === undefined || found === became || found === JSON.stringify(became);
  const noted = note === undefined ? '' : `, ${note}`;
  const source = `from ${cut(from)}${isSame ? '' : ` (${cut(found)})`}${noted}`;
  const why = omitted ?? instead;
  if (why === undefined) return source;
  return `${source}: ${why === reason ? 'the record is parked for it' : oneLine(why)}`;
}

function unusedText({ unused }: ExplanationText): string[] {
  if (unused.length === 0) return [];
  const shown = unused.slice(0, MAX_UNUSED).map(cut).join(', ');
  const more = unused.length - MAX_UNUSED;
  return [labelled('unused', more > 0 ? `${shown}, and ${more} more` : shown)];
}

/** A rule that filters for another reason than its condition appends that to its name. */
function filteredBy({ rule = '', tried }: ExplanationText): string {
  if (tried.some(({ rule: name }) => name === rule)) return `by the where of rule ${rule}`;
  return `as ${rule}`;
}

function cut(text: string): string {
  return printable(text, MAX_VALUE_CHARACTERS);
}
