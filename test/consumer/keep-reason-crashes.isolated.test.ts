import { cpSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Consumer } from '../../src/consumer/consumer.js';
import {
  type DataDirectory,
  dataDirectory,
  prepareDataDirectory,
} from '../../src/data-directory/data-directory.js';
import { reasonsFolder } from '../../src/dead-letter/dead-letter-files.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { ReasonsWriter } from '../../src/dead-letter/reasons-writer.js';
import { SenderBytes } from '../../src/dead-letter/sender-bytes.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger, type LedgerTotals, summarize } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { TestLog } from '../support/log-fixture.js';
import { MemorySink } from '../support/memory-sink.js';
import { tempDirectory } from '../support/temp-directory.js';

/** Counts what is written to the disk, call by call; the process is killed when no call is left. */
const disk = vi.hoisted(() => ({
  callsLeft: Number.POSITIVE_INFINITY,
  call() {
    if (disk.callsLeft <= 0) throw new Error('killed');
    disk.callsLeft -= 1;
  },
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    rename: (...args: Parameters<typeof real.rename>) => {
      disk.call();
      return real.rename(...args);
    },
    open: async (...args: Parameters<typeof real.open>) => {
      if (args[1] === 'ax') disk.call();
      const handle = await real.open(...args);
      if (args[1] !== 'a' && args[1] !== 'ax') return handle;
      const append = handle.appendFile.bind(handle);
      const datasync = handle.datasync.bind(handle);
      const killable: Partial<FileHandle> = {
        appendFile: async (data) => {
          // The last write before the kill may be there in part.
          if (disk.callsLeft === 0) await append((data as Buffer).subarray(0, (data as Buffer).length / 2));
          disk.call();
          return append(data);
        },
        datasync: async () => {
          disk.call();
          return datasync();
        },
      };
      return Object.assign(handle, killable);
    },
  };
});

const RECORDS = 60;
const MAX_SIZE = 400_000;

/** Of six records: two good ones, three of a flooding client, one bad one of an honest client. */
function record(n: number): StreamRecord {
  const isGood = n % 3 === 0;
  const clientId = isGood || n % 6 === 1 ? 'honest' : 'flooder';
  const payload = isGood
    ? Buffer.from(`{"v":${n}}`)
    : clientId === 'honest'
      ? Buffer.alloc(200, 'x')
      : Buffer.alloc(4_000);
  return { receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n), topic: 't', clientId, qos: 1, payload };
}

/** One process over the directory, until all of the log is processed or it is killed. Resolves with its ledger. */
async function live(directory: DataDirectory, log: TestLog): Promise<LedgerTotals | 'killed'> {
  const checkpoints = new FileCheckpointStore(directory.checkpoints, 'consumer');
  const saved = await checkpoints.load();
  const calls = disk.callsLeft;
  disk.callsLeft = Number.POSITIVE_INFINITY;
  const deadLetter = await DeadLetterWriter.open(
    { directory: directory.deadLetter, maxSizeBytes: MAX_SIZE },
    saved?.deadLetterEnd,
  );
  const reasons = await ReasonsWriter.open(
    join(directory.deadLetter, reasonsFolder('')),
    MAX_SIZE,
    saved?.reasonsEnd,
  );
  disk.callsLeft = calls;
  const reader = log.reader(saved?.position);
  const clock = new SystemClock();
  const consumer = new Consumer(
    { maxBatchRecords: 7, maxBatchBytes: 1 << 20, lingerMs: 0, checkpointIntervalMs: 0 },
    {
      reader,
      apply: (one) =>
        one.payload.length > 100
          ? { kind: 'parked', code: 'payload-not-json', reason: 'r' }
          : { kind: 'points', rule: 'r', points: [] },
      sink: new MemorySink(),
      deadLetter,
      keeping: {
        whenFull: 'keep-reason',
        clientSharePercent: 5,
        deadLetter,
        reasons,
        senders: new SenderBytes(),
        dropOldest: async () => 0,
        clock,
      },
      checkpoints,
      ledger: new Ledger(saved?.ledger),
      clock,
      position: saved?.position ?? '0',
      onProgress: () => undefined,
      onCheckpoint: () => undefined,
      warn: () => undefined,
    },
  );
  consumer.drain();
  try {
    await consumer.run();
    return consumer.progress().ledger;
  } catch {
    return 'killed';
  } finally {
    disk.callsLeft = Number.POSITIVE_INFINITY;
    await Promise.all([deadLetter.close(), reasons.close(), reader.close()]);
  }
}

it('after a kill at any call to the disk, ledger and files agree about what is kept without its payload', {
  timeout: 120_000,
}, async () => {
  const root = tempDirectory();
  const log = await TestLog.open(dataDirectory(root).log, { segmentSizeBytes: 1 << 20 });
  onTestFinished(() => log.writer.close());
  await new Promise<void>((resolve) => {
    for (let n = 0; n < RECORDS; n += 1)
      log.writer.append(record(n), n === RECORDS - 1 ? resolve : () => undefined);
  });
  let killed = 0;
  for (let calls = 0; ; calls += 1) {
    let directory = dataDirectory(tempDirectory());
    await prepareDataDirectory(directory);
    disk.callsLeft = calls;
    let ledger = await live(directory, log);
    if (ledger === 'killed') {
      killed += 1;
      // What the killed process left behind, without anything it had open.
      const copy = dataDirectory(tempDirectory());
      cpSync(directory.root, copy.root, { recursive: true });
      directory = copy;
      ledger = await live(directory, log);
    }
    if (ledger === 'killed') throw new Error('killed twice');
    const { written, parked } = summarize(ledger);
    expect({ written, parked }).toEqual({ written: 20, parked: 40 });
    const listed = await listParked(directory.deadLetter, 999);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(listed.length);
    const onlyCounted = ledger.onlyCounted?.['payload-not-json'] ?? 0;
    expect(listed.length + onlyCounted).toBe(40);
    const withoutPayload = listed.filter(({ bytesNotKept }) => bytesNotKept !== undefined);
    expect(withoutPayload.length + onlyCounted).toBe(ledger.withoutPayload?.['payload-not-json']);
    expect(withoutPayload.length).toBeGreaterThan(0);
    expect(listed.filter(({ clientId }) => clientId === 'honest').every((one) => !one.bytesNotKept)).toBe(
      true,
    );
    if (disk.callsLeft === Number.POSITIVE_INFINITY && killed <= calls) break;
  }
  expect(killed).toBeGreaterThan(30);
});
