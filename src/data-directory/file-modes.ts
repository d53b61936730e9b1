import type { Stats } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { ifThere } from '../lib/if-there.js';
import type { DataDirectory } from './data-directory.js';
import type { DirectoryProblem } from './directory-problem.js';
import { type DirectoryUser, thisUser, visitOwnPaths } from './own-paths.js';

/** Group and others. */
const NOT_OWNER = 0o077;
const OTHERS_WRITE = 0o002;

/**
 * Returns why the folder is open to more than its owner. A folder of this user has to be closed. A volume that a
 * container gets may belong to root and be opened to the group of the container: only others may not write there.
 */
export function modeProblem(
  path: string,
  { mode, uid }: Pick<Stats, 'mode' | 'uid'>,
  user: DirectoryUser,
): DirectoryProblem | undefined {
  // Windows has no such bits.
  if (user.uid === undefined || (mode & NOT_OWNER) === 0) return undefined;
  const isOwn = uid === user.uid;
  if (!isOwn && (mode & OTHERS_WRITE) === 0) return undefined;
  return {
    kind: 'access',
    file: path,
    found: `it has the mode ${modeText(mode)}, so other users of this machine can ${(mode & 0o022) === 0 ? 'enter it' : 'write to it'}`,
    expected: isOwn ? 'a folder for its owner alone (0700)' : 'a folder that others cannot write to',
    next: isOwn
      ? `run: chmod -R go-rwx ${path}`
      : `let its owner run: chmod o-rwx ${path} (or name a folder in it, which Sluice makes for itself, with stream.log.directory)`,
  };
}

/**
 * Takes the rights of group and others from every file and folder of ours that this user owns. Earlier versions made
 * some of them with the umask of the process. Resolves with those it has changed. Rejects with the system's error.
 */
export async function closeToOthers(
  directory: DataDirectory,
  user: DirectoryUser = thisUser(),
): Promise<readonly string[]> {
  const closed: string[] = [];
  if (user.uid === undefined) return closed;
  await visitOwnPaths(directory, async (path, { mode, uid }) => {
    if (path === directory.root || uid !== user.uid || (mode & NOT_OWNER) === 0) return true;
    // A file that is deleted meanwhile needs no mode.
    await ifThere(chmod(path, mode & 0o7777 & ~NOT_OWNER));
    const after = await ifThere(stat(path));
    // Some file systems have one mode for everything.
    if (after !== undefined && (after.mode & NOT_OWNER) === 0) closed.push(path);
    return true;
  });
  return closed;
}

function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
