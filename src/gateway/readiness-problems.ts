import type { ReadinessProblem } from '../http/gateway-view.js';
import type { ConsumeReport } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import { isUnavailable } from '../sink/sink.js';
import type { PathWatch } from './path-watch.js';
import type { StatusParts } from './status-parts.js';

/** Lists, in path order, why the gateway is not ready; nothing when it is. */
export function readinessProblems(
  { ingest, workers }: StatusParts,
  watch?: Pick<PathWatch, 'problems'>,
): readonly ReadinessProblem[] {
  const stalled = (stage: ReadinessProblem['stage']) => watch?.problems(stage) ?? [];
  const { forward, consume } = workers;
  return [
    ...(ingest === undefined
      ? []
      : ingestProblems(ingest, forward === undefined ? 'the consumer' : 'Kinesis')),
    ...(forward === undefined ? [] : [...forwardProblems(forward.report), ...stalled('producer')]),
    ...(consume === undefined ? [] : consumeProblems(consume.report, stalled('consumer'))),
  ];
}

function ingestProblems(
  { log, broker }: NonNullable<StatusParts['ingest']>,
  logReader: string,
): ReadinessProblem[] {
  const problems: ReadinessProblem[] = [];
  if (!broker.isListening) problems.push({ stage: 'broker', reason: 'it does not listen' });
  if (log.diskFullFreeBytes !== undefined) {
    const reason =
      `the disk is full (${log.diskFullFreeBytes} bytes free): PUBACKs are withheld until there is room; ` +
      `free space, or wait for ${logReader}`;
    problems.push({ stage: 'log', reason });
  } else if (log.isBlocked) {
    const reason = `it has reached stream.log.maxSize and waits for ${logReader}; PUBACKs are withheld`;
    problems.push({ stage: 'log', reason });
  }
  return problems;
}

function forwardProblems({ status, blockedBy }: ForwardReport): ReadinessProblem[] {
  const problems: ReadinessProblem[] = [];
  if (blockedBy !== undefined) problems.push({ stage: 'producer', reason: blockedBy });
  if (status.state !== 'healthy') problems.push({ stage: 'producer', reason: status.detail });
  return problems;
}

function consumeProblems(
  { kinesis, consumer, sink, windows }: ConsumeReport,
  stalled: readonly ReadinessProblem[],
): ReadinessProblem[] {
  const problems: ReadinessProblem[] = [];
  if (kinesis !== undefined && kinesis.status.state !== 'healthy') {
    problems.push({ stage: 'reader', reason: kinesis.status.detail });
  }
  if (consumer.blockedBy !== undefined) problems.push({ stage: 'consumer', reason: consumer.blockedBy });
  if (windows?.blockedBy !== undefined) problems.push({ stage: 'consumer', reason: windows.blockedBy });
  problems.push(...stalled);
  if (isUnavailable(sink.status)) problems.push({ stage: 'sink', reason: sink.status.detail });
  return problems;
}
