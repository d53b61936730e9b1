import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DataDirectory, dataDirectory } from '../../src/data-directory/data-directory.js';
import { openDataDirectory } from '../../src/data-directory/open-directory.js';
import { CONSUMER_READER, FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { logOrigin } from '../../src/pipeline/checkpoint-origin.js';
import { logPosition } from '../../src/stream/log/log-reader.js';
import { TestLog } from './log-fixture.js';
import { tempDirectory } from './temp-directory.js';

export interface UsedDirectory {
  /** How many records its log has taken. */
  readonly records: number;
  /** How many of them are processed. */
  readonly processed: number;
  readonly segmentSizeBytes?: number;
}

/** A data directory as a gateway leaves it that is killed: small segments, and those that nobody needs deleted. */
export async function usedDirectory({
  records,
  processed,
  segmentSizeBytes = 2_000,
}: UsedDirectory): Promise<DataDirectory> {
  const unopened = dataDirectory(join(tempDirectory(), 'data'));
  const { lock, identity } = await openDataDirectory(unopened, '9.9.9');
  await lock.release();
  const directory = { ...unopened, id: identity.id };
  const log = await TestLog.open(directory.log, { segmentSizeBytes });
  for (let next = 0; next < records; next += 10) await log.append(next, Math.min(next + 10, records));
  await saveProcessed(directory, processed);
  await log.writer.trim(CONSUMER_READER, processed);
  await log.writer.close();
  return directory;
}

export async function saveProcessed(directory: DataDirectory, processed: number): Promise<void> {
  const store = new FileCheckpointStore(directory.checkpoints, CONSUMER_READER, (at) =>
    logOrigin(directory, at),
  );
  await store.save({
    position: logPosition(processed),
    ledger: { ...NO_RECORDS, written: processed },
    deadLetterEnd: { file: 0, bytes: 0 },
  });
}

/** Every file below a folder with its bytes, to compare before and after. */
export function contentOf(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    files.map((name) => {
      const path = join(folder, name);
      return [name, statSync(path).isFile() ? readFileSync(path, 'latin1') : 'not a file'];
    }),
  );
}

/** Its segments, oldest first. */
export function segmentsOf({ log }: DataDirectory): string[] {
  return readdirSync(log)
    .filter((name) => name.endsWith('.seg'))
    .sort();
}
