import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DataDirectory, dataDirectory } from '../../src/data-directory/data-directory.js';
import { DIRECTORY_FORMATS, readIdentity } from '../../src/data-directory/directory-identity.js';
import { problemsText } from '../../src/data-directory/directory-problem.js';
import { inspectDataDirectory } from '../../src/data-directory/inspect-directory.js';
import { filledSegments } from '../../src/data-directory/log-fit.js';
import { noteCleanStop } from '../../src/data-directory/note-clean-stop.js';
import { openDataDirectory } from '../../src/data-directory/open-directory.js';
import { checkedJson } from '../../src/lib/checked-json.js';
import { encodeHeader } from '../../src/lib/journal/journal-frame.js';
import { tempDirectory } from '../support/temp-directory.js';
import { contentOf, segmentsOf, usedDirectory } from '../support/used-directory.js';

const WRITTEN_BY_0_1 = join(import.meta.dirname, '..', 'fixtures', 'data-directory-0.1');
const VERSION = '9.9.9';

/** A start is refused, and leaves every byte as it was. Resolves with the words of the refusal. */
async function refusalOf(directory: DataDirectory, code = 'DATA_DIRECTORY_MISMATCH'): Promise<string> {
  const before = contentOf(directory.root);
  const thrown = await openDataDirectory(directory, VERSION).catch((refused: unknown) => refused);
  expect(thrown).toMatchObject({ code, exitCode: 2 });
  expect(contentOf(directory.root)).toEqual(before);
  const { problems } = await inspectDataDirectory(directory);
  expect((thrown as Error).message).toContain(problemsText(problems));
  return (thrown as Error).message;
}

async function opens(directory: DataDirectory): Promise<void> {
  const { lock } = await openDataDirectory(directory, VERSION);
  await lock.release();
}

describe('the identity of a data directory', () => {
  it('is made on the first start and stays', async () => {
    const directory = dataDirectory(join(tempDirectory(), 'data'));
    const first = await openDataDirectory(directory, '1.0.0');
    await first.lock.release();
    expect(first.identity).toMatchObject({
      format: 1,
      id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    const second = await openDataDirectory(directory, '1.1.0');
    await second.lock.release();
    expect(second.identity).toEqual({ ...first.identity, writtenBy: '1.1.0' });
    expect(await readIdentity(directory.root)).toEqual({ kind: 'good', identity: second.identity });
  });

  it('is given to a directory of version 0.1, which is carried forward', async () => {
    const root = join(tempDirectory(), 'data');
    cpSync(WRITTEN_BY_0_1, root, { recursive: true });
    chmodSync(root, 0o700);
    await opens(dataDirectory(root));
    expect(await readIdentity(root)).toMatchObject({ kind: 'good' });
  });

  it('of a newer format is refused, and so is a downgrade', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    writeFileSync(
      join(directory.root, 'directory.json'),
      checkedJson('directory', { format: 4, id: 'x', createdAt: '', writtenBy: '3.0.0', more: true }),
    );
    expect(await refusalOf(directory)).toMatch(
      /directory\.json: .*format 4, written by Sluice 3\.0\.0.*format 3/,
    );
  });

  it('has the format of version 1 until records have users, and keeps the higher one from then on [access 11]', async () => {
    const directory = dataDirectory(join(tempDirectory(), 'data'));
    const formats: number[] = [];
    const { plain, withUsers, withProperties } = DIRECTORY_FORMATS;
    for (const format of [plain, withUsers, plain, withProperties, withUsers]) {
      const { lock, identity } = await openDataDirectory(directory, VERSION, format);
      await lock.release();
      expect(await readIdentity(directory.root)).toEqual({ kind: 'good', identity });
      formats.push(identity.format);
    }
    expect(formats).toEqual([1, 2, 2, 3, 3]);
  });

  it('has its higher format before anything needs it, or is not opened [access 11]', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const before = await readIdentity(directory.root);
    // Each write to it ends with ENOSPC, for which a start goes on otherwise.
    symlinkSync('/dev/full', join(directory.root, 'directory.json.next'));
    await expect(openDataDirectory(directory, VERSION, DIRECTORY_FORMATS.withUsers)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_UNUSABLE',
    });
    const other = await openDataDirectory(directory, '9.9.10');
    await other.lock.release();
    rmSync(join(directory.root, 'directory.json.next'));
    expect(before).toMatchObject({ identity: { format: 1 } });
    expect(await readIdentity(directory.root)).toEqual(before);
  });

  it('that was moved away comes back from the checkpoints', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    rmSync(join(directory.root, 'directory.json'));
    const { lock, identity } = await openDataDirectory(dataDirectory(directory.root), VERSION);
    await lock.release();
    expect(identity.id).toBe(directory.id);
  });

  it('differs from the one in a checkpoint that somebody put there: refused', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const other = await usedDirectory({ records: 10, processed: 5 });
    cpSync(other.checkpoints, directory.checkpoints, { recursive: true });
    expect(await refusalOf(directory)).toContain(`belongs to the data directory ${other.id}`);
  });
});

