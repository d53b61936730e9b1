import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { SettledFile, type SettledLine, settledLine } from '../../src/dead-letter/settled-journal.js';
import { Settling } from '../../src/dead-letter/settling.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const move = (at: number, from: string, fate: SettledLine['fate']): SettledLine => ({
  at,
  id: '1',
  from,
  settledAtMs: 0,
  fate,
});
const again = (code: 'rule-none' | 'no-fields') => ({ to: 'parked', code, reason: 'why' }) as const;

async function read(lines: string): Promise<SettledFile> {
  const folder = tempDirectory();
  writeFileSync(join(folder, 'settled-00000000.jsonl'), lines);
  return (await SettledFile.read(folder, 0)).file;
}

it('a journal counts each record once, whatever stands in it twice', async () => {
  const lines = [
    move(0, 'rule-none', { to: 'written' }),
    move(0, 'rule-none', { to: 'written' }),
    move(0, 'rule-none', { to: 'purged' }),
    move(9, 'rule-none', again('no-fields')),
    move(9, 'rule-none', again('no-fields')),
    move(9, 'no-fields', { to: 'filtered', rule: 'r' }),
  ];
  expect((await read(lines.map(settledLine).join(''))).totals()).toEqual({
    replayed: { 'rule-none': 2 },
    purged: {},
    outcome: { written: 1, filtered: { r: 1 }, parked: {} },
  });
});

it('a journal tells what was purged at once from what was purged after a replay', async () => {
  const lines = [
    move(0, 'rule-none', { to: 'purged' }),
    move(9, 'rule-none', again('no-fields')),
    move(9, 'no-fields', { to: 'purged' }),
  ];
  const file = await read(lines.map(settledLine).join(''));
  expect(file.totals()).toEqual({
    replayed: { 'rule-none': 1 },
    purged: { 'rule-none': 1 },
    outcome: { written: 0, filtered: {}, parked: { purged: 1 } },
  });
  expect(file.finals).toBe(2);
});

it('a journal passes over a line that is none', async () => {
  const good = settledLine(move(0, 'rule-none', { to: 'written' }));
  const file = await read(
    `nonsense\n{"at":"0","to":"written"}\n{"at":3,"id":"1","from":"x","to":"sold"}\n${good}`,
  );
  expect(file.totals().outcome.written).toBe(1);
});

it('every torn tail of a journal leaves the moves before it, and the next one is appended whole', async () => {
  const directory = tempDirectory();
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
  await writer.append(
    [0, 1, 2].map((n) => parkedRecord(testRecord(n), { code: 'rule-none', reason: 'r' }, n)),
  );
  await writer.close();
  const settleNext = async () => {
    const settling = await Settling.open(directory, { settleableEnd: async () => undefined });
    const file = await settling.openSpan((await settling.spans())[0]!);
    const { at, parked } = [...file!.pending()][0]!;
    await file!.settle([{ at, id: parked.id, from: parked.code, settledAtMs: 0, fate: { to: 'written' } }]);
    const { totals } = settling.totals()[0]!;
    await settling.close();
    return totals.outcome.written;
  };
  expect(await settleNext()).toBe(1);
  const journal = join(directory, 'settled-00000000.jsonl');
  const whole = readFileSync(journal);
  for (let torn = 1; torn < whole.length; torn += 1) {
    writeFileSync(journal, whole);
    appendFileSync(journal, whole.subarray(0, torn));
    expect(await listParked(directory, 9)).toHaveLength(2);
    expect(await settleNext()).toBe(2);
    expect(await listParked(directory, 9)).toHaveLength(1);
    truncateSync(journal, whole.length);
  }
});

it('totals that are damaged are an error, not a new beginning', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'settled-totals.json'), '{"crc32":1,"absorbed":{}}');
  await expect(Settling.open(directory, { settleableEnd: async () => undefined })).rejects.toMatchObject({
    code: 'DEAD_LETTER_FAILED',
  });
});

it('a file goes once nothing in it is parked, another one is appended to, and no checkpoint ends in it', async () => {
  const directory = tempDirectory();
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 700 });
  const parked = (n: number) => parkedRecord(testRecord(n), { code: 'rule-none', reason: 'r' }, n);
  await writer.append([parked(0), parked(1)]);
  let saved = writer.end;
  const settling = await Settling.open(directory, { settleableEnd: async () => saved });
  const settleAll = async () => {
    for (const span of await settling.spans()) {
      const file = (await settling.openSpan(span))!;
      const fate = { to: 'purged' } as const;
      await file.settle(
        [...file.pending()].map(({ at, parked: { id, code } }) => ({
          at,
          id,
          from: code,
          settledAtMs: 0,
          fate,
        })),
      );
    }
  };
  await settleAll();
  // It is still appended to.
  expect(await settling.sweep()).toBe(false);
  await writer.append([parked(2)]);
  expect(await listParked(directory, 9)).toHaveLength(1);
  await expect(writer.append([3, 4, 5].map(parked))).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
  saved = { file: 0, bytes: statSync(join(directory, 'parked-00000000.jsonl')).size };
  await settleAll();
  // A start would open it again, for the saved end is in it.
  expect(await settling.sweep()).toBe(false);
  saved = writer.end;
  expect(await settling.sweep()).toBe(true);
  expect(readdirSync(directory).sort()).toEqual(['parked-00000001.jsonl', 'settled-totals.json']);
  await writer.append([3, 4].map(parked));
  expect(await listParked(directory, 9)).toHaveLength(2);
  expect(settling.totals()[0]!.totals.purged).toEqual({ 'rule-none': 3 });
  await settling.close();
  await writer.close();
});
