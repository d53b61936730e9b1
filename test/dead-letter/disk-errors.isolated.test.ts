import { describe, expect, it, vi } from 'vitest';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { disk } from '../support/failing-disk.js';
import { tempDirectory } from '../support/temp-directory.js';

vi.mock('node:fs/promises', async (original) => {
  const { disk: failing } = await import('../support/failing-disk.js');
  return failing.wrap(await original<typeof import('node:fs/promises')>());
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

describe.each(['ENOSPC', 'EDQUOT'] as const)('%s', (code) => {
  it.each([
    [1, false],
    [3, false],
    [3, true],
  ])(
    'at any call costs no record and doubles none: it is a full dead letter, which waits (%i calls, done: %s)',
    { timeout: 60_000 },
    async (times, isDone) => {
      for (let at = 1; ; at += 1) {
        const directory = tempDirectory();
        const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 });
        disk.failFrom({ code, at, times, part: directory, isDone });
        expect(await parkAll(writer)).toBe(RECORDS);
        await writer.close();
        const { end } = writer;
        const { refused } = disk;
        disk.failFrom(undefined);
        // The end is where the file ends: it can be saved with the ledger.
        const next = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 }, end);
        expect(next.end).toEqual(end);
        await next.close();
        const ids = (await listParked(directory, 999)).map(({ id }) => id);
        expect(ids, refused.join()).toEqual(
          Array.from({ length: RECORDS }, (_, n) => parked(RECORDS - 1 - n).id),
        );
        if (refused.length === 0) {
          expect(at).toBeGreaterThan(2 * RECORDS);
          break;
        }
      }
    },
  );
});

it('EIO at any call ends the process, and the next start has exactly what its checkpoint says', {
  timeout: 60_000,
}, async () => {
  for (let at = 1; ; at += 1) {
    const directory = tempDirectory();
    const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 });
    disk.failFrom({ code: 'EIO', at, times: 1, part: directory, isDone: false });
    const done = await parkAll(writer);
    const { refused } = disk;
    disk.failFrom(undefined);
    if (refused.length === 0) {
      await writer.close();
      break;
    }
    // What a file that is closed held was durable before.
    if (refused[0]!.startsWith('close ')) expect(done).toBe(RECORDS);
    else {
      expect(done).toBeLessThan(RECORDS);
      // Nothing more is written, whatever the caller does: what is on disk is unknown.
      await expect(writer.append([parked(99)])).rejects.toMatchObject({
        code: 'DEAD_LETTER_FAILED',
        message: expect.stringContaining(directory) as string,
      });
    }
    const { end } = writer;
    await writer.close();
    const next = await DeadLetterWriter.open({ directory, maxSizeBytes: 2 << 20 }, end);
    expect(await listParked(directory, 999)).toHaveLength(done);
    await next.close();
  }
});
