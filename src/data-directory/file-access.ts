import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { errorText, systemErrorCode } from '../lib/errors.js';
import type { DataDirectory } from './data-directory.js';
import type { DirectoryProblem } from './directory-problem.js';
import { modeProblem } from './file-modes.js';
import { type DirectoryUser, thisUser, visitOwnPaths } from './own-paths.js';

/** How many files are reported before the rest is only counted by the same command. */
const MOST_REPORTED = 3;

/**
 * Returns the files and folders that belong to another user, or that this one may not read and write, and the folders
 * that are open to others. It changes nothing.
 */
export async function accessProblems(
  directory: DataDirectory,
  user: DirectoryUser = thisUser(),
): Promise<DirectoryProblem[]> {
  const { root, log } = directory;
  const problems: DirectoryProblem[] = [];
  const rules: Rules = { user, root, rootOwner: (await stat(root)).uid };
  // What is in them is closed by the next start, and nobody can get there.
  const isTop = (path: string) => path === root || (path === log && log !== join(root, 'log'));
  await visitOwnPaths(directory, async (path, status) => {
    if (problems.length >= MOST_REPORTED) return false;
    const problem =
      (await problemOf(path, status, rules)) ?? (isTop(path) ? modeProblem(path, status, user) : undefined);
    if (problem === undefined) return true;
    problems.push(problem);
    return false;
  });
  return problems;
}

interface Rules {
  readonly user: DirectoryUser;
  readonly root: string;
  readonly rootOwner: number;
}

async function problemOf(
  path: string,
  status: Stats,
  { user, root, rootOwner }: Rules,
): Promise<DirectoryProblem | undefined> {
  const { uid: owner } = status;
  const refusal = await refusalOf(path, status);
  const isOfOther = user.uid !== undefined && owner !== user.uid;
  // Some file systems show one owner for everything. Only root may use the files of others in any case.
  const isMapped = owner === rootOwner && user.uid !== 0 && refusal === undefined;
  // A directory that somebody else has made for this user will do.
  if (refusal === undefined && (!isOfOther || isMapped || path === root)) return undefined;
  return {
    kind: 'access',
    file: path,
    found: [...(isOfOther ? [`it belongs to the user ${nameOf(owner)}`] : []), refusal]
      .filter((text) => text !== undefined)
      .join(', and '),
    expected: `files that the user ${nameOf(user.uid)} owns, reads and writes`,
    next: isOfOther
      ? `run: chown -R ${user.uid}:${user.gid} ${root} (or start Sluice as the user ${nameOf(owner)})`
      : `run: chmod -R u+rwX ${root}`,
  };
}

/** `undefined`: the file can be used. A socket of the lock is not opened, so only its owner counts. */
async function refusalOf(path: string, status: Stats): Promise<string | undefined> {
  if (status.isSocket()) return undefined;
  try {
    await access(path, constants.R_OK | constants.W_OK | (status.isDirectory() ? constants.X_OK : 0));
    return undefined;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    return `this user may not read and write it (${systemErrorCode(thrown) ?? errorText(thrown)})`;
  }
}

/** Only the name of this process' own user is known without asking the system's user list. */
function nameOf(uid: number | undefined): string {
  if (uid === undefined) return 'of this process';
  if (uid === 0) return 'root';
  try {
    const own = userInfo();
    if (own.uid === uid) return `${own.username} (${uid})`;
  } catch {
    // A container may run with a user id that has no name.
  }
  return `with the id ${uid}`;
}
