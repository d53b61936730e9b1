import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { readdir } from '../lib/files.js';

/** The folder inside the dead letter for records that Kinesis rejected: the forwarder parks them, on a thread of its own. */
export const FORWARDER_DEAD_LETTER = 'forwarder';

/** The prefix of the folders inside the dead letter for Kinesis consumers that keep their checkpoints in files. */
export const KINESIS_DEAD_LETTER = 'kinesis-';

/** The prefix of parked files: their stored name since format 0.1. */
const PARKED_PREFIX = 'parked-';

/** The prefix of replay journals: their stored name since format 0.1, when a replay was called settling. */
const JOURNAL_PREFIX = 'settled-';

/** The file with the totals of removed journals, one in each folder: its stored name since format 0.1. */
export const REMOVED_JOURNALS_FILE = 'settled-totals.json';

/**
 * The name, or the prefix of the names, of the folders inside the dead letter for records that are kept without their
 * payload: identity, reason and size. Each reader that parks such records has one beside its own folder.
 */
const REASONS = 'reasons';

/** The folder for the records without payload of the reader that parks in `folder`. */
export function reasonsFolder(folder: string): string {
  return folder === '' ? REASONS : `${REASONS}-${folder}`;
}

/** The folder of the reader that parks in `folder`: another one only for a folder of records without payload. */
export function readerFolder(folder: string): string {
  if (folder === REASONS) return '';
  return folder.startsWith(`${REASONS}-`) ? folder.slice(REASONS.length + 1) : folder;
}

export function isReasonsFolder(folder: string): boolean {
  return readerFolder(folder) !== folder;
}

/** Whether the records of a folder were parked by a reader of the log: '' is the dead letter itself, for the consumer. */
export function isFolderOfLog(folder: string): boolean {
  const reader = readerFolder(folder);
  return reader === '' || reader === FORWARDER_DEAD_LETTER;
}

/**
 * The dead letter and the folders inside it. Each reader with a checkpoint of its own has one: when it starts, it cuts
 * its folder off at the end that was saved with its checkpoint, and must not cut off what another reader has parked.
 */
export async function deadLetterFolders(directory: string): Promise<string[]> {
  const inside = await entriesOf(directory);
  return [
    directory,
    ...inside.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name)),
  ];
}

export function deadLetterFileName(number: number): string {
  return `${PARKED_PREFIX}${digits(number)}.jsonl`;
}

/** The journal is next to the parked file of the same number and holds what replay and purge made of its records. */
export function journalFileName(number: number): string {
  return `${JOURNAL_PREFIX}${digits(number)}.jsonl`;
}

/**
 * The numbers of the parked files in a folder, oldest first; none when it does not exist. Rejects with
 * DEAD_LETTER_FAILED.
 */
export function deadLetterFileNumbers(folder: string): Promise<number[]> {
  return numbersOf(folder, PARKED_PREFIX);
}

/** The numbers of the journals in a folder, in the same way. */
export function journalFileNumbers(folder: string): Promise<number[]> {
  return numbersOf(folder, JOURNAL_PREFIX);
}

function digits(number: number): string {
  return String(number).padStart(8, '0');
}

async function numbersOf(folder: string, prefix: string): Promise<number[]> {
  const pattern = new RegExp(`^${prefix}(\\d{8})\\.jsonl$`);
  return (await entriesOf(folder))
    .map(({ name }) => pattern.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (thrown) {
    // Anything else, such as a missing permission, must not look like "nothing is parked".
    if (systemErrorCode(thrown) === 'ENOENT') return [];
    throw new SluiceError(
      'DEAD_LETTER_FAILED',
      `the dead letter in ${directory} cannot be read: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}
