import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkDataFolder } from '../../../src/commands/doctor/data-folder.js';
import { tempDirectory } from '../../support/temp-directory.js';

const EXT4 = { fileSystemType: async () => 0xef53 };

function folder(mode: number): string {
  const path = join(tempDirectory(), 'data');
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test('one that is not there yet is not made', async () => {
  const directory = tempDirectory();
  const path = join(directory, 'a', 'data');
  expect(await checkDataFolder(path, EXT4)).toMatchObject({ state: 'ok', found: `${path} will be made` });
  expect(readdirSync(directory)).toEqual([]);
});

test('one that only this user may enter is right, one open to others is not', async () => {
  expect(await checkDataFolder(folder(0o700), EXT4)).toMatchObject({ state: 'ok' });
  const open = folder(0o755);
  expect(await checkDataFolder(open, EXT4)).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('mode 0755'),
    advice: `chmod 700 ${open}`,
  });
});

test('a file in its way fails', async () => {
  const path = join(tempDirectory(), 'data');
  writeFileSync(path, '');
  expect(await checkDataFolder(path, EXT4)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('a file stands in its way'),
  });
});

test.each([
  [0x6969, 'network file system (NFS)'],
  [0xff534d42, 'network file system (CIFS)'],
  [0xfe534d42, 'network file system (SMB2)'],
  [0x01021994, 'does not survive a restart'],
])('a file system of type %d is warned of', async (type, found) => {
  const result = await checkDataFolder(folder(0o700), { fileSystemType: async () => type });
  expect(result).toMatchObject({ state: 'warn', found: expect.stringContaining(found) });
});
