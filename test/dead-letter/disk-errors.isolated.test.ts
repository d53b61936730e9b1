import type { FileHandle } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { tempDirectory } from '../support/temp-directory.js';

/** The disk refuses one call: the n-th that writes, counted from 0. A refused append may have written a part. */
const disk = vi.hoisted(() => ({
  failAt: Number.POSITIVE_INFINITY,
  code: 'EIO',
  calls: 0,
  refuses() {
    disk.calls += 1;
    return disk.calls - 1 === disk.failAt;
  },
  error: () => Object.assign(new Error(`${disk.code}: no`), { code: disk.code }),
}));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    open: async (...args: Parameters<typeof real.open>) => {
      const [, flags] = args;
      if (flags === 'ax' && disk.refuses()) throw disk.error();
      const handle = await real.open(...args);
      if (flags !== 'a' && flags !== 'ax') return handle;
      const append = handle.appendFile.bind(handle);
      const datasync = handle.datasync.bind(handle);
      const refusing: Partial<FileHandle> = {
        appendFile: async (data) => {
          if (!disk.refuses()) return append(data);
          await append((data as Buffer).subarray(0, Math.floor((data as Buffer).length / 2)));
          throw disk.error();
        },
        datasync: async () => {
          if (disk.refuses()) throw disk.error();
          return datasync();
        },
      };
      return Object.assign(handle, refusing);
    },
  };
});

const RECORDS = 30;
const parked = (n: number) =>
  parkedRecord(
    {
      receivedAtNs: 1_795_000_000_000_000_000n + BigInt(n),
      topic: 't',
      clientId: 'c',
      qos: 1,
      payload: Buffer.alloc(20_000, 'x'),
    },
    { code: 'rule-none', reason: 'r' },
    n,
  );

/** Parks all records, one after the other, and tries again while the dead letter is full. Resolves with how many it parked. */
async function parkAll(writer: DeadLetterWriter): Promise<number> {
  for (let n = 0; n < RECORDS; n += 1) {
    for (;;) {
      try {
        await writer.append([parked(n)]);
        break;
      } catch (thrown) {
        if ((thrown as { code: string }).code !== 'DEAD_LETTER_FULL') return n;
      }
    }
  }
  return RECORDS;
}

it.each(['ENOSPC', 'EDQUOT'])(
  '%s at any call costs no record and doubles none: it is a full dead letter, which waits',
  { timeout: 60_000 },
  async (code) => {
    disk.code = code;
    for (let failAt = 0; ; failAt += 1) {
      const directory = tempDirectory();
      disk.failAt = Number.POSITIVE_INFINITY;
      const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 });
      Object.assign(disk, { failAt, calls: 0 });
      expect(await parkAll(writer)).toBe(RECORDS);
      await writer.close();
      const { end } = writer;
      const hasFailed = disk.calls > failAt;
      disk.failAt = Number.POSITIVE_INFINITY;
      // The end is where the file ends: it can be saved with the ledger.
      const next = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 }, end);
      expect(next.end).toEqual(end);
      await next.close();
      const ids = (await listParked(directory, 999)).map(({ id }) => id);
      expect(ids).toEqual(Array.from({ length: RECORDS }, (_, n) => parked(RECORDS - 1 - n).id));
      if (!hasFailed) break;
    }
    expect(disk.calls).toBeGreaterThan(RECORDS);
  },
);

it('EIO at any call ends the process, and the next start has exactly what its checkpoint says', {
  timeout: 60_000,
}, async () => {
  disk.code = 'EIO';
  for (let failAt = 0; ; failAt += 1) {
    const directory = tempDirectory();
    disk.failAt = Number.POSITIVE_INFINITY;
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 });
    Object.assign(disk, { failAt, calls: 0 });
    const done = await parkAll(writer);
    if (disk.calls <= failAt) {
      await writer.close();
      break;
    }
    expect(done).toBeLessThan(RECORDS);
    // Nothing more is written, whatever the caller does: what is on disk is unknown.
    await expect(writer.append([parked(99)])).rejects.toMatchObject({ code: 'DEAD_LETTER_FAILED' });
    const { end } = writer;
    await writer.close().catch(() => undefined);
    disk.failAt = Number.POSITIVE_INFINITY;
    const next = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 }, end);
    expect(await listParked(directory, 999)).toHaveLength(done);
    await next.close();
  }
});
