import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkFreeSpace } from '../../../src/commands/doctor/free-space.js';
import { tempDirectory } from '../../support/temp-directory.js';

const MiB = 2 ** 20;
const NEED = { logMaxBytes: 1_024 * MiB, deadLetterMaxBytes: 512 * MiB };
const free = (bytes: number) => ({ freeBytes: async () => bytes });

test.each([
  [1_536 * MiB, 'ok'],
  [1_536 * MiB - 1, 'warn'],
  [256 * MiB, 'warn'],
  [256 * MiB - 1, 'fail'],
] as const)('%d bytes free', async (bytes, state) => {
  expect((await checkFreeSpace(tempDirectory(), NEED, free(bytes))).state).toBe(state);
});

test('what log and dead letter hold already is not needed again', async () => {
  const directory = tempDirectory();
  for (const name of ['log', 'dead-letter']) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'one'), Buffer.alloc(MiB));
  }
  const result = await checkFreeSpace(directory, NEED, free(1_534 * MiB));
  expect(result).toMatchObject({
    state: 'ok',
    found: '1.5 GiB free, log and dead letter may grow by 1.5 GiB',
  });
  expect((await checkFreeSpace(directory, NEED, free(1_533 * MiB))).state).toBe('warn');
});

test('asks the file system of the nearest folder that exists', async () => {
  const result = await checkFreeSpace(join(tempDirectory(), 'not', 'there'), {
    logMaxBytes: 0,
    deadLetterMaxBytes: 0,
  });
  expect(result.found).toMatch(/^[\d.]+ [KMGT]iB free, log and dead letter may grow by 0 B/);
});
