import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DataDirectory } from '../../src/data-directory/data-directory.js';
import { inspectDataDirectory } from '../../src/data-directory/inspect-directory.js';
import { noteCleanStop, withDeadLetterNoted } from '../../src/data-directory/note-clean-stop.js';
import { usedDirectory } from '../support/used-directory.js';

/** Stopped in order, with a parked file and two replay journals of 300 bytes. */
async function stopped(): Promise<{ directory: DataDirectory; files: string[] }> {
  const directory = await usedDirectory({ records: 10, processed: 5 });
  mkdirSync(join(directory.deadLetter, 'reasons'));
  const names = [
    'settled-00000003.jsonl',
    join('reasons', 'settled-00000000.jsonl'),
    'parked-00000004.jsonl',
  ];
  const files = names.map((name) => join(directory.deadLetter, name));
  for (const path of files) writeFileSync(path, 'x'.repeat(300));
  await noteCleanStop(directory, 10);
  return { directory, files };
}

const shortened = async (directory: DataDirectory) => (await inspectDataDirectory(directory)).shortenedFiles;

it('a file that is gone or shorter than at the orderly stop is named, and a longer one is not', async () => {
  const { directory, files } = await stopped();
  expect(await shortened(directory)).toEqual([]);
  for (const file of files) {
    const whole = readFileSync(file);
    truncateSync(file, 299);
    const found = [{ file, why: expect.stringContaining('300 bytes') as string }];
    expect(await shortened(directory)).toEqual(found);
    rmSync(file);
    expect(await shortened(directory)).toEqual(found);
    writeFileSync(file, `${whole.toString()}more`);
    expect(await shortened(directory)).toEqual([]);
  }
});

it('a command that changes files while no gateway runs keeps the note true, also when it is killed', async () => {
  const { directory, files } = await stopped();
  const [first, second] = files as [string, string];
  const cleanStop = async () => (await inspectDataDirectory(directory)).cleanStop;
  await withDeadLetterNoted(directory, await cleanStop(), async () => {
    rmSync(first);
    // What a start would find if the command were killed now.
    expect(await shortened(directory)).toEqual([]);
    expect(await cleanStop()).toMatchObject({ logEnd: 10 });
  });
  expect(await shortened(directory)).toEqual([]);
  rmSync(second);
  expect(await shortened(directory)).toMatchObject([{ file: second }]);
});
