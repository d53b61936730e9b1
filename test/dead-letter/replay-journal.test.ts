import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type JournalEntry, journalLines, ReplayJournal } from '../../src/dead-letter/replay-journal.js';
import { tempDirectory } from '../support/temp-directory.js';

const entry = (at: number, from: string, outcome: JournalEntry['outcome']): JournalEntry => ({
  at,
  id: '1',
  from,
  replayedAtMs: 0,
  outcome,
});
const again = (code: 'rule-none' | 'no-fields') => ({ to: 'parked', code, reason: 'why' }) as const;

async function read(lines: string): Promise<ReplayJournal> {
  const folder = tempDirectory();
  writeFileSync(join(folder, 'settled-00000000.jsonl'), lines);
  return (await ReplayJournal.read(folder, 0)).journal;
}

it('a journal counts each record once, even if a line is in it twice', async () => {
  const entries = [
    entry(0, 'rule-none', { to: 'written' }),
    entry(0, 'rule-none', { to: 'written' }),
    entry(0, 'rule-none', { to: 'purged' }),
    entry(9, 'rule-none', again('no-fields')),
    entry(9, 'rule-none', again('no-fields')),
    entry(9, 'no-fields', { to: 'filtered', rule: 'r' }),
  ];
  expect((await read(journalLines(entries))).totals()).toEqual({
    replayed: { 'rule-none': 2 },
    purged: {},
    outcome: { written: 1, filtered: { r: 1 }, parked: {} },
  });
});

it('a journal counts what was purged at once apart from what was purged after a replay', async () => {
  const entries = [
    entry(0, 'rule-none', { to: 'purged' }),
    entry(9, 'rule-none', again('no-fields')),
    entry(9, 'no-fields', { to: 'purged' }),
  ];
  const journal = await read(journalLines(entries));
  expect(journal.totals()).toEqual({
    replayed: { 'rule-none': 1 },
    purged: { 'rule-none': 1 },
    outcome: { written: 0, filtered: {}, parked: { purged: 1 } },
  });
  expect(journal.finalRecords).toBe(2);
});

it('a journal skips a line that cannot be read', async () => {
  const good = journalLines([entry(0, 'rule-none', { to: 'written' })]);
  const journal = await read(
    `nonsense\n{"at":"0","to":"written"}\n{"at":3,"id":"1","from":"x","to":"sold"}\n${good}`,
  );
  expect(journal.totals().outcome.written).toBe(1);
});

it('a line has the keys of format 0.1, and its checksum', () => {
  expect(JSON.parse(journalLines([entry(0, 'rule-none', { to: 'written' })]))).toEqual({
    crc32: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    at: 0,
    id: '1',
    settledAt: '1970-01-01T00:00:00.000Z',
    from: 'rule-none',
    to: 'written',
  });
});

it('records that leave the dead letter for the same reason share a line', async () => {
  const entries = [
    ...[0, 300, 550].map((at) => entry(at, 'rule-none', { to: 'purged' })),
    entry(800, 'no-fields', { to: 'purged' }),
    entry(900, 'rule-none', { to: 'dropped' }),
    entry(1_000, 'rule-none', { to: 'purged' }),
    entry(1_200, 'rule-none', { to: 'written' }),
    entry(1_300, 'rule-none', { to: 'written' }),
  ];
  const lines = journalLines(entries);
  const parsed = lines
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as { at: number; more?: number[] });
  expect(parsed.map(({ at, more }) => [at, more])).toEqual([
    [0, [300, 250, 450]],
    [800, undefined],
    [900, undefined],
    [1_200, undefined],
    [1_300, undefined],
  ]);
  const journal = await read(lines);
  expect(entries.map(({ at }) => journal.state(at))).toEqual(entries.map(() => 'final'));
  expect(journal.totals()).toEqual({
    replayed: { 'rule-none': 2 },
    purged: { 'rule-none': 4, 'no-fields': 1 },
    dropped: { 'rule-none': 1 },
    outcome: { written: 2, filtered: {}, parked: {} },
  });
});

it('a shared line with something else than distances is damaged, and none of its records is taken out', async () => {
  const damaged = await read('{"at":0,"id":"1","from":"rule-none","to":"purged","more":[3,"x"]}\n');
  expect(damaged.state(0)).toBeUndefined();
  expect(damaged.damage).toEqual({ firstAt: 0, lines: 1 });
});
