import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DataDirectory, dataDirectory } from '../../src/data-directory/data-directory.js';
import { modeProblem } from '../../src/data-directory/file-modes.js';
import { inspectDataDirectory } from '../../src/data-directory/inspect-directory.js';
import { openDataDirectory } from '../../src/data-directory/open-directory.js';
import { makeFilesPrivate } from '../../src/data-directory/private-umask.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { tempDirectory } from '../support/temp-directory.js';
import { usedDirectory } from '../support/used-directory.js';

const VERSION = '9.9.9';
const isRoot = process.geteuid?.() === 0;
const modeOf = (path: string) => statSync(path).mode & 0o777;

async function refusal(directory: DataDirectory): Promise<string> {
  const thrown = await openDataDirectory(directory, VERSION).catch((refused: unknown) => refused);
  expect(thrown).toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE', exitCode: 2 });
  return (thrown as Error).message;
}

describe.skipIf(process.platform === 'win32')(
  '[security 49] [drill N4] a data directory that is open to others',
  () => {
    it.each(['777', '755', '750', '701'])(
      'is refused with mode %s and the command that fixes it',
      async (mode) => {
        const directory = await usedDirectory({ records: 10, processed: 5 });
        chmodSync(directory.root, Number.parseInt(mode, 8));
        const command = `chmod -R go-rwx ${directory.root}`;
        expect(await refusal(directory)).toContain(`run: ${command}`);
        const { problems } = await inspectDataDirectory(directory);
        expect(problems).toMatchObject([{ kind: 'access', file: directory.root, next: `run: ${command}` }]);
        chmodSync(directory.root, 0o700);
        await (await openDataDirectory(directory, VERSION)).lock.release();
      },
    );

    it('is refused also where only the folder of the log is open', async () => {
      const root = join(tempDirectory(), 'data');
      const log = join(tempDirectory(), 'records');
      mkdirSync(log);
      chmodSync(log, 0o755);
      mkdirSync(root, { mode: 0o700 });
      expect(await refusal({ ...dataDirectory(root), log })).toContain(`run: chmod -R go-rwx ${log}`);
    });

    it.runIf(isRoot)(
      'may be the volume of a container, of root and open to its group, but not to others',
      () => {
        const user = { uid: 1_000, gid: 1_000 };
        const volume = (mode: number) => modeProblem('/data', { uid: 0, mode }, user);
        expect(volume(0o2775)).toBeUndefined();
        expect(volume(0o2770)).toBeUndefined();
        expect(volume(0o2777)?.next).toContain('stream.log.directory');
        expect(modeProblem('/data', { uid: 1_000, mode: 0o2775 }, user)?.next).toBe(
          'run: chmod -R go-rwx /data',
        );
        expect(
          modeProblem('/data', { uid: 0, mode: 0o777 }, { uid: undefined, gid: undefined }),
        ).toBeUndefined();
      },
    );
  },
);

describe.skipIf(process.platform === 'win32')(
  '[security 49] [drill N4] files that are open to others',
  () => {
    it('are closed at a start, in a directory of an earlier version', async () => {
      const directory = await usedDirectory({ records: 10, processed: 5 });
      const store = join(directory.root, 'telemetry.duckdb');
      writeFileSync(store, '');
      chmodSync(store, 0o644);
      chmodSync(directory.checkpoints, 0o755);
      const mine = join(directory.root, 'lost+found');
      mkdirSync(mine);
      chmodSync(mine, 0o755);
      const opened = await openDataDirectory(directory, VERSION);
      await opened.lock.release();
      expect([...opened.closedToOthers].sort()).toEqual([directory.checkpoints, store].sort());
      expect([modeOf(store), modeOf(directory.checkpoints), modeOf(mine)]).toEqual([0o600, 0o700, 0o755]);
      const again = await openDataDirectory(directory, VERSION);
      await again.lock.release();
      expect(again.closedToOthers).toEqual([]);
    });

    it.runIf(isRoot)('of another user are refused, not changed', async () => {
      const directory = await usedDirectory({ records: 10, processed: 5 });
      const store = join(directory.root, 'telemetry.duckdb');
      writeFileSync(store, '');
      chmodSync(store, 0o644);
      chownSync(store, 4_711, 4_711);
      expect(await refusal(directory)).toContain('chown -R');
      expect(modeOf(store)).toBe(0o644);
    });

    it('are not made while the directory is held: DuckDB asks for 0644', async () => {
      const ownMask = process.umask(0o022);
      onTestFinished(() => void process.umask(ownMask));
      const directory = dataDirectory(join(tempDirectory(), 'data'));
      const { lock } = await openDataDirectory(directory, VERSION);
      const path = join(directory.root, 'telemetry.duckdb');
      const sink = new DuckdbSink({ path });
      await sink.open();
      await sink.close();
      expect(existsSync(path)).toBe(true);
      expect(modeOf(path)).toBe(0o600);
      await lock.release();
      // What a command makes for its user afterwards, such as an export, has the mode that the user wants.
      expect(process.umask()).toBe(0o022);
    });

    it('are not made by either of two directories that one process holds', () => {
      const ownMask = process.umask(0o022);
      onTestFinished(() => void process.umask(ownMask));
      const [endFirst, endSecond] = [makeFilesPrivate(), makeFilesPrivate()];
      endFirst();
      endFirst();
      expect(process.umask()).toBe(0o077);
      endSecond();
      expect(process.umask()).toBe(0o022);
    });
  },
);
