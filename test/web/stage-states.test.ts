import { beforeEach, describe, expect, it } from 'vitest';
import type { ReadinessProblem, StageCounters } from '../../src/http/gateway-view.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';
import { pageModule } from '../support/page-module.js';
import { windowsReport } from '../support/windows-report.js';

const NOW_MS = Date.UTC(2026, 0, 1);
type State = { level: string; word: string; sentence: string };
const { stageStates } = await pageModule<{
  stageStates(
    counters: StageCounters & { problems: readonly ReadinessProblem[]; nowMs: number },
    isConsumerIdle: boolean,
  ): Record<'broker' | 'log' | 'consumer' | 'sink' | 'windows', State>;
}>('stage-states.js');

describe('stageStates', () => {
  let view: FakeGatewayView;
  beforeEach(() => {
    view = new FakeGatewayView();
  });

  const states = (isConsumerIdle = false) =>
    stageStates({ ...view.counters(), problems: view.problems(), nowMs: NOW_MS }, isConsumerIdle);

  it('is healthy all along without a word more', () => {
    for (const state of Object.values(states()))
      expect(state).toEqual({ level: 'healthy', word: 'Healthy', sentence: '' });
  });

  it('shows a store that was not tried yet as such, and as no problem', () => {
    view.sinkStatus = { state: 'untried', detail: 'the store has not been tried yet' };
    expect(states().sink).toEqual({
      level: 'unknown',
      word: 'Not tried yet',
      sentence: 'the store has not been tried yet',
    });
    expect(states().consumer).toMatchObject({ level: 'healthy' });
  });

  it('shows a consumer that does not move as stopped, with the words of /readyz', () => {
    view.readiness = [{ stage: 'consumer', reason: 'its thread has not reported for 30 s' }];
    expect(states().consumer).toMatchObject({
      level: 'stopped',
      sentence: 'its thread has not reported for 30 s',
    });
  });

  it('shows a full log as stopped, and that devices wait for it', () => {
    view.logBlocked = true;
    view.readiness = [{ stage: 'broker', reason: 'the log is full' }];
    expect(states().log).toMatchObject({ level: 'stopped', word: 'Full' });
    expect(states().broker).toMatchObject({ level: 'slow', word: 'Holding' });
  });

  it('warns before the log is full', () => {
    view.logSizeBytes = 0.81 * 4 * 1024 ** 3;
    expect(states().log).toMatchObject({ level: 'slow', word: 'Nearly full' });
  });

  it('says how far the consumer is behind', () => {
    view.lagMs = 12_000;
    expect(states().consumer).toEqual({ level: 'slow', word: 'Behind', sentence: 'Behind by 12 s.' });
  });

  it('calls the consumer stopped when it reads nothing although it could, and only then', () => {
    view.lagMs = 20_000;
    expect(states(true).consumer).toMatchObject({
      level: 'stopped',
      sentence: 'Nothing read although records wait since 20 s.',
    });
    expect(states(false).consumer.level).toBe('slow');
  });

  it('gives the words of the sink, and lets the consumer wait for it', () => {
    view.sinkStatus = { state: 'retrying', detail: 'Trying again in 4 s.' };
    view.lagMs = 60_000;
    expect(states().sink).toEqual({ level: 'slow', word: 'Retrying', sentence: 'Trying again in 4 s.' });
    expect(states().consumer.word).toBe('Waiting');
    view.sinkStatus = { state: 'misconfigured', detail: 'The token is refused.' };
    expect(states().sink).toMatchObject({ level: 'stopped', sentence: 'The token is refused.' });
  });

  it('has no windows where none are configured', () => {
    expect(Object.keys(states())).toEqual(['broker', 'log', 'consumer', 'sink']);
  });

  it('shows windows that cannot be computed without calling the path stopped', () => {
    view.windows = windowsReport([], { problem: 'there is no retention policy two_years' });
    expect(states().windows).toEqual({
      level: 'slow',
      word: 'Problem',
      sentence: 'there is no retention policy two_years',
    });
  });

  it('shows windows that points wait for as stopped', () => {
    view.windows = windowsReport([], { problem: 'no space left', blockedBy: 'no space left' });
    expect(states().windows).toEqual({ level: 'stopped', word: 'Stopped', sentence: 'no space left' });
  });

  it('says how far the windows are behind, by the one that has waited longest', () => {
    view.windows = windowsReport([
      { measurement: 'climate_5min', dueSinceMs: NOW_MS - 61_000 },
      { measurement: 'climate_1h', dueSinceMs: NOW_MS - 7_200_000 },
      { measurement: 'climate_1d' },
    ]);
    expect(states().windows).toEqual({ level: 'slow', word: 'Behind', sentence: 'Behind by 2 h 0 min.' });
    view.windows = windowsReport([{ measurement: 'climate_5min', dueSinceMs: NOW_MS - 59_000 }]);
    expect(states().windows).toEqual({ level: 'healthy', word: 'Healthy', sentence: '' });
  });

  it.each(['broker', 'log', 'consumer', 'sink'] as const)(
    'gives the reason why the %s is not ready',
    (stage) => {
      view.readiness = [{ stage, reason: 'because' }];
      expect(states()[stage]).toEqual({ level: 'stopped', word: 'Stopped', sentence: 'because' });
    },
  );
});
