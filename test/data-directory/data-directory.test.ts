import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { isDataDirectoryLocked, lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { tempDirectory } from '../support/temp-directory.js';

describe('the data directory', () => {
  it('is made for its owner alone', async () => {
    const directory = dataDirectory(join(tempDirectory(), 'data'));
    await prepareDataDirectory(directory);
    for (const path of [directory.root, directory.log, directory.deadLetter, directory.checkpoints]) {
      expect(statSync(path).mode & 0o777).toBe(0o700);
    }
  });

  it.skipIf(process.getuid?.() === 0)('that cannot be written is refused with a way out', async () => {
    const parent = tempDirectory();
    chmodSync(parent, 0o500);
    await expect(prepareDataDirectory(dataDirectory(join(parent, 'data')))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
    });
  });

  it('that is a file is refused with a way out', async () => {
    const file = join(import.meta.dirname, 'data-directory.test.ts');
    await expect(prepareDataDirectory(dataDirectory(join(file, 'data')))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
      message: expect.stringContaining('stream.log.directory') as string,
    });
  });
});

describe('the lock', () => {
  it('is held by one at a time and free again after release', async () => {
    const directory = dataDirectory(tempDirectory());
    const lock = await lockDataDirectory(directory);
    expect(await isDataDirectoryLocked(directory.root)).toBe(true);
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await lock.release();
    expect(await isDataDirectoryLocked(directory.root)).toBe(false);
    await (await lockDataDirectory(directory)).release();
  });

  it('works in a directory whose path is too long for a socket', async () => {
    const root = join(tempDirectory(), 'x'.repeat(120));
    mkdirSync(root);
    const directory = dataDirectory(root);
    const lock = await lockDataDirectory(directory);
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_LOCKED' });
    await lock.release();
  });

  it('goes with a killed process: of many that want it then, exactly one gets it', async () => {
    const directory = dataDirectory(tempDirectory());
    const holder = await holdLock(directory.root);
    expect(holder.got).toBe(true);
    holder.child.kill('SIGKILL');
    await new Promise((resolve) => holder.child.once('exit', resolve));
    expect(readdirSync(directory.root)).toContain('lock.1');
    const all = await Promise.all(Array.from({ length: 8 }, () => holdLock(directory.root)));
    expect(all.filter(({ got }) => got).length).toBe(1);
  });
});

/** A process that tries for the lock and then stays. */
function holdLock(root: string): Promise<{ child: ChildProcess; got: boolean }> {
  const compiled = (name: string) =>
    JSON.stringify(
      pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'src', 'data-directory', name)).href,
    );
  const script = `
    const { dataDirectory } = await import(${compiled('data-directory.js')});
    const { lockDataDirectory } = await import(${compiled('directory-lock.js')});
    try {
      await lockDataDirectory(dataDirectory(${JSON.stringify(root)}));
      console.log('got');
    } catch (thrown) {
      console.log(thrown.code);
    }
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve) => {
    child.stdout!.once('data', (text: Buffer) => resolve({ child, got: text.toString().trim() === 'got' }));
  });
}
