import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import {
  isDataDirectoryLocked,
  lockDataDirectory,
  takeLock,
} from '../../src/data-directory/directory-lock.js';
import { DirectoryLockSockets } from '../../src/data-directory/lock-sockets.js';
import { damages } from '../support/damages.js';
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
  it('[security 49] is held by one at a time and free again after release', async () => {
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

  it.runIf(process.platform === 'linux')(
    '[access 11] [security 49] [drill N4] is not lifted by deleting its files: a second process is still refused',
    async () => {
      const directory = dataDirectory(tempDirectory());
      const lock = await lockDataDirectory(directory);
      for (const name of readdirSync(directory.root)) {
        if (name.startsWith('lock')) rmSync(join(directory.root, name));
      }
      expect(readdirSync(directory.root)).toEqual([]);
      await expect(lockDataDirectory(directory)).rejects.toMatchObject({
        code: 'DATA_DIRECTORY_LOCKED',
        message: expect.stringContaining('ss -xlp | grep @sluice/lock') as string,
      });
      expect(readdirSync(directory.root)).toEqual([]);
      expect(await isDataDirectoryLocked(directory.root)).toBe(true);
      const other = await holdLock(directory.root);
      expect(other.line).toBe('DATA_DIRECTORY_LOCKED');
      await lock.release();
      await (await lockDataDirectory(directory)).release();
    },
  );

  it('[access 11] is refused where another network holds it: the sockets in the directory are needed as well', async () => {
    const directory = dataDirectory(tempDirectory());
    const sockets = new DirectoryLockSockets(directory.root);
    // A process of another network namespace has only these.
    const server = await takeLock(sockets, () => Promise.resolve());
    await expect(lockDataDirectory(directory)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_LOCKED' });
    await server!.close();
    sockets.close();
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

  it('[security 49] [drill N6] goes with a killed process: of many that want it then, exactly one gets it, by its files alone', {
    timeout: 120_000,
  }, async () => {
    const directory = dataDirectory(tempDirectory());
    let holder = await holdLock(directory.root, 'files');
    expect(holder.got).toBe(true);
    for (let round = 1; round <= KILLS; round += 1) {
      const tries = Array.from({ length: 8 }, () => startHolder(directory.root, 'files'));
      await Promise.all(tries.map(({ isReady }) => isReady));
      await killed(holder.child);
      // Its socket is still there: nobody can tell from the name that it is dead. The noted number can be higher: that of a
      // process which looked dead when the holder got the lock.
      expect(readdirSync(directory.root).some((name) => /^lock\.\d+$/.test(name))).toBe(true);
      for (const { go } of tries) go();
      const all = await Promise.all(tries.map(({ outcome }) => outcome));
      const holders = all.filter(({ got }) => got);
      const lines = all.map(({ line }) => line).join(', ');
      expect(holders.length, `round ${round}: ${lines}; ${readdirSync(directory.root).join(', ')}`).toBe(1);
      expect(await isDataDirectoryLocked(directory.root)).toBe(true);
      holder = holders[0]!;
      for (const { child } of all) if (child !== holder.child) await killed(child);
    }
  });

  it('does not depend on what its files say: damaged in any way, it can be taken', async () => {
    const directory = dataDirectory(tempDirectory());
    await (await lockDataDirectory(directory)).release();
    for (const name of ['lock.generation', 'lock.owner']) {
      const file = join(directory.root, name);
      const whole = existsSync(file) ? readFileSync(file) : Buffer.from('4711\n');
      for (const damaged of damages(whole)) {
        writeFileSync(file, damaged);
        const lock = await lockDataDirectory(directory);
        expect(await isDataDirectoryLocked(directory.root)).toBe(true);
        await lock.release();
      }
    }
  });
});

const KILLS = 5;

interface Holder {
  readonly child: ChildProcess;
  readonly got: boolean;
  /** `got`, or the code of the error. */
  readonly line: string;
}

async function holdLock(root: string, by: 'all' | 'files' = 'all'): Promise<Holder> {
  const { isReady, go, outcome } = startHolder(root, by);
  await isReady;
  go();
  return outcome;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/**
 * A process that is ready to try for the lock, does so on `go`, and then stays. With `files` it takes only the sockets in
 * the directory, as processes of two containers see them.
 */
function startHolder(root: string, by: 'all' | 'files') {
  const compiled = (name: string) =>
    JSON.stringify(
      pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'src', 'data-directory', name)).href,
    );
  const script = `
    const { dataDirectory } = await import(${compiled('data-directory.js')});
    const { lockDataDirectory, takeLock } = await import(${compiled('directory-lock.js')});
    const { DirectoryLockSockets } = await import(${compiled('lock-sockets.js')});
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const root = ${JSON.stringify(root)};
    const take = async () => {
      if (${by === 'all'}) return await lockDataDirectory(dataDirectory(root));
      const server = await takeLock(new DirectoryLockSockets(root), pause);
      if (server === undefined) throw Object.assign(new Error(), { code: 'DATA_DIRECTORY_LOCKED' });
    };
    process.stdin.once('data', async () => {
      try {
        await take();
        console.log('got');
      } catch (thrown) {
        console.log(thrown.code);
      }
    });
    console.log('ready');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const nextLine = () =>
    new Promise<string>((resolve) =>
      child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())),
    );
  const isReady = nextLine();
  const outcome = isReady.then(nextLine).then((line): Holder => ({ child, line, got: line === 'got' }));
  return { isReady, go: () => void child.stdin.write('go\n'), outcome };
}
