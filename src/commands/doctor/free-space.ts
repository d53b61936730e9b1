import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirectory } from '../../data-directory.js';
import { nearestExisting } from '../environment-problems.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';
import { sizeText } from './size-text.js';

const NAME = 'free space';
const LEAST_FREE_BYTES = 256 * 2 ** 20;

export interface SpaceNeed {
  readonly logMaxBytes: number;
  readonly deadLetterMaxBytes: number;
}

export interface FreeSpaceParts {
  /** A parameter for tests. */
  readonly freeBytes: (folder: string) => Promise<number>;
}

/** Against what log and dead letter may still grow by; the store is not counted. */
export async function checkFreeSpace(
  folder: string,
  { logMaxBytes, deadLetterMaxBytes }: SpaceNeed,
  { freeBytes }: FreeSpaceParts = { freeBytes: availableBytes },
): Promise<CheckResult> {
  const free = await freeBytes(await nearestExisting(folder));
  const { log, deadLetter } = dataDirectory(folder);
  const needed =
    Math.max(0, logMaxBytes - (await bytesIn(log))) +
    Math.max(0, deadLetterMaxBytes - (await bytesIn(deadLetter)));
  const found = `${sizeText(free)} free, log and dead letter may grow by ${sizeText(needed)}`;
  const advice = 'free space, or lower stream.log.maxSize or consumer.deadLetter.maxSize';
  if (free < LEAST_FREE_BYTES) {
    return fail(NAME, `${found}; below ${sizeText(LEAST_FREE_BYTES)} the disk is as good as full`, advice);
  }
  return free < needed
    ? warn(NAME, found, `${advice}: a full disk stops the gateway from acknowledging`)
    : ok(NAME, found);
}

async function availableBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** 0 for a folder that is not there; a file that goes meanwhile counts as nothing. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
