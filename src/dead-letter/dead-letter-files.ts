import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';

/** Folder inside the dead letter: what Kinesis refused, parked by the forwarder, which has a thread of its own. */
export const FORWARDER_DEAD_LETTER = 'forwarder';

/**
 * The dead letter and the folders inside it: one for each reader with a place of its own, because the end saved
 * with a place cuts off what lies behind it, which must never be another reader's.
 */
export async function deadLetterFolders(directory: string): Promise<string[]> {
  const inside = await listed(directory);
  return [
    directory,
    ...inside.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name)),
  ];
}

const PARKED = /^parked-(\d{8})\.jsonl$/;
const JOURNAL = /^settled-(\d{8})\.jsonl$/;

export function deadLetterFileName(number: number): string {
  return `parked-${digits(number)}.jsonl`;
}

/** Beside the file of the same number: what became of its records when they were replayed or purged. */
export function journalFileName(number: number): string {
  return `settled-${digits(number)}.jsonl`;
}

/** Numbers of the files in the directory, oldest first; none when it does not exist. Rejects with DEAD_LETTER_FAILED. */
export function deadLetterFileNumbers(directory: string): Promise<number[]> {
  return numbersOf(directory, PARKED);
}

/** Numbers of the journals, oldest first; otherwise the same. */
export function journalFileNumbers(directory: string): Promise<number[]> {
  return numbersOf(directory, JOURNAL);
}

function digits(number: number): string {
  return String(number).padStart(8, '0');
}

async function numbersOf(directory: string, pattern: RegExp): Promise<number[]> {
  return (await listed(directory))
    .map(({ name }) => pattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

async function listed(directory: string): Promise<Dirent[]> {
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
