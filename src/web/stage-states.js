import { duration } from './format.js';
import { fullState } from './stages.js';
import { windowsBehindMs } from './window-totals.js';

/**
 * @import {
 *   FullState,
 *   LiveState,
 *   ReadinessProblem,
 *   StageId,
 *   StageState,
 *   StageStates,
 *   StreamStatus,
 * } from './types.js'
 */

/** Behind by more than this is worth a look; the sink's batches alone explain less. */
const SLOW_LAG_MS = 5_000;
/** To compute a window of many thousand series takes a store most of a minute. */
const SLOW_WINDOWS_MS = 60_000;
export const NEARLY_FULL = 0.8;

/** @type {StageState} */
const HEALTHY = { level: 'healthy', word: 'Healthy', sentence: '' };
/** @type {(word: string, sentence: string) => StageState} */
const slow = (word, sentence) => ({ level: 'slow', word, sentence });
/** @type {(word: string, sentence: string) => StageState} */
const stopped = (word, sentence) => ({ level: 'stopped', word, sentence });

/**
 * The state of each stage: a level (healthy, slow, stopped) for the colour, a word beside it, and a sentence when there
 * is something to know. `isConsumerIdle` comes from ConsumerIdleness.
 *
 * @param {LiveState} state
 * @param {boolean} isConsumerIdle
 * @returns {StageStates}
 */
export function stageStates(state, isConsumerIdle) {
  const { broker, log, producer, reader, consumer, sink, windows, problems } = state;
  const full = fullState(state);
  const states = {
    ...(broker && { broker: brokerState(full) }),
    ...(log && { log: logState(full) }),
    ...(producer && { producer: streamState('producer', producer, producer.lagMs, problems) }),
    ...(reader && { reader: streamState('reader', reader, reader.millisBehindLatest, problems) }),
    ...(consumer && { consumer: consumerState(full, isConsumerIdle) }),
    ...(sink && { sink: sinkState(full) }),
    ...(windows && { windows: windowsState(full) }),
  };
  return /** @type {StageStates} */ (states);
}

/**
 * Either side of Kinesis.
 *
 * @param {StageId} stage
 * @param {{ status: StreamStatus }} counters
 * @param {number} lagMs
 * @param {readonly ReadinessProblem[]} problems
 * @returns {StageState}
 */
function streamState(stage, { status }, lagMs, problems) {
  if (status.state === 'misconfigured') return stopped('Misconfigured', status.detail);
  if (status.state === 'retrying') return slow('Retrying', status.detail);
  const problem = reasonOf(problems, stage);
  if (problem !== undefined) return stopped('Stopped', problem);
  return lagMs > SLOW_LAG_MS ? slow('Behind', `Behind by ${duration(lagMs)}.`) : HEALTHY;
}

/** @param {FullState} state @returns {StageState} */
function brokerState({ log, problems }) {
  const problem = reasonOf(problems, 'broker');
  if (problem !== undefined && !log.blocked) return stopped('Stopped', problem);
  if (log.blocked) return slow('Holding', 'Devices are made to wait until the log has room.');
  return HEALTHY;
}

/** @param {FullState} state @returns {StageState} */
function logState({ log, problems }) {
  if (log.blocked) return stopped('Full', 'The log is full. It frees space as its reader moves on.');
  const problem = reasonOf(problems, 'log');
  if (problem !== undefined) return stopped('Stopped', problem);
  if (log.sizeBytes > log.maxSizeBytes * NEARLY_FULL) return slow('Nearly full', '');
  return HEALTHY;
}

/** @param {FullState} state @param {boolean} isConsumerIdle @returns {StageState} */
function consumerState({ consumer, sink, problems }, isConsumerIdle) {
  if (isAway(sink) && consumer.lagMs > 0) return slow('Waiting', 'Waits for the store.');
  const problem = reasonOf(problems, 'consumer');
  if (problem !== undefined) return stopped('Stopped', problem);
  if (isConsumerIdle) {
    return stopped('Stopped', `Nothing read although records wait since ${duration(consumer.lagMs)}.`);
  }
  if (consumer.lagMs > SLOW_LAG_MS) return slow('Behind', `Behind by ${duration(consumer.lagMs)}.`);
  return HEALTHY;
}

/** @param {FullState['sink']} sink */
function isAway({ status }) {
  return status.state === 'retrying' || status.state === 'misconfigured';
}

/** @param {FullState} state @returns {StageState} */
function sinkState({ sink, problems, sinkLastAnswerMs }) {
  if (sink.status.state === 'misconfigured') return stopped('Misconfigured', sink.status.detail);
  if (sink.status.state === 'retrying') return slow('Retrying', sink.status.detail);
  if (sink.status.state === 'untried')
    return { level: 'unknown', word: 'Not tried yet', sentence: sink.status.detail };
  const problem = reasonOf(problems, 'sink');
  // No trouble so far, because nobody has asked it.
  if (problem === undefined && sinkLastAnswerMs === null)
    return {
      level: 'unknown',
      word: 'Not tried yet',
      sentence: 'The store has not answered since the start.',
    };
  return problem === undefined ? HEALTHY : stopped('Stopped', problem);
}

/**
 * Stopped only where points wait for it: else records go on their way, and the gateway is ready.
 *
 * @param {FullState} state
 * @returns {StageState}
 */
function windowsState({ windows, nowMs }) {
  if (windows.blockedBy !== undefined) return stopped('Stopped', windows.blockedBy);
  if (windows.problem !== '') return slow('Problem', windows.problem);
  const behindMs = windowsBehindMs(windows, nowMs);
  return behindMs > SLOW_WINDOWS_MS ? slow('Behind', `Behind by ${duration(behindMs)}.`) : HEALTHY;
}

/** @param {readonly ReadinessProblem[]} problems @param {StageId} stage */
function reasonOf(problems, stage) {
  return problems.find((problem) => problem.stage === stage)?.reason;
}
