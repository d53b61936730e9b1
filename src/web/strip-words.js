import { count, delay, duration, foreign, rate, share } from './format.js';
import { fullState } from './stages.js';

/** @import { Incident, Level, LiveState, Rates, Stage, StageStates } from './types.js' */

/** A title may name a topic; the line has room for so much of it. */
const MAX_TITLE = 120;

/**
 * The whole gateway in one line, by the worst that is known: the incident that goes on, a ledger that does not add up,
 * stages that are not healthy. A store that has not answered since the start makes no gateway well.
 *
 * @param {LiveState} state
 * @param {readonly Stage[]} stages
 * @param {StageStates} states
 * @param {string} ledgerProblem '' while the ledger adds up
 * @returns {{ level: Level; words: string }}
 */
export function stripWords(state, stages, states, ledgerProblem) {
  const { incident } = state;
  if (incident) return { level: worse(incident.level, ledgerProblem), words: titleOf(incident) };
  const full = fullState(state);
  const ailing = stages.filter(({ id }) => states[id].level === 'slow' || states[id].level === 'stopped');
  const words = ailing.map(({ id, title }) => `${title(full)}: ${states[id].word.toLowerCase()}`);
  if (ledgerProblem !== '') words.push(ledgerProblem);
  if (words.length > 0) {
    const isStopped = ledgerProblem !== '' || ailing.some(({ id }) => states[id].level === 'stopped');
    return { level: isStopped ? 'stopped' : 'slow', words: words.join(', ') };
  }
  const untried = stages.find(({ id }) => states[id].level === 'unknown');
  const level = untried === undefined ? 'healthy' : 'unknown';
  if (state.ledger.received === 0) return { level, words: 'Ready, nothing received yet' };
  return { level, words: untried === undefined ? 'Gateway is well' : `${untried.title(full)} not tried yet` };
}

/** @param {Level} level @param {string} ledgerProblem @returns {Level} */
function worse(level, ledgerProblem) {
  return ledgerProblem === '' ? level : 'stopped';
}

/** @param {Incident} incident */
export function titleOf({ title, state }) {
  const shown = foreign(title, MAX_TITLE);
  return state === 'catching-up' ? `Catching up: ${shown}` : shown;
}

/**
 * What stands at the end of the line. What is not known is not there.
 *
 * @param {LiveState} state
 * @returns {readonly { name: string; value: string; words: string }[]}
 */
export function stripFacts({ incident, behindMs, setAsideToday, devices, ledger }) {
  const facts = [];
  if (ledger.received > 0) facts.push({ name: 'behind', value: delay(behindMs), words: 'behind' });
  if (incident) {
    facts.push({
      name: 'lost',
      value: incident.lost === 0 ? 'nothing' : count(incident.lost),
      words: 'lost',
    });
    return facts;
  }
  if (setAsideToday > 0)
    facts.push({ name: 'set-aside', value: count(setAsideToday), words: 'set aside today' });
  if (devices !== null && devices.needLook > 0) {
    const words = devices.needLook === 1 ? 'device needs a look' : 'devices need a look';
    facts.push({ name: 'devices', value: count(devices.needLook), words });
  }
  return facts;
}

/**
 * What one stage does now, in a word or two: its state where something is wrong, else its rate.
 *
 * @param {Stage} stage
 * @param {LiveState} state
 * @param {StageStates} states
 * @param {Rates} rates
 */
export function flowWords({ id }, state, states, rates) {
  const { level, word } = states[id];
  if (level !== 'healthy') return word.toLowerCase();
  if (id === 'log') {
    const { sizeBytes, maxSizeBytes } = fullState(state).log;
    return sizeBytes === 0 ? 'empty' : `${share(sizeBytes, maxSizeBytes)} full`;
  }
  if (state.ledger.received === 0) return id === 'broker' ? 'listening' : 'ready';
  const perSecond = rates.perSecond(id);
  if (perSecond === null) return '–';
  // A digit that changes every second says nothing in a line that is read from afar.
  return `${perSecond < 10 ? rate(perSecond) : count(perSecond)}/s`;
}

/**
 * One sentence about a stage for the reader who opened the line while nothing is wrong.
 *
 * @param {Stage} stage
 * @param {LiveState} state
 * @param {StageStates} states
 */
export function stageSentence(stage, state, states) {
  const { sentence } = states[stage.id];
  if (sentence !== '') return sentence;
  const { broker, log, sink, setAsideToday, sinkLastAnswerMs, nowMs } = fullState(state);
  if (stage.id === 'broker') {
    const refused = broker.packetsRefused + broker.packetsShed;
    const connected = `${count(broker.connections)} ${broker.connections === 1 ? 'device' : 'devices'} connected`;
    return `${connected}. ${refused === 0 ? 'No message was rejected or dropped' : `${count(refused)} messages were rejected or dropped`} since the start.`;
  }
  if (stage.id === 'log') {
    const kept = 'Every message is on this disk before its device gets the receipt.';
    return `${kept} Of its room, ${share(log.sizeBytes, log.maxSizeBytes)} is used.`;
  }
  if (stage.id === 'consumer') return `${stage.does} ${count(setAsideToday)} set aside today.`;
  if (stage.id === 'sink' && sinkLastAnswerMs !== null)
    return `Its last answer came ${duration(Math.max(0, nowMs - sinkLastAnswerMs))} ago. ${count(sink.pointsWritten)} points stored since the start.`;
  return stage.does;
}
