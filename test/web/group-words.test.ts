import { describe, expect, it } from 'vitest';
import type { ParkedGroupsView, ParkedGroupView, ReplayTrial } from '../../src/http/parked-groups-view.js';
import { pageModule } from '../support/page-module.js';

const { lastWords, totalWords, trialWords, verdictWords } = await pageModule<{
  lastWords(lastMs: number, nowMs: number): { words: string; isComing: boolean };
  totalWords(view: Partial<ParkedGroupsView>): string;
  trialWords(group: Partial<ParkedGroupView>, isConsuming: boolean): { level: string; words: string };
  verdictWords(group: Partial<ParkedGroupView>, isConsuming: boolean): { verdict: string; more: string };
}>('group-words.js');

function group(count: number, replay?: Partial<ReplayTrial>, more: Partial<ParkedGroupView> = {}) {
  const trial = replay && { filtered: 0, outcomes: [], tried: 0, fits: 0, ...replay };
  return { code: 'no-fields', count, ...(trial && { replay: trial }), ...more };
}

const AGAIN = { code: 'no-fields', reason: 'none' };

describe('what a replay would do', () => {
  it.each([
    [group(9, { tried: 9, fits: 9 }), 'healthy', 'ready: 9 of 9 fit now', 'All 9 would be stored now.'],
    [group(1, { tried: 1, fits: 1 }), 'healthy', 'ready: 1 of 1 fits now', 'It would be stored now.'],
    [
      group(900, { tried: 20, fits: 20 }),
      'healthy',
      'ready: 20 of 20 that were tried fit now',
      'All 20 that were tried would be stored now.',
    ],
    [
      group(9, { tried: 9, fits: 7, parkedAgain: AGAIN }),
      'slow',
      '7 of 9 fit now',
      '7 would be stored, 2 set aside again.',
    ],
    [
      group(9, { tried: 9, fits: 0, filtered: 1, parkedAgain: AGAIN }),
      'neutral',
      'would be set aside again',
      '1 would be ignored by the rule, 8 set aside again.',
    ],
    [
      group(9, { tried: 9, filtered: 9 }),
      'neutral',
      'would be ignored by its rule',
      '9 would be ignored by the rule.',
    ],
    [
      group(9, { tried: 9, fits: 9 }, { code: 'store-refused' }),
      'neutral',
      '9 of 9 fit the rules; the store decides',
      'The rules take 9 of 9; the store decides.',
    ],
    [
      group(9, undefined, { withoutPayload: 9 }),
      'neutral',
      'cannot be replayed: its content is not kept',
      'These cannot be replayed.',
    ],
    [group(9), 'neutral', 'not tried', 'Not tried.'],
  ])('%#', (one, level, words, verdict) => {
    expect(trialWords(one, true)).toEqual({ level, words });
    expect(verdictWords(one, true).verdict).toBe(verdict);
  });

  it('is not known where no rules run', () => {
    expect(trialWords(group(3), false).words).toBe('no rules run in this process');
    expect(verdictWords(group(3), false).verdict).toBe('Not known here.');
  });

  it('is said to be of some only', () => {
    expect(verdictWords(group(900, { tried: 20, fits: 20 }), true).more).toContain('20 of 900 were tried');
    expect(verdictWords(group(20, { tried: 20, fits: 20 }), true).more).toBe(
      'Nothing has been changed by trying.',
    );
  });
});

describe('all of it in a sentence', () => {
  it.each([
    [{ records: 0 }, 'Nothing is set aside.'],
    [
      { records: 0, onlyCounted: 1 },
      'Nothing is in the list. 1 message was only counted, because there was no room for more.',
    ],
    [
      { records: 1, today: 1 },
      '1 message could not become points, today. It is kept whole, with its reason.',
    ],
    [
      { records: 4, today: 0 },
      '4 messages could not become points, none of them today. Each is kept whole, with its reason.',
    ],
  ])('%#', (view, words) => {
    expect(totalWords({ groups: [], today: 0, ...view })).toBe(words);
  });
});

it('what came in the last five minutes is still coming', () => {
  const nowMs = new Date(2026, 10, 29, 14, 30).getTime();
  expect(lastWords(nowMs - 60_000, nowMs)).toEqual({ words: '14:29:00, still coming', isComing: true });
  expect(lastWords(nowMs - 360_000, nowMs)).toEqual({ words: 'today, 14:24:00', isComing: false });
  expect(lastWords(nowMs - 86_400_000, nowMs)).toEqual({ words: '28 Nov 14:30:00', isComing: false });
});
