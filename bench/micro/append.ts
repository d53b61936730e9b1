import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogWriter } from '../../src/stream/log/log-writer.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { openBenchLog } from '../processes/open-bench-log.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

const PAYLOAD_BYTES = 100;

/**
 * The log with so many records waiting at once, each durable when it counts, beside a file that gets the same
 * payloads with a write and an fdatasync each.
 */
export async function compareAppend(
  directory: string,
  waiting: readonly number[],
  sizes: RoundSizes,
): Promise<Comparison[]> {
  const folder = await mkdtemp(join(directory, 'sluice-bench-append-'));
  const log = await openBenchLog(join(folder, 'log'));
  const file = await open(join(folder, 'alone'), 'ax', 0o600);
  const records = cityRecords(Math.max(...waiting)).map((record) => ({
    ...record,
    payload: Buffer.alloc(PAYLOAD_BYTES, record.payload),
  }));
  try {
    const comparisons: Comparison[] = [];
    for (const count of waiting) {
      const batch = records.slice(0, count);
      comparisons.push(
        await compare(
          {
            name: `append: log, ${count} waiting`,
            alternative: 'write + fdatasync a record',
          },
          async () => {
            await appended(log, batch);
            await log.trim('consumer', log.durableSequence);
            return count;
          },
          () => syncedOneByOne(file, batch.slice(0, 20)),
          sizes,
        ),
      );
    }
    return comparisons;
  } finally {
    await log.close();
    await file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function appended(log: LogWriter, records: readonly StreamRecord[]): Promise<void> {
  return new Promise((resolve) => {
    let left = records.length;
    const stored = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (const record of records) log.append(record, stored);
  });
}

async function syncedOneByOne(file: FileHandle, records: readonly StreamRecord[]): Promise<number> {
  for (const { payload } of records) {
    await file.write(payload);
    await file.datasync();
  }
  return records.length;
}