describe('a log that does not fit is refused, and left as it is', () => {
  it('with segments of a format that this version does not know', async () => {
    const directory = await usedDirectory({ records: 40, processed: 5 });
    const file = join(directory.log, segmentsOf(directory).at(-1)!);
    writeFileSync(file, readFileSync(file, 'latin1').replaceAll('SLF1', 'SLF9'), 'latin1');
    const text = await refusalOf(directory);
    expect(text).toContain(`${file}: the segment has the format SLF9`);
    expect(text).toContain('start the version that has written it');
  });

  it('but not for one damaged byte that looks like another format', async () => {
    const directory = await usedDirectory({ records: 40, processed: 5 });
    const file = join(directory.log, segmentsOf(directory).at(-1)!);
    writeFileSync(file, readFileSync(file, 'latin1').replace('SLF1', 'SLF9'), 'latin1');
    await opens(directory);
  });

  it('nor for one in the only record of a segment', async () => {
    const directory = await usedDirectory({ records: 1, processed: 0 });
    const file = join(directory.log, segmentsOf(directory).at(-1)!);
    writeFileSync(file, readFileSync(file, 'latin1').replace('SLF1', 'SLF9'), 'latin1');
    await opens(directory);
  });

  it('of another directory below a checkpoint that would skip its records, whether the gateway was killed or stopped', async () => {
    for (const isStopped of [false, true]) {
      const directory = await usedDirectory({ records: 100, processed: 90 });
      if (isStopped) await noteCleanStop(directory, 100);
      const other = await usedDirectory({ records: 60, processed: 0 });
      rmSync(directory.log, { recursive: true });
      cpSync(other.log, directory.log, { recursive: true });
      const text = await refusalOf(directory);
      expect(text).toContain(join(directory.log, segmentsOf(other)[0]!));
      expect(text).toMatch(/belongs to another log|is not the one of the checkpoint/);
    }
  });

  it('with a segment that was added after an orderly stop', async () => {
    const directory = await usedDirectory({ records: 100, processed: 20 });
    await noteCleanStop(directory, 100);
    const other = await usedDirectory({ records: 300, processed: 299 });
    const added = segmentsOf(other).at(-1)!;
    cpSync(join(other.log, added), join(directory.log, added));
    expect(await refusalOf(directory)).toContain(
      `${added}: the segment was not there when the gateway stopped`,
    );
  });

  it('below a checkpoint of version 0.1 whose position is behind its end', async () => {
    const root = join(tempDirectory(), 'data');
    cpSync(WRITTEN_BY_0_1, root, { recursive: true });
    chmodSync(root, 0o700);
    const directory = dataDirectory(root);
    rmSync(join(directory.log, segmentsOf(directory).at(-1)!));
    const other = await usedDirectory({ records: 6, processed: 0 });
    for (const name of segmentsOf(directory)) rmSync(join(directory.log, name));
    cpSync(other.log, directory.log, { recursive: true });
    expect(await refusalOf(directory)).toMatch(
      /position 12 is behind the end of the log, which has 6 records/,
    );
  });

  it('with two segments that begin with the same record', async () => {
    const directory = await usedDirectory({ records: 60, processed: 5 });
    const other = await usedDirectory({ records: 20, processed: 5 });
    const [first] = segmentsOf(other);
    cpSync(join(other.log, first!), join(directory.log, first!));
    const text = await refusalOf(directory);
    expect(text).toContain(first);
    expect(text).toContain(
      segmentsOf(directory).find((name) => name !== first && name.startsWith('0000000000000000-')),
    );
    expect(text).toContain('begins with the same record 0');
  });
});

