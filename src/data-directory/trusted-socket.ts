import { lstat, stat } from 'node:fs/promises';
import { SluiceError } from '../lib/errors.js';
import { ifThere } from '../lib/if-there.js';
import { type DirectoryUser, thisUser } from './own-paths.js';

const ROOT_USER = 0;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;

/**
 * Rejects with CONTROL_FAILED unless only this user, root, or the user whose directory it is can have made the socket:
 * what a command sends, and what it believes of the answer, must not be somebody else's. Node cannot ask a socket which
 * user listens on it, so the owner and the mode of the folder and of the name have to say it.
 */
export async function trustSocket(
  directory: string,
  socket: string,
  user: DirectoryUser = thisUser(),
): Promise<void> {
  // Windows has no such ids.
  if (user.uid === undefined) return;
  const folder = await ifThere(stat(directory));
  const name = await ifThere(lstat(socket));
  // The connection fails with the right error.
  if (folder === undefined || name === undefined) return;
  const isOwnFolder = user.uid === ROOT_USER || [user.uid, ROOT_USER].includes(folder.uid);
  if (!isOwnFolder) throw untrusted(directory, `it belongs to the user with the id ${folder.uid}`);
  // A volume of a container may belong to root and be opened to the group of the container.
  const notAllowed =
    folder.uid === ROOT_USER && user.uid !== ROOT_USER ? OTHERS_WRITE : OTHERS_WRITE | GROUP_WRITES;
  if ((folder.mode & notAllowed) !== 0) {
    throw untrusted(directory, `other users may write to it; run: chmod -R go-rwx ${directory}`);
  }
  if (!name.isSocket()) throw untrusted(socket, 'it is no socket');
  if (![user.uid, ROOT_USER, folder.uid].includes(name.uid)) {
    throw untrusted(socket, `it belongs to the user with the id ${name.uid}`);
  }
}

function untrusted(path: string, why: string): SluiceError {
  return new SluiceError(
    'CONTROL_FAILED',
    `nothing was sent to the process that listens in the data directory, because it may not be a gateway of this user: ${path}: ${why}`,
  );
}
