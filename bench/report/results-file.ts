import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartName } from '../options.js';
import type { Machine } from './machine.js';

export interface BenchResults {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly command: string;
  readonly machine: Machine;
  readonly parts: Partial<Record<PartName, unknown>>;
}

/** Writes `<startedAt>.json` into the folder; returns its path. */
export async function writeResults(directory: string, results: BenchResults): Promise<string> {
  await mkdir(directory, { recursive: true });
  // A colon cannot stand in a file name everywhere.
  const path = join(directory, `${results.startedAt.replaceAll(':', '-')}.json`);
  await writeFile(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}
