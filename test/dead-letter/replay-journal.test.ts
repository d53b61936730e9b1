import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type JournalLine, journalLine, ReplayJournal } from '../../src/dead-letter/replay-journal.js';
import { tempDirectory } from '../support/temp-directory.js';

const line = (at: number, from: string, outcome: JournalLine['outcome']): JournalLine => ({
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
  const lines = [
    line(0, 'rule-none', { to: 'written' }),
    line(0, 'rule-none', { to: 'written' }),
    line(0, 'rule-none', { to: 'purged' }),
    line(9, 'rule-none', again('no-fields')),
    line(9, 'rule-none', again('no-fields')),
    line(9, 'no-fields', { to: 'filtered', rule: 'r' }),
  ];
  expect((await read(lines.map(journalLine).join(''))).totals()).toEqual({
    replayed: { 'rule-none': 2 },
    purged: {},
    outcome: { written: 1, filtered: { r: 1 }, parked: {} },
  });
});

it('a journal counts what was purged at once apart from what was purged after a replay', async () => {
  const lines = [
    line(0, 'rule-none', { to: 'purged' }),
    line(9, 'rule-none', again('no-fields')),
    line(9, 'no-fields', { to: 'purged' }),
  ];
  const journal = await read(lines.map(journalLine).join(''));
  expect(journal.totals()).toEqual({
    replayed: { 'rule-none': 1 },
    purged: { 'rule-none': 1 },
    outcome: { written: 0, filtered: {}, parked: { purged: 1 } },
  });
  expect(journal.finalRecords).toBe(2);
});

it('a journal skips a line that cannot be read', async () => {
  const good = journalLine(line(0, 'rule-none', { to: 'written' }));
  const journal = await read(
    `nonsense\n{"at":"0","to":"written"}\n{"at":3,"id":"1","from":"x","to":"sold"}\n${good}`,
  );
  expect(journal.totals().outcome.written).toBe(1);
});

it('a line has the keys of format 0.1, and its checksum', () => {
  expect(JSON.parse(journalLine(line(0, 'rule-none', { to: 'written' })))).toEqual({
    crc32: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    at: 0,
    id: '1',
    settledAt: '1970-01-01T00:00:00.000Z',
    from: 'rule-none',
    to: 'written',
  });
});
