import { count, foreign } from './format.js';
import { NEARLY_FULL } from './stage-states.js';

/** @import { BudgetName, BudgetsAnswer, Level, MeasurementUse, UsedBudget } from './types.js' */

/** Below this share a budget is nothing to look at. */
const WORTH_SHOWING = 0.5;
const MAX_NAME = 60;

/** @type {Readonly<Record<BudgetName, string>>} */
const SETTINGS = {
  'tag-values': 'tagValues',
  series: 'series',
  'client-series': 'clientShare',
  fields: 'fields',
  'client-fields': 'clientShare',
};

/**
 * @typedef {object} BudgetRow
 * @property {string} measurement
 * @property {Level} level
 * @property {string} state
 * @property {string} use
 * @property {string} next '' while there is nothing to do
 * @property {boolean} isParking
 */

/**
 * The measurements of which a budget is used above half, in the order of the answer: the fullest first.
 *
 * @param {BudgetsAnswer} answer
 * @returns {BudgetRow[]}
 */
export function budgetRows({ limits, measurements }) {
  const otherwise = limits?.otherwise ?? 'park';
  return measurements.flatMap((measurement) => {
    const { fullest } = measurement;
    if (fullest === undefined || fullest.used / fullest.limit <= WORTH_SHOWING) return [];
    const { level, state } = stateOf(fullest);
    return [
      {
        measurement: foreign(measurement.measurement, MAX_NAME),
        level,
        state,
        use: [usedWords(fullest), ...originWords(measurement, fullest)].join(' '),
        next:
          level === 'healthy'
            ? ''
            : `${effectWords(fullest, otherwise, level === 'stopped')} ${stepWords(measurement, fullest)}`,
        isParking: level === 'stopped' && otherwise === 'park',
      },
    ];
  });
}

/**
 * One line about all rows; a screen reader announces it when it changes.
 *
 * @param {readonly BudgetRow[]} rows
 */
export function budgetSummary(rows) {
  const full = rows.filter(({ level }) => level === 'stopped').length;
  const nearly = rows.filter(({ level }) => level === 'slow').length;
  if (full + nearly === 0) return 'More than half of a budget is used';
  return [...(full > 0 ? [`${full} full`] : []), ...(nearly > 0 ? [`${nearly} nearly full`] : [])].join(', ');
}

/**
 * @param {UsedBudget} budget
 * @returns {{ level: Level, state: string }}
 */
function stateOf({ used, limit }) {
  const share = used / limit;
  if (share >= 1) return { level: 'stopped', state: 'Full' };
  // Rounded down, so that nothing is called 100 % that has room.
  const percent = `${Math.floor(share * 100)}\u00a0%`;
  if (share >= NEARLY_FULL) return { level: 'slow', state: `Nearly full, ${percent}` };
  return { level: 'healthy', state: `${percent} used` };
}

/** @param {UsedBudget} budget */
function usedWords({ budget, name = '', sender = 'client', used, limit }) {
  const of = `${count(used)} of ${count(limit)}`;
  if (budget === 'tag-values') return `The tag ${quoted(name)} has ${of} values.`;
  if (budget === 'client-series' || budget === 'client-fields')
    return `The ${sender} ${quoted(name)} added ${of} ${nounOf(budget)} that one ${sender} may add.`;
  return `It has ${of} ${nounOf(budget)}.`;
}

/**
 * Where they come from, as far as the budget itself does not say it.
 *
 * @param {MeasurementUse} measurement
 * @param {UsedBudget} fullest
 */
function originWords({ tags: [tag], clients, fieldClients }, { budget }) {
  const ofFields = isOfFields(budget);
  const words = [];
  if (tag !== undefined && !ofFields && budget !== 'tag-values')
    words.push(`Its largest tag is ${quoted(tag.tag)} with ${count(tag.values)} values.`);
  if (budget === 'client-series' || budget === 'client-fields') return words;
  const [most] = ofFields
    ? fieldClients.map(({ fields, ...sender }) => ({ sender, added: fields }))
    : clients.map(({ series, ...sender }) => ({ sender, added: series }));
  if (most !== undefined)
    words.push(`The ${senderWords(most.sender)} added most: ${count(most.added)} ${nounOf(budget)}.`);
  return words;
}

/**
 * What happens to what is new.
 *
 * @param {UsedBudget} fullest
 * @param {'park' | 'omit' | 'demote'} otherwise
 * @param {boolean} isFull
 */
function effectWords({ budget, sender = 'client' }, otherwise, isFull) {
  const whose = budget === 'client-series' || budget === 'client-fields' ? ` of this ${sender}` : '';
  const noun = isOfFields(budget) ? 'fields' : 'series';
  const when = isFull ? 'now' : 'once this is full';
  if (otherwise === 'park') return `Records${whose} with new ${noun} are parked ${when}.`;
  if (noun === 'fields') return `New fields${whose} are omitted ${when}.`;
  const tag = 'the tag with most values';
  return otherwise === 'omit'
    ? `New series${whose} lose ${tag} ${when}.`
    : `New series${whose} get ${tag} as a text field ${when}.`;
}

/**
 * @param {MeasurementUse} measurement
 * @param {UsedBudget} fullest
 */
function stepWords({ tags: [tag], clients: [client], fieldClients: [inventor] }, { budget }) {
  const ofFields = isOfFields(budget);
  const who = ofFields ? inventor : client;
  const steps = [
    ...(ofFields ? ['name the fields in the rule'] : []),
    ...(!ofFields && tag ? [`make the tag ${quoted(tag.tag)} a field if its values never end`] : []),
    ...(who === undefined ? [] : [`stop what the ${senderWords(who)} adds`]),
  ];
  const raise = `raise policies.cardinality.${SETTINGS[budget]}`;
  const all = steps.length === 0 ? raise : `${steps.join(', ')}, or ${raise}`;
  return `${all.charAt(0).toUpperCase()}${all.slice(1)} (docs/policies.md).`;
}

/** @param {BudgetName} budget */
function isOfFields(budget) {
  return budget === 'fields' || budget === 'client-fields';
}

/** @param {BudgetName} budget */
function nounOf(budget) {
  return isOfFields(budget) ? 'fields' : 'series';
}

/** @param {Readonly<{ user?: string, client?: string }>} sender */
function senderWords({ user, client = '' }) {
  return user === undefined ? `client ${quoted(client)}` : `user ${quoted(user)}`;
}

/** @param {string} name */
function quoted(name) {
  return `“${foreign(name, MAX_NAME)}”`;
}
