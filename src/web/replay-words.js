import { count, foreign } from './format.js';

/** @import { Level, ReplayStatus } from './types.js' */

/**
 * `1 message`, `37 messages`.
 *
 * @param {number} records
 */
export function messageCount(records) {
  return `${count(records)} message${records === 1 ? '' : 's'}`;
}

/**
 * How many records a replay or purge has processed.
 *
 * @param {ReplayStatus} replay
 */
export function processedCount({ outcomes }) {
  return outcomes.written + outcomes.filtered + outcomes.parkedAgain + outcomes.purged;
}

/**
 * What a replay or purge does now, or how it ended, as a sentence. `level` is the same as for stages.
 *
 * @param {ReplayStatus} replay
 * @returns {{ level: Level; sentence: string }}
 */
export function replayWords(replay) {
  const { kind, state, selected, failure, waitingFor } = replay;
  if (replay.dryRun) return previewWords(replay);
  const done = processedCount(replay);
  const progress = `${count(done)} of ${messageCount(selected)}`;
  const ends = endsOf(replay.outcomes);
  const because = failure === undefined ? '' : ` ${sentenceOf(failure)}`;
  if (state === 'running' && selected === 0 && waitingFor === undefined) {
    const noun = kind === 'replay' ? 'Replay' : 'Deletion';
    return { level: 'healthy', sentence: `${noun} begins: the messages are being counted.` };
  }
  if (state === 'running') {
    const waits = waitingFor === undefined ? '' : ` Waiting: ${sentenceOf(waitingFor)}`;
    const verb = kind === 'replay' ? 'Replaying' : 'Deleting';
    return {
      level: waits === '' ? 'healthy' : 'slow',
      sentence: `${verb}: ${progress}${kind === 'replay' && ends !== '' ? ` (${ends})` : ''}.${waits}`,
    };
  }
  if (state === 'done') {
    if (kind === 'purge')
      return { level: 'healthy', sentence: `Deleted ${messageCount(replay.outcomes.purged)}.` };
    const { withoutPayload = 0 } = replay;
    const level = replay.outcomes.parkedAgain + withoutPayload > 0 ? 'slow' : 'healthy';
    const rest =
      withoutPayload === 0 ? '' : ` ${count(withoutPayload)} cannot be: their content is not kept.`;
    return {
      level,
      sentence: `Replayed ${messageCount(selected)}${ends === '' ? '' : `: ${ends}`}.${rest}`,
    };
  }
  const noun = kind === 'replay' ? 'replay' : 'deletion';
  if (state === 'stopped') {
    return {
      level: 'slow',
      sentence: `The ${noun} was stopped after ${progress}.${because} The others are still set aside.`,
    };
  }
  return {
    level: 'stopped',
    sentence: `The ${noun} failed after ${progress}.${because} The others are still set aside.`,
  };
}

/**
 * A preview changes nothing, so its sentence must not read as if it had.
 *
 * @param {ReplayStatus} preview
 * @returns {{ level: Level; sentence: string }}
 */
function previewWords({ kind, state, selected, outcomes, failure }) {
  const noun = kind === 'replay' ? 'replay' : 'deletion';
  if (state === 'running') return { level: 'healthy', sentence: `A preview of a ${noun} is being made.` };
  if (state !== 'done') {
    const because = failure === undefined ? '' : ` ${sentenceOf(failure)}`;
    return { level: 'slow', sentence: `The preview of a ${noun} was not finished.${because}` };
  }
  const records = messageCount(kind === 'purge' ? outcomes.purged : selected);
  const ends = endsOf(outcomes);
  const sentence = `Preview: a ${noun} would process ${records}${ends === '' ? '' : `: ${ends}`}. Nothing was changed.`;
  return { level: 'healthy', sentence };
}

/** @param {ReplayStatus['outcomes']} outcomes */
function endsOf({ written, filtered, parkedAgain }) {
  return [
    { records: written, words: 'stored' },
    { records: filtered, words: 'ignored' },
    { records: parkedAgain, words: 'set aside again' },
  ]
    .filter(({ records }) => records > 0)
    .map(({ records, words }) => `${count(records)} ${words}`)
    .join(', ');
}

/** @param {string} text */
function sentenceOf(text) {
  const shown = foreign(text, 500);
  const capital = shown.charAt(0).toUpperCase() + shown.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
