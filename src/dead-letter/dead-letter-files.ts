import { readdir } from 'node:fs/promises';

const PATTERN = /^parked-(\d{8})\.jsonl$/;

export function deadLetterFileName(number: number): string {
  return `parked-${String(number).padStart(8, '0')}.jsonl`;
}

/** Numbers of the files in the directory, oldest first; none when it does not exist. */
export async function deadLetterFileNumbers(directory: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch {
    return [];
  }
  return names
    .map((name) => PATTERN.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}