it('a log with segments whose records overlap is refused, also when they begin with different ones', async () => {
  const directory = await usedDirectory({ records: 100, processed: 5 });
  const own = (await filledSegments(directory.log)).map(({ base }) => base);
  const other = await usedDirectory({ records: 100, processed: 5, segmentSizeBytes: 1_500 });
  const added = (await filledSegments(other.log)).find(
    ({ base }) => base > 0 && !own.includes(base),
  )!.fileName;
  cpSync(join(other.log, added), join(directory.log, added));
  const text = await refusalOf(directory);
  expect(text).toContain(added);
  expect(text).toMatch(/it begins with record \d+, and .* reaches to record \d+/);
});

describe('a log that is only damaged or trimmed is not refused', () => {
  it('at any position of the reader, killed or stopped', async () => {
    for (const processed of [0, 1, 10, 55, 99, 100]) {
      const directory = await usedDirectory({ records: 100, processed });
      await opens(directory);
      await noteCleanStop(directory, 100);
      await opens(directory);
    }
  });

  it('when all of it was removed, or its end is cut', async () => {
    const directory = await usedDirectory({ records: 100, processed: 100 });
    const newest = join(directory.log, (await filledSegments(directory.log)).at(-1)!.fileName);
    await noteCleanStop(directory, 100);
    truncateSync(newest, 30);
    await opens(directory);
    rmSync(directory.log, { recursive: true });
    await opens(directory);
  });
});

describe('a segment that is gone or cut is named', () => {
  const namesOf = async (directory: DataDirectory) =>
    (await inspectDataDirectory(directory)).missingSegments?.map(({ file }) => basename(file));

  it('after an orderly stop, whichever it is', async () => {
    const directory = await usedDirectory({ records: 100, processed: 40 });
    await noteCleanStop(directory, 100);
    const names = (await filledSegments(directory.log)).map(({ fileName }) => fileName);
    expect(names.length).toBeGreaterThan(2);
    expect(await namesOf(directory)).toEqual([]);
    for (const name of names) {
      const path = join(directory.log, name);
      const bytes = readFileSync(path);
      truncateSync(path, 0);
      expect(await namesOf(directory)).toEqual([name]);
      rmSync(path);
      expect(await namesOf(directory)).toEqual([name]);
      await opens(directory);
      writeFileSync(path, bytes);
    }
  });

  it('after a kill, when the log then ends before the saved position', async () => {
    for (const processed of [0, 3]) {
      const directory = await usedDirectory({ records: 10, processed });
      expect(await namesOf(directory)).toEqual([]);
      const [name] = segmentsOf(directory);
      const path = join(directory.log, name!);
      if (processed > 0) {
        truncateSync(path, 250);
        expect(await namesOf(directory)).toEqual([name]);
        truncateSync(path, 0);
        expect(await namesOf(directory)).toEqual([name]);
      }
      rmSync(path);
      expect(await namesOf(directory)).toEqual([name]);
      await opens(directory);
    }
  });
});

