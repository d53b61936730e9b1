import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { checkDataFolder, checkDiskSpeed, checkFreeSpace } from '../../../src/commands/doctor/disk-checks.js';
import { tempDirectory } from '../../support/temp-directory.js';

const EXT4 = { fileSystemType: async () => 0xef53 };
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

function folder(mode: number): string {
  const path = join(tempDirectory(), 'data');
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test('one that is not there yet is not made', async () => {
  const directory = tempDirectory();
  const path = join(directory, 'a', 'data');
  expect(await checkDataFolder(path, EXT4)).toMatchObject({ state: 'ok', found: `${path} will be created` });
  expect(readdirSync(directory)).toEqual([]);
});

test('[security 49] one that only this user may enter is right, one open to others is not', async () => {
  expect(await checkDataFolder(folder(0o700), EXT4)).toMatchObject({ state: 'ok' });
  const open = folder(0o755);
  expect(await checkDataFolder(open, EXT4)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('mode 0755'),
    advice: `run: chmod -R go-rwx ${open}`,
  });
  // Beside a running gateway, which goes on until it stops.
  expect(await checkDataFolder(open, EXT4, { looksAtOwners: false })).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('mode 0755'),
    advice: `chmod -R go-rwx ${open}`,
  });
});

test('a file in its way fails', async () => {
  const path = join(tempDirectory(), 'data');
  writeFileSync(path, '');
  expect(await checkDataFolder(path, EXT4)).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('a file is in its place'),
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

/** A clock that an append moves on. */
function slowDisk(tookMs: (append: number) => number) {
  let nowMs = 0;
  let appends = 0;
  return {
    nowMs: () => nowMs,
    append: async () => {
      nowMs += tookMs(appends);
      appends += 1;
    },
  };
}

test('median and worst of 50 appends, in the nearest folder that exists, which is left as it was', async () => {
  const directory = tempDirectory();
  const disk = slowDisk((append) => (append === 7 ? 45 : 2));
  expect(await checkDiskSpeed(join(directory, 'not', 'there'), disk)).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('50 appends of 4 KiB with fdatasync: median 2.00 ms, worst 45 ms'),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('warns above a median of 20 ms', async () => {
  const result = await checkDiskSpeed(
    tempDirectory(),
    slowDisk(() => 21),
  );
  expect(result).toMatchObject({ state: 'warn', found: expect.stringContaining('median 21 ms') });
  expect(
    (
      await checkDiskSpeed(
        tempDirectory(),
        slowDisk(() => 20),
      )
    ).state,
  ).toBe('ok');
});

test('a very slow disk is judged by fewer appends', async () => {
  const result = await checkDiskSpeed(
    tempDirectory(),
    slowDisk(() => 1_000),
  );
  expect(result.found).toContain('3 appends');
});

test('an error of the disk rejects, and the temporary file and the signal listeners are gone', async () => {
  const directory = tempDirectory();
  const listeners = process.listenerCount('SIGTERM');
  let appends = 0;
  const append = async () => {
    expect(process.listenerCount('SIGTERM')).toBe(listeners + 1);
    appends += 1;
    if (appends === 3) throw new Error('EIO: i/o error, fdatasync');
  };
  await expect(checkDiskSpeed(directory, { append, nowMs: () => 0 })).rejects.toThrow('EIO');
  expect(readdirSync(directory)).toEqual([]);
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
});

test('a signal that ends the process takes the temporary file along', async () => {
  const directory = tempDirectory();
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  let appends = 0;
  const append = async () => {
    appends += 1;
    if (appends !== 3) return;
    expect(readdirSync(directory)).toHaveLength(1);
    process.emit('SIGTERM', 'SIGTERM');
    expect(readdirSync(directory)).toEqual([]);
  };
  await checkDiskSpeed(directory, { append, nowMs: () => 0 });
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
});
