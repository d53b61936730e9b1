import { stat } from 'node:fs/promises';
import { ifThere } from '../lib/if-there.js';
import { isAnswered, type LockServer, listenOn } from './lock-sockets.js';

/**
 * All bytes that the kernel has for the name of a socket. Some versions of Node fill a shorter name up with NUL, and
 * others do not: the two would not see one another.
 */
const NAME_LENGTH = 108;

/**
 * A socket without a file, in the abstract namespace of Linux, named by device and inode of the directory. Deleting files
 * does not lift it, and the kernel removes it with its process. It is known only in its network namespace, so the sockets in
 * the directory are needed as well, between containers. Nothing is ever answered on it: anyone on the machine may connect.
 */
async function inodeName(root: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const status = await ifThere(stat(root, { bigint: true }));
  if (status === undefined) return undefined;
  return `\0sluice/lock/${status.dev}/${status.ino}/`.padEnd(NAME_LENGTH, '.');
}

/** `taken`: another process has the name. `undefined`: this system has no such names. */
export async function takeInode(root: string): Promise<LockServer | 'taken' | undefined> {
  const name = await inodeName(root);
  return name === undefined ? undefined : ((await listenOn(name)) ?? 'taken');
}

export async function isInodeTaken(root: string): Promise<boolean> {
  const name = await inodeName(root);
  return name !== undefined && (await isAnswered(name));
}
