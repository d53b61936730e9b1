import { expect, it } from 'vitest';
import { readinessProblems } from '../../src/gateway/readiness-problems.js';
import type { StatusParts } from '../../src/gateway/status-parts.js';

const HEALTHY = { state: 'healthy', detail: '' };
const failing = (detail: string) => ({ state: 'retrying', detail });

function problemsOf(parts: object) {
  return readinessProblems(parts as StatusParts);
}

it('a gateway without problems is ready, whichever halves run', () => {
  const ingest = { log: { isBlocked: false }, broker: { isListening: true } };
  const forward = { report: { status: HEALTHY } };
  const consume = { report: { consumer: {}, sink: { status: HEALTHY }, kinesis: { status: HEALTHY } } };
  expect(problemsOf({ ingest, workers: { forward, consume } })).toEqual([]);
  expect(problemsOf({ ingest, workers: { forward } })).toEqual([]);
  expect(problemsOf({ workers: { consume } })).toEqual([]);
});

it('problems are listed in path order, with what the log waits for', () => {
  const ingest = { log: { isBlocked: true }, broker: { isListening: false } };
  const forward = { report: { status: failing('throttled'), blockedBy: 'no room to park' } };
  const consume = {
    report: {
      kinesis: { status: failing('no answer') },
      consumer: { blockedBy: 'no room to park' },
      sink: { status: failing('store down') },
    },
  };
  expect(problemsOf({ ingest, workers: { forward, consume } })).toEqual([
    { stage: 'broker', reason: 'it does not listen' },
    { stage: 'log', reason: expect.stringContaining('waits for Kinesis') as string },
    { stage: 'producer', reason: 'no room to park' },
    { stage: 'producer', reason: 'throttled' },
    { stage: 'reader', reason: 'no answer' },
    { stage: 'consumer', reason: 'no room to park' },
    { stage: 'sink', reason: 'store down' },
  ]);
  const direct = problemsOf({
    ingest,
    workers: { consume: { report: { ...consume.report, kinesis: undefined } } },
  });
  expect(direct.find(({ stage }) => stage === 'log')?.reason).toContain('waits for the consumer');
});
