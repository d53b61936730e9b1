import { count, foreign } from './format.js';

/** `1 dead letter`, `37 dead letters`. */
export function deadLetterCount(records) {
  return `${count(records)} dead letter${records === 1 ? '' : 's'}`;
}

/** How many of a replay or purge have found their end. */
export function settledCount({ settled }) {
  return settled.written + settled.filtered + settled.parkedAgain + settled.purged;
}

/** What a replay or purge does now, or how it ended; `level` as for stages. */
export function settlingWords(settling) {
  const { kind, state, selected, failure, waitingFor } = settling;
  const done = settledCount(settling);
  const progress = `${count(done)} of ${deadLetterCount(selected)}`;
  const ends = endsOf(settling.settled);
  const because = failure === undefined ? '' : ` ${sentenceOf(failure)}`;
  if (state === 'running' && selected === 0 && waitingFor === undefined) {
    const noun = kind === 'replay' ? 'Replay' : 'Purge';
    return { level: 'healthy', sentence: `${noun} begins: the dead letters are being counted.` };
  }
  if (state === 'running') {
    const waits = waitingFor === undefined ? '' : ` Waiting: ${sentenceOf(waitingFor)}`;
    const verb = kind === 'replay' ? 'Replaying' : 'Purging';
    return {
      level: waits === '' ? 'healthy' : 'slow',
      sentence: `${verb}: ${progress}${kind === 'replay' && ends !== '' ? ` (${ends})` : ''}.${waits}`,
    };
  }
  if (state === 'done') {
    if (kind === 'purge')
      return { level: 'healthy', sentence: `Purged ${deadLetterCount(settling.settled.purged)}.` };
    const level = settling.settled.parkedAgain > 0 ? 'slow' : 'healthy';
    return { level, sentence: `Replayed ${deadLetterCount(selected)}${ends === '' ? '' : `: ${ends}`}.` };
  }
  const noun = kind === 'replay' ? 'replay' : 'purge';
  if (state === 'stopped') {
    return {
      level: 'slow',
      sentence: `The ${noun} was stopped after ${progress}.${because} The others are still parked.`,
    };
  }
  return {
    level: 'stopped',
    sentence: `The ${noun} failed after ${progress}.${because} The others are still parked.`,
  };
}

function endsOf({ written, filtered, parkedAgain }) {
  return [
    [written, 'written'],
    [filtered, 'filtered'],
    [parkedAgain, 'parked again'],
  ]
    .filter(([records]) => records > 0)
    .map(([records, words]) => `${count(records)} ${words}`)
    .join(', ');
}

function sentenceOf(text) {
  const shown = foreign(text, 500);
  const capital = shown.charAt(0).toUpperCase() + shown.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}
