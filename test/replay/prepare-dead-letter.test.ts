import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { ReplaySums } from '../../src/dead-letter/replay-totals.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { prepareDeadLetter } from '../../src/replay/prepare-dead-letter.js';
import { saveRemovedJournals } from '../../src/replay/removed-journals.js';
import { ReplayService } from '../../src/replay/replay-service.js';
import { tempDirectory } from '../support/temp-directory.js';

it('an interrupted removal is finished before a writer begins a file of the same number', async () => {
  const directory = dataDirectory(tempDirectory());
  const { deadLetter, checkpoints } = directory;
  await prepareDataDirectory(directory);
  const deadLetterEnd = { file: 0, bytes: 0 };
  await new FileCheckpointStore(checkpoints, 'consumer').save({
    position: '0',
    ledger: NO_RECORDS,
    deadLetterEnd,
  });
  const writer = await DeadLetterWriter.open({ directory: deadLetter, maxSizeBytes: 1_000 });
  await writer.close();
  await saveRemovedJournals(deadLetter, { totals: new ReplaySums().totals(), removing: [0] });

  const warn = () => undefined;
  await prepareDeadLetter({ ...directory, warn });
  expect(existsSync(join(deadLetter, 'parked-00000000.jsonl'))).toBe(false);
  const next = await DeadLetterWriter.open({ directory: deadLetter, maxSizeBytes: 1_000 }, deadLetterEnd);
  const replay = await ReplayService.open({
    ...directory,
    checkpointWaitMs: 0,
    clock: new SystemClock(),
    onProgress: () => undefined,
    onFreed: () => next.measure(),
    warn,
  });
  expect(existsSync(join(deadLetter, 'parked-00000000.jsonl'))).toBe(true);
  await replay.close();
  await next.close();
});
