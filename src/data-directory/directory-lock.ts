import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { type BackOff, backOffMs } from '../lib/back-off.js';
import { isNoRoom } from '../lib/disk-room.js';
import { SluiceError, systemErrorCode } from '../lib/errors.js';
import { pause } from '../lib/timers.js';
import type { DataDirectory } from './data-directory.js';
import { isInodeTaken, takeInode } from './inode-lock.js';
import { DirectoryLockSockets, type LockServer, type LockSockets } from './lock-sockets.js';

export interface DirectoryLock {
  /**
   * Sets what is done with a connection to the lock: it comes from a command that asks something, or from one that only
   * looks whether the lock is held. A process that may enter the directory may ask. Until this is called, connections are
   * closed at once.
   */
  onConnection(take: (connection: Socket) => void): void;
  /** Also closes open connections. */
  release(): Promise<void>;
}

/** How often a process tries that met another one which was trying at the same moment. */
const MAX_ATTEMPTS = 20;
const BACK_OFF: BackOff = { baseMs: 25, capMs: 1_000 };

/**
 * Lets one process at a time use the directory. The lock is a listening Unix socket `lock.<generation>` in the directory:
 * the kernel closes it with the process, however that ends, so there is nothing to wait for. It also holds between
 * containers that share a volume, where process ids mean nothing. On Linux the name of `inode-lock.ts` is needed as well:
 * deleting the sockets lifts only half of the lock. Rejects with DATA_DIRECTORY_LOCKED while another process holds
 * one of the two.
 */
export async function lockDataDirectory(directory: DataDirectory): Promise<DirectoryLock> {
  const { root } = directory;
  const ownerFile = join(root, 'lock.owner');
  // First, because it touches no file: a process that is refused leaves the directory as it was.
  const inode = await takeInode(root);
  if (inode === 'taken') throw await lockedWithoutSockets(directory, ownerFile);
  let server: LockServer | undefined;
  let sockets: DirectoryLockSockets | undefined;
  try {
    sockets = new DirectoryLockSockets(root);
    server = await takeLock(sockets, (ms) => pause(ms));
    if (server === undefined) throw locked(directory, ownerFile);
    writeOwner(ownerFile);
  } catch (thrown) {
    await server?.close();
    sockets?.close();
    await inode?.close();
    throw thrown;
  }
  const [held, opened] = [server, sockets];
  return {
    onConnection: (take) => held.onConnection(take),
    release: async () => {
      removeOwner(ownerFile);
      await held.close();
      opened.close();
      await inode?.close();
    },
  };
}

/**
 * The lock itself; `undefined` when another process holds it. Invariants:
 * 1. A process holds the lock if it looked at every other socket *after* its own was listening, and none of them
 *    answered. Of two that are listening, the later one to listen sees the earlier one, so two can never hold it.
 * 2. Only the holder removes sockets, and only dead ones. So a name is never removed while its process is alive, except
 *    by that process.
 * 3. A number is used once in the life of a directory: the holder notes its own before it lets others in. So a process
 *    that was stopped for a while and then removes its own name cannot remove somebody else's.
 */
export async function takeLock(
  sockets: LockSockets,
  wait: (ms: number) => Promise<void>,
  random: () => number = Math.random,
): Promise<LockServer | undefined> {
  let hasMetAnother = false;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (hasMetAnother) await wait(backOffMs(attempt, BACK_OFF, random));
    const present = await sockets.generations();
    const noted = await sockets.lastGeneration();
    const alive = await livingOf(sockets, present);
    // A holder has noted its number. One that has not is still trying, and may give up.
    if (alive.some((other) => other <= noted)) return undefined;
    if (alive.length > 0) {
      hasMetAnother = true;
      continue;
    }
    const generation = Math.max(noted, ...present) + 1;
    const server = await sockets.listen(generation);
    if (server === undefined) continue;
    const others = (await sockets.generations()).filter((other) => other !== generation);
    if ((await livingOf(sockets, others)).length > 0 || generation <= (await sockets.lastGeneration())) {
      hasMetAnother = true;
      await server.close();
      continue;
    }
    // Also the numbers that are removed now: a process that was stopped between bind and listen looks dead, goes on some
    // time later, and must neither hold the lock nor find its number in use by somebody else.
    await sockets.noteGeneration(Math.max(generation, ...others));
    for (const dead of others) await sockets.remove(dead);
    return server;
  }
  return undefined;
}

async function livingOf(sockets: LockSockets, generations: readonly number[]): Promise<number[]> {
  const living: number[] = [];
  for (const generation of generations) if (await sockets.isAlive(generation)) living.push(generation);
  return living;
}

/**
 * Connects to the process that holds the lock. Rejects with the system's error when none does, and with CONTROL_FAILED when
 * another user may have made the socket.
 */
export async function connectToLockHolder(root: string): Promise<Socket> {
  const sockets = new DirectoryLockSockets(resolve(root));
  try {
    return await sockets.connect();
  } finally {
    sockets.close();
  }
}

/** Whether some process holds the lock now. Asking does not take it. */
export async function isDataDirectoryLocked(root: string): Promise<boolean> {
  const sockets = new DirectoryLockSockets(resolve(root));
  try {
    if ((await livingOf(sockets, await sockets.generations())).length > 0) return true;
    return await isInodeTaken(resolve(root));
  } finally {
    sockets.close();
  }
}

/** For people only: nothing depends on it, so a full disk does not matter. */
function writeOwner(ownerFile: string): void {
  try {
    writeFileSync(ownerFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (thrown) {
    if (!isNoRoom(thrown)) throw thrown;
  }
}

/** Nothing depends on the file: the lock is released also when it cannot be removed. */
function removeOwner(ownerFile: string): void {
  try {
    rmSync(ownerFile, { force: true });
  } catch {}
}

/** The error for a directory whose inode is taken, with a hint when nothing in the directory shows why. */
async function lockedWithoutSockets(directory: DataDirectory, ownerFile: string): Promise<SluiceError> {
  const sockets = new DirectoryLockSockets(directory.root);
  try {
    const isShown = (await livingOf(sockets, await sockets.generations())).length > 0;
    if (isShown) return locked(directory, ownerFile);
  } finally {
    sockets.close();
  }
  return new SluiceError(
    'DATA_DIRECTORY_LOCKED',
    `the data directory ${directory.root} is in use by a process that is just starting, or whose lock files were deleted; ` +
      'stop that one: ss -xlp | grep @sluice/lock names it',
  );
}

function locked(directory: DataDirectory, ownerFile: string): SluiceError {
  let owner = '';
  try {
    owner = ` (process ${readFileSync(ownerFile, 'utf8').trim()})`;
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'ENOENT') owner = ' (by a process that this user may not see)';
  }
  return new SluiceError(
    'DATA_DIRECTORY_LOCKED',
    `the data directory ${directory.root} is in use by another Sluice${owner}; ` +
      'stop that one, or give this one a stream.log.directory of its own',
  );
}
