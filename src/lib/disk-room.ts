import { randomBytes } from 'node:crypto';
import { stat, statfs } from 'node:fs/promises';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { systemErrorCode } from './errors.js';
import { open, truncate } from './files.js';
import { syncDirectory } from './sync-directory.js';

/** Its name in the data directory. It is cut by name, so no file of anybody else may have it. */
export const RESERVE_FILE = 'sluice.reserve';
export const RESERVE_BYTES = 1024 * 1024;
/** So much of it is given away at a time: what is left is still there for the next one. */
const PORTION_BYTES = 128 * 1024;
/** What must stay free beside it. */
const BESIDE_RESERVE_BYTES = 128 * 1024;
/** How far above a small file the data directory can be: dead-letter/<folder>/<file>. */
const MAX_LEVELS = 3;

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'] as const;

/**
 * Whether a write failed because there is no room for it: on the disk, in a quota, or in the file. The number counts, too:
 * Node has no name for EDQUOT and calls it `Unknown system error -122`.
 */
export function isNoRoom(thrown: unknown): boolean {
  const code = systemErrorCode(thrown);
  const number = (thrown as { errno?: unknown } | null | undefined)?.errno;
  return NO_ROOM.some((name) => code === name || number === -constants.errno[name]);
}

/** For work that is tried again: on a full disk some file systems have no room to delete or to cut either. */
export function exceptNoRoom(thrown: unknown): undefined {
  if (!isNoRoom(thrown)) throw thrown;
  return undefined;
}

/** The bytes that this user can still write on the disk of a folder. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * Keeps 1 MiB of the disk for the small files without which nothing goes on when the disk is full: checkpoints, journals,
 * lock. Resolves with whether the reserve is there. Its bytes are random: a file system that compresses would reserve
 * nothing with zeros.
 */
export async function makeReserve(directory: string): Promise<boolean> {
  const path = join(directory, RESERVE_FILE);
  const missing = RESERVE_BYTES - (await sizeOf(path));
  if (missing <= 0) return true;
  if ((await freeBytesOf(directory)) < missing + BESIDE_RESERVE_BYTES) return false;
  try {
    const file = await open(path, 'a', 0o600);
    try {
      await file.appendFile(randomBytes(missing));
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(directory);
    return true;
  } catch (thrown) {
    if (!isNoRoom(thrown)) throw thrown;
    return false;
  }
}

/** Gives a portion of the reserve to the writer of `path`, below the same data directory. Resolves with whether there was any. */
export async function releaseReserve(path: string): Promise<boolean> {
  let folder = dirname(path);
  for (let level = 0; level < MAX_LEVELS; level += 1) {
    const reserve = join(folder, RESERVE_FILE);
    const bytes = await sizeOf(reserve);
    if (bytes > 0) {
      await truncate(reserve, Math.max(0, bytes - PORTION_BYTES));
      return true;
    }
    folder = dirname(folder);
  }
  return false;
}

/** Does `work` for the small file `path`; when there is no room, again with portions of the reserve. */
export async function withReserve<T>(path: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isNoRoom(thrown) || !(await releaseReserve(path))) throw thrown;
    }
  }
}

/** 0 when it is not there. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}
