import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { withReserve } from './disk-room.js';
import { open } from './files.js';
import { syncDirectory } from './sync-directory.js';

/**
 * Makes a directory for payloads, readable by its owner only, and the parents that are missing. Resolved: the names of all
 * directories it made are durable. Without that a power cut can take a folder away with every file in it, synced or not.
 */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let parent = dirname(resolve(path)); ; parent = dirname(parent)) {
    await syncDirectory(parent);
    if (parent === top) return;
  }
}

/**
 * Replaces the content of the file atomically: after a crash it has either the old or the new content, complete. On a full
 * disk it uses the room of the reserve.
 */
export function replaceFile(path: string, text: string): Promise<void> {
  return withReserve(path, () => replace(path, text));
}

/** The same for a file that may be out of date: on a full disk it rejects, and leaves nothing behind that takes room. */
export async function replaceFileWithoutReserve(path: string, text: string): Promise<void> {
  try {
    await replace(path, text);
  } catch (thrown) {
    await rm(`${path}.next`, { force: true }).catch(() => undefined); // The first failure says what is wrong.
    throw thrown;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(next, path);
  await syncDirectory(dirname(path));
}
