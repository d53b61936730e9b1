import { count, moment } from './format.js';
import { isRefusal } from './park-words.js';
import { messageCount } from './replay-words.js';

/** @import { Level, ParkedGroupsView, ParkedGroupView } from './types.js' */

/** A message that came so lately may be followed by others. */
const STILL_COMING_MS = 5 * 60_000;

/**
 * All that is set aside in a sentence or two.
 *
 * @param {ParkedGroupsView} view
 */
export function totalWords({ records, today, groups, onlyCounted = 0, incomplete }) {
  const withoutPayload = groups.reduce((sum, group) => sum + (group.withoutPayload ?? 0), 0);
  if (records === 0) {
    return onlyCounted === 0
      ? 'Nothing is set aside.'
      : `Nothing is in the list. ${countedWords(onlyCounted)}`;
  }
  const came = incomplete
    ? ''
    : today === 0
      ? records === 1
        ? ''
        : ', none of them today'
      : today === records
        ? records === 1
          ? ', today'
          : ', all of them today'
        : `, ${count(today)} of them today`;
  const kept =
    withoutPayload === 0
      ? `${records === 1 ? 'It' : 'Each'} is kept whole, with its reason.`
      : `Each is kept with its reason, ${count(withoutPayload)} without their content.`;
  const only = onlyCounted === 0 ? '' : ` ${countedWords(onlyCounted)}`;
  return `${messageCount(records)} could not become points${came}. ${kept}${only}`;
}

/** @param {number} records */
function countedWords(records) {
  return `${messageCount(records)} ${records === 1 ? 'was' : 'were'} only counted, because there was no room for more.`;
}

/**
 * When the last one came, and whether they still come.
 *
 * @param {number} lastMs
 * @param {number} nowMs
 */
export function lastWords(lastMs, nowMs) {
  const isToday = new Date(lastMs).toDateString() === new Date(nowMs).toDateString();
  const isComing = nowMs - lastMs < STILL_COMING_MS;
  const at = moment(lastMs, nowMs);
  if (isComing) return { words: `${at}, still coming`, isComing };
  return { words: isToday ? `today, ${at}` : at, isComing };
}

/**
 * What a replay would make of a group now, as a state. `neutral` has no colour: nothing can be done yet.
 *
 * @param {ParkedGroupView} group
 * @param {boolean} isConsuming whether rules run in this process
 * @returns {{ level: Level | 'neutral', words: string }}
 */
export function trialWords({ code, count: records, withoutPayload = 0, replay }, isConsuming) {
  const whole = records - withoutPayload;
  if (whole === 0) return { level: 'neutral', words: 'cannot be replayed: its content is not kept' };
  if (!isConsuming) return { level: 'neutral', words: 'no rules run in this process' };
  if (replay === undefined) return { level: 'neutral', words: 'not tried' };
  const { tried, fits, filtered } = replay;
  const all = tried >= whole;
  const of = `${count(fits)} of ${count(tried)}`;
  if (fits === 0 && filtered === tried) return { level: 'neutral', words: 'would be ignored by its rule' };
  if (fits === 0) return { level: 'neutral', words: 'would be set aside again' };
  if (isRefusal(code)) return { level: 'neutral', words: `${of} fit the rules; the store decides` };
  if (fits < tried) return { level: 'slow', words: `${of} ${all ? 'fit now' : 'that were tried fit now'}` };
  return {
    level: 'healthy',
    words: `ready: ${of} ${all ? `fit${fits === 1 ? 's' : ''} now` : 'that were tried fit now'}`,
  };
}

/**
 * The same as sentences, beside the button that replays.
 *
 * @param {ParkedGroupView} group
 * @param {boolean} isConsuming
 * @returns {{ verdict: string, more: string }}
 */
export function verdictWords(group, isConsuming) {
  const { code, count: records, withoutPayload = 0, replay } = group;
  const whole = records - withoutPayload;
  if (whole === 0) {
    return {
      verdict: 'These cannot be replayed.',
      more: 'Their content was given up when devices filled the room for set aside messages. Only deleting is possible.',
    };
  }
  if (!isConsuming)
    return { verdict: 'Not known here.', more: 'No rules run in this process; the consumer has them.' };
  if (replay === undefined)
    return { verdict: 'Not tried.', more: 'Open a message to see what the rules in use make of it.' };
  const { tried, fits, filtered, parkedAgain } = replay;
  const how = tried < whole ? ` ${count(tried)} of ${count(whole)} were tried, spread over all of them.` : '';
  const nothing = `Nothing has been changed by trying.${how}`;
  if (isRefusal(code) && fits > 0) {
    return {
      verdict: `The rules take ${count(fits)} of ${count(tried)}; the store decides.`,
      more: `Whether it takes them now is known only after the replay.${how}`,
    };
  }
  if (fits === tried) {
    const verdict =
      tried < whole ? `All ${count(tried)} that were tried would be stored now.` : allWords(whole);
    return { verdict, more: nothing };
  }
  const parts = [
    ...(fits === 0 ? [] : [`${count(fits)} would be stored`]),
    ...(filtered === 0 ? [] : [`${count(filtered)} ignored by the rule`]),
    ...(tried - fits - filtered === 0 ? [] : [`${count(tried - fits - filtered)} set aside again`]),
  ];
  const sentence = parts.join(', ');
  const verdict = fits > 0 ? `${sentence}.` : `${sentence.replace(/^(\S+)/, '$1 would be')}.`;
  return { verdict, more: parkedAgain === undefined ? nothing : `${nothing} Why:` };
}

/** @param {number} records */
function allWords(records) {
  return records === 1 ? 'It would be stored now.' : `All ${count(records)} would be stored now.`;
}
