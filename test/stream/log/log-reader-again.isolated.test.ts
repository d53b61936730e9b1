import type { FileHandle } from 'node:fs/promises';
import { beforeEach, expect, it, vi } from 'vitest';
import type { LogDamage } from '../../../src/stream/log/log-reader.js';
import { NO_LINGER, TestLog } from '../../support/log-fixture.js';
import { tempDirectory } from '../../support/temp-directory.js';

type Read = (
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

/** What a read of a segment goes through; a test replaces it. */
const disk = vi.hoisted(() => ({
  read: (_position: number, read: () => Promise<{ bytesRead: number }>, _buffer: Buffer, _offset: number) =>
    read(),
}));

vi.mock('../../../src/lib/files.js', async (original) => {
  const files = await original<typeof import('../../../src/lib/files.js')>();
  return {
    ...files,
    open: async (path: string, flags: string, mode?: number): Promise<FileHandle> => {
      const file = await files.open(path, flags, mode);
      if (flags !== 'r') return file;
      const read: Read = file.read.bind(file) as unknown as Read;
      file.read = ((buffer: Buffer, offset: number, length: number, position: number) =>
        disk.read(position, () => read(buffer, offset, length, position), buffer, offset)) as never;
      return file;
    },
  };
});

const RECORDS = 30_000;

beforeEach(() => {
  disk.read = (_position, read) => read();
});

async function readAll(log: TestLog, damages: LogDamage[] = []): Promise<number[]> {
  const reader = log.reader(undefined, { onDamage: (damage) => damages.push(damage) });
  const found: number[] = [];
  let lost = 0;
  while (found.length + lost < RECORDS) {
    const batch = await reader.next(NO_LINGER, new AbortController().signal);
    const [part] = batch!.parts;
    for (const { receivedAtNs } of part!.records)
      found.push(Number(receivedAtNs - 1_700_000_000_000_000_000n));
    lost += part!.lost.damaged;
    batch!.release();
  }
  await reader.close();
  return found;
}

const ALL = Array.from({ length: RECORDS }, (_, n) => n);

it.each<[string, (times: number) => typeof disk.read]>([
  [
    'a read in the middle of a file that ends early, and then finds nothing,',
    (times) => {
      let left = times;
      return async (position, read) => {
        if (position < 1_000_000 || left === 0) return read();
        left -= 1;
        return { bytesRead: 0 };
      };
    },
  ],
  [
    'a read whose bytes are not those of the file',
    (times) => {
      let left = times;
      return async (position, read, buffer, offset) => {
        const done = await read();
        if (position < 1_000_000 || left === 0) return done;
        left -= 1;
        buffer.fill(0, offset, offset + 4_096);
        return done;
      };
    },
  ],
])('%s is done once more before records count as damaged', async (_what, fault) => {
  const log = await TestLog.open(tempDirectory());
  await log.append(0, RECORDS);
  disk.read = fault(1);
  const damages: LogDamage[] = [];
  expect(await readAll(log, damages)).toEqual(ALL);
  expect(damages).toEqual([]);

  // What stays so is damaged, and counted.
  disk.read = fault(Number.POSITIVE_INFINITY);
  const found = await readAll(log, damages);
  expect(found.length).toBeLessThan(RECORDS);
  expect(damages[0]?.records).toBe(RECORDS - found.length);
  await log.writer.close();
});
