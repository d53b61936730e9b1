import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileCheckpointStore } from '../../src/books/checkpoint-store.js';
import { NO_RECORDS } from '../../src/books/ledger.js';
import { SystemClock } from '../../src/clock.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { SettlingDesk } from '../../src/threads/settling-desk.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const FOLDERS = ['', 'forwarder', 'kinesis-telemetry-one', 'leases-table'];

/** Ten parked records in each folder. */
async function parkedEverywhere() {
  const directory = dataDirectory(tempDirectory());
  await prepareDataDirectory(directory);
  for (const folder of FOLDERS) {
    const path = join(directory.deadLetter, folder);
    mkdirSync(path, { recursive: true });
    const writer = await DeadLetterWriter.open({ directory: path, maxSizeBytes: 1 << 20 });
    const records = Array.from({ length: 10 }, (_, n) => testRecord(n));
    await writer.append(records.map((one) => parkedRecord(one, { code: 'rule-none', reason: 'r' }, 1)));
    await writer.close();
  }
  const save = async (reader: string) =>
    new FileCheckpointStore(directory.checkpoints, reader).save({
      position: '10',
      ledger: NO_RECORDS,
      deadLetterEnd: { file: 0, bytes: 1 << 20 },
    });
  return { directory, save };
}

async function purgeAll(directory: ReturnType<typeof dataDirectory>) {
  const warnings: unknown[] = [];
  const warn = (fields: Record<string, unknown>) => warnings.push(fields.code);
  const desk = await SettlingDesk.open({
    ...directory,
    checkpointWaitMs: 0,
    kinesisFolder: 'kinesis-telemetry-one',
    warn,
  });
  const hooks = { onSettled: () => undefined, warn };
  desk.begin({ clock: new SystemClock(), hooks, onFreed: async () => undefined });
  desk.start({ kind: 'purge', selection: { all: true } });
  await desk.ended();
  const { moved, status } = desk.report();
  await desk.close();
  const recordsOf = (book: string) =>
    moved
      .filter((one) => one.book === book)
      .reduce((sum, { totals }) => sum + (totals.purged['rule-none'] ?? 0), 0);
  return {
    selected: status!.selected,
    log: recordsOf('log'),
    kinesis: recordsOf('kinesis'),
    other: recordsOf('other'),
    warnings,
  };
}

it('what is replayed or purged changes the books of the one who parked it', async () => {
  const { directory, save } = await parkedEverywhere();
  await save('consumer');
  await save('kinesis-telemetry-one');
  expect(await purgeAll(directory)).toEqual({ selected: 40, log: 20, kinesis: 10, other: 10, warnings: [] });
});

it('what was parked under books that are gone is put aside: still there, and no change of the new ones', async () => {
  const { directory, save } = await parkedEverywhere();
  await save('kinesis-telemetry-one');
  expect(await listParked(directory.deadLetter, 99)).toHaveLength(40);
  expect(await purgeAll(directory)).toEqual({
    selected: 40,
    log: 0,
    kinesis: 10,
    other: 30,
    warnings: ['BOOKS_BEGIN_ANEW', 'BOOKS_BEGIN_ANEW'],
  });
  const aside = readdirSync(directory.deadLetter).filter((name) => name.startsWith('before-'));
  expect(aside.sort()).toEqual([
    expect.stringMatching(/^before-\d{8}T\d{6}Z$/) as string,
    expect.stringMatching(/^before-\d{8}T\d{6}Z-forwarder$/) as string,
  ]);
  // The next start, too, begins with nothing that is not of its books.
  expect(await purgeAll(directory)).toMatchObject({ selected: 0, log: 0, warnings: [] });
});
