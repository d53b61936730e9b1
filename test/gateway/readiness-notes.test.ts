import { expect, it } from 'vitest';
import { readinessNotes } from '../../src/gateway/readiness-notes.js';
import { readinessProblems } from '../../src/gateway/readiness-problems.js';
import type { StatusParts } from '../../src/gateway/status-parts.js';
import { windowsReport } from '../support/windows-report.js';

const HEALTHY = { state: 'healthy', detail: '' };
const CLOCK_NOTE = { stage: 'clock', note: 'the clock was set' };

function partsWith(
  problem: string | undefined,
  blockedBy?: string,
  certificates: readonly string[] = [],
  access: readonly string[] = [],
): StatusParts {
  const windows = problem === undefined ? undefined : windowsReport([], { problem, blockedBy });
  const report = { consumer: {}, sink: { status: HEALTHY }, windows };
  return {
    clockWatch: { notes: () => [CLOCK_NOTE] },
    access: { notes: () => access },
    tls: { notes: () => certificates },
    workers: { consume: { report } },
  } as unknown as StatusParts;
}

it('a problem of the windows is noted beside those of the clock, and the gateway stays ready', () => {
  const parts = partsWith('the retention policy two_years does not exist');
  expect(readinessNotes(parts)).toEqual([
    CLOCK_NOTE,
    { stage: 'windows', note: 'the retention policy two_years does not exist' },
  ]);
  expect(readinessProblems(parts)).toEqual([]);
});

it('windows that points wait for make the gateway unready, and are not noted as well', () => {
  const parts = partsWith('no space left', 'no space left');
  expect(readinessNotes(parts)).toEqual([CLOCK_NOTE]);
  expect(readinessProblems(parts)).toEqual([{ stage: 'consumer', reason: 'no space left' }]);
});

it.each([
  ['without windows', undefined],
  ['while nothing is wrong with the windows', ''],
])('nothing is noted of them %s', (_when, problem) => {
  expect(readinessNotes(partsWith(problem))).toEqual([CLOCK_NOTE]);
});

it('a process that only forwards has no windows', () => {
  const parts = { ...partsWith('unused'), workers: { forward: {} } } as unknown as StatusParts;
  expect(readinessNotes(parts)).toEqual([CLOCK_NOTE]);
});

it('a certificate that expires soon is noted [security 16]', () => {
  const parts = partsWith(undefined, undefined, ['it expires in 3 days']);
  expect(readinessNotes(parts)).toEqual([CLOCK_NOTE, { stage: 'tls', note: 'it expires in 3 days' }]);
  expect(readinessProblems(parts)).toEqual([]);
});

it('an access file that is not valid is noted', () => {
  const parts = partsWith(undefined, undefined, [], ['the old rules are in force']);
  expect(readinessNotes(parts)).toEqual([
    CLOCK_NOTE,
    { stage: 'access', note: 'the old rules are in force' },
  ]);
  expect(readinessProblems(parts)).toEqual([]);
});
