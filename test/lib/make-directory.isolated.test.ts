import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { makeDirectory } from '../../src/lib/durable-files.js';
import { tempDirectory } from '../support/temp-directory.js';

/** Directories whose names inside were made durable, in order. */
const synced = vi.hoisted((): string[] => []);
vi.mock('../../src/lib/sync-directory.js', () => ({
  syncDirectory: async (path: string) => {
    synced.push(path);
  },
}));
beforeEach(() => {
  synced.length = 0;
});

it('a directory is made for its owner, and the name of each one made on the way is durable', async () => {
  const parent = tempDirectory();
  await makeDirectory(join(parent, 'a', 'b', 'c'));
  expect(statSync(join(parent, 'a', 'b', 'c')).mode & 0o777).toBe(0o700);
  expect(synced).toEqual([join(parent, 'a', 'b'), join(parent, 'a'), parent]);
  await makeDirectory(join(parent, 'a', 'b', 'c'));
  expect(synced).toHaveLength(3);
});

it('the folders of a data directory are durable before anything is kept in them, also those of a process killed right then', async () => {
  const parent = tempDirectory();
  const directory = dataDirectory(join(parent, 'data'));
  await prepareDataDirectory(directory);
  expect(synced).toContain(parent);
  synced.length = 0;
  await prepareDataDirectory(directory);
  expect(synced).toEqual([directory.root, directory.checkpoints]);
});

it("a reader's folder of the dead letter is durable before a record is parked in it", async () => {
  const directory = join(tempDirectory(), 'forwarder');
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1_000 });
  await writer.close();
  expect(synced).toContain(join(directory, '..'));
});
