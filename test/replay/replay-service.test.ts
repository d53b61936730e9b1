import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { prepareDeadLetter } from '../../src/replay/prepare-dead-letter.js';
import { ReplayService } from '../../src/replay/replay-service.js';
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
  await prepareDeadLetter({ ...directory, warn });
  const replay = await ReplayService.open({
    ...directory,
    checkpointWaitMs: 0,
    kinesisFolder: 'kinesis-telemetry-one',
    clock: new SystemClock(),
    onProgress: () => undefined,
    onFreed: async () => undefined,
    warn,
  });
  replay.start({ kind: 'purge', selection: { all: true } });
  await replay.ended();
  const { replayed, status } = replay.report();
  await replay.close();
  const recordsOf = (ledger: string) =>
    replayed
      .filter((one) => one.ledger === ledger)
      .reduce((sum, { totals }) => sum + (totals.purged['rule-none'] ?? 0), 0);
  return {
    selected: status!.selected,
    log: recordsOf('log'),
    kinesis: recordsOf('kinesis'),
    other: recordsOf('other'),
    warnings,
  };
}

it('a purge changes the ledger of the reader that has parked the records', async () => {
  const { directory, save } = await parkedEverywhere();
  await save('consumer');
  await save('kinesis-telemetry-one');
  expect(await purgeAll(directory)).toEqual({ selected: 40, log: 20, kinesis: 10, other: 10, warnings: [] });
});

it('records whose ledger is gone are archived: they are still there, and do not change the new ledger', async () => {
  const { directory, save } = await parkedEverywhere();
  await save('kinesis-telemetry-one');
  expect(await listParked(directory.deadLetter, 99)).toHaveLength(40);
  expect(await purgeAll(directory)).toEqual({
    selected: 40,
    log: 0,
    kinesis: 10,
    other: 30,
    warnings: ['LEDGER_RESET', 'LEDGER_RESET'],
  });
  const archives = readdirSync(directory.deadLetter).filter((name) => name.startsWith('before-'));
  expect(archives.sort()).toEqual([
    expect.stringMatching(/^before-\d{8}T\d{6}Z$/) as string,
    expect.stringMatching(/^before-\d{8}T\d{6}Z-forwarder$/) as string,
  ]);
  // The next start has nothing to archive.
  expect(await purgeAll(directory)).toMatchObject({ selected: 0, log: 0, warnings: [] });
});
