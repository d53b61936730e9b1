import { describe, expect, it } from 'vitest';
import type { ReplayStatus } from '../../src/replay/replay-status.js';
import { pageModule } from '../support/page-module.js';

const { replayWords } = await pageModule<{
  replayWords(replay: ReplayStatus): { level: string; sentence: string };
}>('replay-words.js');

function status(
  known: Partial<ReplayStatus>,
  outcomes: Partial<ReplayStatus['outcomes']> = {},
): ReplayStatus {
  return {
    kind: 'replay',
    dryRun: false,
    parkedAgain: {},
    state: 'running',
    startedAtMs: 0,
    selected: 37,
    outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 0, ...outcomes },
    ...known,
  };
}

describe('replayWords', () => {
  it.each([
    ['counting', status({ selected: 0 }), 'healthy', 'Replay begins: the messages are being counted.'],
    ['nothing done yet', status({}), 'healthy', 'Replaying: 0 of 37 messages.'],
    [
      'half done',
      status({}, { written: 10, filtered: 1, parkedAgain: 2 }),
      'healthy',
      'Replaying: 13 of 37 messages (10 stored, 1 ignored, 2 set aside again).',
    ],
    [
      'waiting',
      status({ waitingFor: 'the store does not answer' }),
      'slow',
      'Replaying: 0 of 37 messages. Waiting: The store does not answer.',
    ],
    ['purging', status({ kind: 'purge' }, { purged: 5 }), 'healthy', 'Deleting: 5 of 37 messages.'],
    [
      'all written',
      status({ state: 'done' }, { written: 37 }),
      'healthy',
      'Replayed 37 messages: 37 stored.',
    ],
    [
      'one parked again',
      status({ state: 'done', selected: 1 }, { parkedAgain: 1 }),
      'slow',
      'Replayed 1 message: 1 set aside again.',
    ],
    ['nothing matched', status({ state: 'done', selected: 0 }), 'healthy', 'Replayed 0 messages.'],
    ['purged', status({ kind: 'purge', state: 'done' }, { purged: 36 }), 'healthy', 'Deleted 36 messages.'],
    [
      'a purge was previewed',
      status({ kind: 'purge', state: 'done', dryRun: true }, { purged: 9 }),
      'healthy',
      'Preview: a deletion would process 9 messages. Nothing was changed.',
    ],
    [
      'a replay was previewed',
      status({ state: 'done', dryRun: true }, { written: 30, parkedAgain: 7 }),
      'healthy',
      'Preview: a replay would process 37 messages: 30 stored, 7 set aside again. Nothing was changed.',
    ],
    ['a preview runs', status({ dryRun: true }), 'healthy', 'A preview of a replay is being made.'],
    [
      'a preview failed',
      status({ state: 'failed', dryRun: true, failure: 'the disk is full' }),
      'slow',
      'The preview of a replay was not finished. The disk is full.',
    ],
    [
      'failed',
      status({ state: 'failed', failure: 'the disk is full.' }, { written: 2 }),
      'stopped',
      'The replay failed after 2 of 37 messages. The disk is full. The others are still set aside.',
    ],
    [
      'stopped',
      status({ kind: 'purge', state: 'stopped' }, { purged: 2 }),
      'slow',
      'The deletion was stopped after 2 of 37 messages. The others are still set aside.',
    ],
  ] as const)('says it when %s', (_when, replay, level, sentence) => {
    expect(replayWords(replay)).toEqual({ level, sentence });
  });
});
