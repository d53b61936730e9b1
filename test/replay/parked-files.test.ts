import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

it('every torn tail of a journal leaves the lines before it, and the next line is appended whole', async () => {
  const directory = tempDirectory();
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
  await writer.append(
    [0, 1, 2].map((n) => parkedRecord(testRecord(n), { code: 'rule-none', reason: 'r' }, n)),
  );
  await writer.close();
  const replayNext = async () => {
    const parkedFiles = await ParkedFiles.open(directory, { replayableEnd: async () => undefined });
    const file = await parkedFiles.openSpan((await parkedFiles.spans())[0]!);
    const { at, parked } = [...file!.pending()][0]!;
    await file!.record([
      { at, id: parked.id, from: parked.code, replayedAtMs: 0, outcome: { to: 'written' } },
    ]);
    const { totals } = parkedFiles.totals()[0]!;
    await parkedFiles.close();
    return totals.outcome.written;
  };
  expect(await replayNext()).toBe(1);
  const journal = join(directory, 'settled-00000000.jsonl');
  const whole = readFileSync(journal);
  for (let torn = 1; torn < whole.length; torn += 1) {
    writeFileSync(journal, whole);
    appendFileSync(journal, whole.subarray(0, torn));
    expect(await listParked(directory, 9)).toHaveLength(2);
    expect(await replayNext()).toBe(2);
    expect(await listParked(directory, 9)).toHaveLength(1);
    truncateSync(journal, whole.length);
  }
});

it('damaged totals are an error: they never start over', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'settled-totals.json'), '{"crc32":1,"absorbed":{}}');
  await expect(ParkedFiles.open(directory, { replayableEnd: async () => undefined })).rejects.toMatchObject({
    code: 'DEAD_LETTER_FAILED',
  });
});

it('a file is removed once none of its records is parked, a newer one is appended to, and no checkpoint ends in it', async () => {
  const directory = tempDirectory();
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 700 });
  const parked = (n: number) => parkedRecord(testRecord(n), { code: 'rule-none', reason: 'r' }, n);
  await writer.append([parked(0), parked(1)]);
  let saved = writer.end;
  const parkedFiles = await ParkedFiles.open(directory, { replayableEnd: async () => saved });
  const purgeAll = async () => {
    for (const span of await parkedFiles.spans()) {
      const file = (await parkedFiles.openSpan(span))!;
      const outcome = { to: 'purged' } as const;
      await file.record(
        [...file.pending()].map(({ at, parked: { id, code } }) => ({
          at,
          id,
          from: code,
          replayedAtMs: 0,
          outcome,
        })),
      );
    }
  };
  await purgeAll();
  // It is still appended to.
  expect(await parkedFiles.sweep()).toBe(false);
  await writer.append([parked(2)]);
  expect(await listParked(directory, 9)).toHaveLength(1);
  await expect(writer.append([3, 4, 5].map(parked))).rejects.toMatchObject({ code: 'DEAD_LETTER_FULL' });
  saved = { file: 0, bytes: statSync(join(directory, 'parked-00000000.jsonl')).size };
  await purgeAll();
  // The next start would open it again: the saved end is in it.
  expect(await parkedFiles.sweep()).toBe(false);
  saved = writer.end;
  expect(await parkedFiles.sweep()).toBe(true);
  expect(readdirSync(directory).sort()).toEqual(['parked-00000001.jsonl', 'settled-totals.json']);
  await writer.append([3, 4].map(parked));
  expect(await listParked(directory, 9)).toHaveLength(2);
  expect(parkedFiles.totals()[0]!.totals.purged).toEqual({ 'rule-none': 3 });
  await parkedFiles.close();
  await writer.close();
});
