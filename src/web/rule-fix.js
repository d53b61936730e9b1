import { element } from './dom.js';
import { foreign, moment } from './format.js';
import { isRefusal, parkWords } from './park-words.js';

/** @import { rangeSuggestion } from './range-suggestion.js' */
/** @import { Around } from './set-aside-row.js' */
/** @import { Child, ParkedGroupView, RulePart } from './types.js' */

/**
 * What can be done so that the messages of a group become points: the part of the rule that decides, as it is in use, and
 * the commands. A change is suggested only where it follows from what the messages say.
 *
 * @param {ParkedGroupView} group
 * @param {Pick<Around, 'nowMs' | 'rulesSinceMs' | 'command'>} around
 * @param {ReturnType<typeof rangeSuggestion>} outside the values that were outside of a range
 * @returns {readonly Child[]}
 */
export function ruleFix({ code, rulePart, replay }, { nowMs, rulesSinceMs, command }, outside) {
  const isFixed = replay !== undefined && replay.fits === replay.tried && !isRefusal(code);
  const suggestion = isFixed ? undefined : outside;
  /** @type {Child[]} */
  const nodes = [];
  if (rulePart !== undefined) nodes.push(ruleText(rulePart, suggestion));
  if (suggestion !== undefined) {
    nodes.push(
      element(
        'p',
        {},
        suggestion.low === suggestion.high
          ? `The value that was outside: ${suggestion.low}.`
          : `The values that were outside: ${suggestion.low} to ${suggestion.high}.`,
      ),
    );
  }
  const fixed = 'Nothing more is to be fixed: the rules in use take these messages.';
  nodes.push(element('p', {}, isFixed ? fixed : parkWords(code).advice));
  if (code === 'rule-none' && !isFixed) {
    const suggest = `${command('suggest')} --dead-letter --code rule-none`;
    nodes.push(element('p', { class: 'footnote' }, codeOf(suggest), ' writes a rule to start from.'));
  }
  if (rulesSinceMs === undefined) return nodes;
  const where = rulePart === undefined ? [] : ['In ', codeOf(placeOf(rulePart)), '. '];
  const commands = ['After a change: ', codeOf(command('check')), ', then ', codeOf(command('reload')), '. '];
  const since = `These rules are in use since ${moment(rulesSinceMs, nowMs)}.`;
  nodes.push(element('p', { class: 'footnote' }, ...where, ...(isFixed ? [] : commands), since));
  return nodes;
}

/** @param {RulePart} part @param {ReturnType<typeof rangeSuggestion>} suggestion */
function ruleText({ text }, suggestion) {
  /** @type {Child[]} */
  const nodes = [];
  for (const line of text.split('\n')) {
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    if (nodes.length > 0) nodes.push('\n');
    if (suggestion !== undefined && line.trim() === suggestion.before) {
      nodes.push(element('del', {}, `- ${line}`), '\n', element('ins', {}, `+ ${indent}${suggestion.after}`));
    } else nodes.push(`  ${foreign(line, 400)}`);
  }
  const block = {
    class: 'code-block',
    tabindex: '0',
    role: 'group',
    'aria-label': 'The part of the rule that decides',
  };
  return element('pre', block, ...nodes);
}

/** @param {RulePart} part */
function placeOf({ file, line, key }) {
  return line === undefined ? `${foreign(file)}, ${foreign(key)}` : `${foreign(file)}:${line}`;
}

/** @param {string} text */
function codeOf(text) {
  return element('code', {}, text);
}
