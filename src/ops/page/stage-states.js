import { duration } from './format.js';

/** Behind by more than this is worth a look; the sink's batches alone explain less. */
const SLOW_LAG_MS = 5_000;
export const NEARLY_FULL = 0.8;

const HEALTHY = { level: 'healthy', word: 'Healthy', sentence: '' };
const slow = (word, sentence) => ({ level: 'slow', word, sentence });
const stopped = (word, sentence) => ({ level: 'stopped', word, sentence });

/**
 * What to say of each stage: a level (healthy, slow, stopped) for the colour, a word beside it, and a sentence
 * when there is something to know. `isConsumerIdle`: of ConsumerIdleness.
 */
export function stageStates(counters, isConsumerIdle) {
  const { broker, log, producer, reader, consumer, sink, problems } = counters;
  return {
    ...(broker && { broker: brokerState(counters) }),
    ...(log && { log: logState(counters) }),
    ...(producer && { producer: streamState('producer', producer, producer.lagMs, problems) }),
    ...(reader && { reader: streamState('reader', reader, reader.millisBehindLatest, problems) }),
    ...(consumer && { consumer: consumerState(counters, isConsumerIdle) }),
    ...(sink && { sink: sinkState(counters) }),
  };
}

/** Either side of Kinesis. */
function streamState(stage, { status }, lagMs, problems) {
  if (status.state === 'misconfigured') return stopped('Misconfigured', status.detail);
  if (status.state === 'retrying') return slow('Retrying', status.detail);
  const problem = reasonOf(problems, stage);
  if (problem !== undefined) return stopped('Stopped', problem);
  return lagMs > SLOW_LAG_MS ? slow('Behind', `Behind by ${duration(lagMs)}.`) : HEALTHY;
}

function brokerState({ log, problems }) {
  const problem = reasonOf(problems, 'broker');
  if (problem !== undefined && !log.blocked) return stopped('Stopped', problem);
  if (log.blocked) return slow('Holding', 'Publishers are held back until the log has room.');
  return HEALTHY;
}

function logState({ log, problems }) {
  if (log.blocked) return stopped('Full', 'The log is full. It frees space as its reader moves on.');
  const problem = reasonOf(problems, 'log');
  if (problem !== undefined) return stopped('Stopped', problem);
  if (log.sizeBytes > log.maxSizeBytes * NEARLY_FULL) return slow('Nearly full', '');
  return HEALTHY;
}

function consumerState({ consumer, sink, problems }, isConsumerIdle) {
  if (sink.status.state !== 'healthy' && consumer.lagMs > 0) return slow('Waiting', 'Waits for the sink.');
  const problem = reasonOf(problems, 'consumer');
  if (problem !== undefined) return stopped('Stopped', problem);
  if (isConsumerIdle) {
    return stopped('Stopped', `Nothing read although records wait since ${duration(consumer.lagMs)}.`);
  }
  if (consumer.lagMs > SLOW_LAG_MS) return slow('Behind', `Behind by ${duration(consumer.lagMs)}.`);
  return HEALTHY;
}

function sinkState({ sink, problems }) {
  if (sink.status.state === 'misconfigured') return stopped('Misconfigured', sink.status.detail);
  if (sink.status.state === 'retrying') return slow('Retrying', sink.status.detail);
  const problem = reasonOf(problems, 'sink');
  return problem === undefined ? HEALTHY : stopped('Stopped', problem);
}

function reasonOf(problems, stage) {
  return problems.find((problem) => problem.stage === stage)?.reason;
}

/**
 * The whole path in one line: the worst level, and which stages are not healthy. `warning`: one more thing that is
 * wrong, or ''.
 */
export function overallState(stages, states, warning) {
  const ailing = stages.filter(({ id }) => states[id].level !== 'healthy');
  const words = ailing.map(({ id, title }) => `${title}: ${states[id].word.toLowerCase()}`);
  if (warning !== '') words.push(warning);
  if (words.length === 0) return { level: 'healthy', words: 'All stages healthy' };
  const isStopped = warning !== '' || ailing.some(({ id }) => states[id].level === 'stopped');
  return { level: isStopped ? 'stopped' : 'slow', words: words.join(', ') };
}