describe('a checkpoint of another shape with a right checksum is refused', () => {
  const right = {
    position: '5',
    ledger: { written: 5, parked: {}, filtered: {}, lost: {} },
    deadLetterEnd: { file: 0, bytes: 0 },
  };
  it.each([
    ['without a position', { at: 5 }],
    ['with a position that is no number', { ...right, position: 'five' }],
    ['with a position as a number', { ...right, position: 5 }],
    ['with a ledger of other outcomes', { ...right, ledger: { stored: 5 } }],
    ['with a count that is none', { ...right, ledger: { ...right.ledger, parked: { x: -1 } } }],
    ['without an end of the dead letter', { ...right, deadLetterEnd: undefined }],
    ['that is no object', 'text'],
  ])('%s', async (_name, content) => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const file = join(directory.checkpoints, 'consumer.checkpoint.json');
    writeFileSync(file, checkedJson('checkpoint', content));
    expect(await refusalOf(directory)).toContain(`${file}: the checkpoint is of another kind`);
  });

  it('of a Kinesis stream too', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const file = join(directory.checkpoints, 'kinesis-a-b.checkpoint.json');
    writeFileSync(file, checkedJson('checkpoint', right));
    expect(await refusalOf(directory)).toContain('its position is not one in a Kinesis stream');
  });

  it('with further keys it is taken: a later version of the format may add some', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const file = join(directory.checkpoints, 'consumer.checkpoint.json');
    writeFileSync(file, checkedJson('checkpoint', { ...right, more: 1 }));
    await opens(directory);
  });

  it('and so is a folder in the place of one', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const file = join(directory.checkpoints, 'consumer.checkpoint.json');
    rmSync(file);
    mkdirSync(file);
    expect(await refusalOf(directory)).toContain(file);
  });
});

describe('files of another user', () => {
  it.runIf(process.geteuid?.() === 0)('are refused before anything is touched', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    const file = join(directory.checkpoints, 'consumer.checkpoint.json');
    chownSync(file, 4_711, 4_711);
    const text = await refusalOf(directory, 'DATA_DIRECTORY_UNUSABLE');
    expect(text).toContain(`${file}: it belongs to the user with the id 4711`);
    expect(text).toContain(`chown -R 0:0 ${directory.root}`);
  });

  it.runIf(process.geteuid?.() === 0)('whichever of ours it is', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    await noteCleanStop(directory, 10);
    for (const name of [
      'clean-stop.json',
      'directory.json',
      'lock.generation',
      'receive-times.json',
      'sluice.reserve',
    ]) {
      const file = join(directory.root, name);
      if (!existsSync(file)) writeFileSync(file, '');
      chownSync(file, 4_711, 4_711);
      expect(await refusalOf(directory, 'DATA_DIRECTORY_UNUSABLE')).toContain(`${file}: it belongs to`);
      chownSync(file, 0, 0);
    }
  });

  it.skipIf(process.geteuid?.() === 0)(
    'and files that may not be read are refused with the command',
    async () => {
      const directory = await usedDirectory({ records: 10, processed: 5 });
      chmodSync(join(directory.checkpoints, 'consumer.checkpoint.json'), 0);
      const before = contentOf(directory.log);
      await expect(openDataDirectory(directory, VERSION)).rejects.toMatchObject({
        code: 'DATA_DIRECTORY_UNUSABLE',
        message: expect.stringContaining(`chmod -R u+rwX ${directory.root}`) as string,
      });
      expect(contentOf(directory.log)).toEqual(before);
    },
  );

  it.runIf(process.geteuid?.() === 0)('are not our business beside ours, such as lost+found', async () => {
    const directory = await usedDirectory({ records: 10, processed: 5 });
    mkdirSync(join(directory.root, 'lost+found'));
    chownSync(join(directory.root, 'lost+found'), 4_711, 4_711);
    await opens(directory);
  });

  it('refuses retained messages and sessions of a newer version, and names the file', async () => {
    for (const folder of ['retained', 'sessions'] as const) {
      const directory = dataDirectory(tempDirectory());
      mkdirSync(directory[folder], { mode: 0o700 });
      const file = join(directory[folder], 'state.journal');
      writeFileSync(file, encodeHeader({ layout: 1, format: 99, salt: 7 }), { mode: 0o600 });
      expect(await refusalOf(directory)).toContain(file);
      writeFileSync(file, 'damaged: archived when it is opened', { mode: 0o600 });
      await opens(directory);
    }
  });
});
