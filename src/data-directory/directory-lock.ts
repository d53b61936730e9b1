import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import type { DataDirectory } from './data-directory.js';

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

/**
 * Further connections are closed at once, because each may hold a request of 1 MiB. A process that only looks whether
 * the lock is held has its answer by then.
 */
const MAX_CONNECTIONS = 32;

/** Longest path of a Unix socket that every system takes (macOS: 104 with the closing NUL). */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * Lets one process at a time use the directory. The lock is a listening Unix socket in the directory: the kernel closes
 * it with the process, however that ends, so there is nothing to wait for or to clean up by hand. It also holds
 * between containers that share a volume, where process ids mean nothing.
 * Rejects with DATA_DIRECTORY_LOCKED while another process holds it.
 */
export async function lockDataDirectory(directory: DataDirectory): Promise<DirectoryLock> {
  const path = socketPath(directory.root);
  const ownerFile = join(directory.root, 'lock.owner');
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const server = await listen(path);
    if (server !== undefined) {
      writeFileSync(ownerFile, `${process.pid}\n`, { mode: 0o600 });
      return lockOf(server, ownerFile);
    }
    if (await isAnswered(path)) throw locked(directory, ownerFile);
    if (!(await removeDeadSocket(path))) break;
  }
  throw locked(directory, ownerFile);
}

/** Connects to the process that holds the lock; rejects with the system's error when none does. */
export function connectToLockHolder(root: string): Promise<Socket> {
  return new Promise((done, fail) => {
    const connection = connect(socketPath(resolve(root)));
    connection.once('connect', () => {
      connection.off('error', fail);
      done(connection);
    });
    connection.once('error', fail);
  });
}

/** Whether some process holds the lock now. Asking does not take it. */
export async function isDataDirectoryLocked(root: string): Promise<boolean> {
  return isAnswered(socketPath(resolve(root)));
}

function lockOf(server: Server, ownerFile: string): DirectoryLock {
  const open = new Set<Socket>();
  return {
    onConnection: (take) => {
      server.removeAllListeners('connection');
      server.on('connection', (connection) => {
        open.add(connection);
        connection.once('close', () => open.delete(connection));
        take(connection);
      });
    },
    release: () =>
      new Promise((done) => {
        rmSync(ownerFile, { force: true });
        server.close(() => done());
        for (const connection of open) connection.destroy();
      }),
  };
}

function socketPath(root: string): string {
  const inside = join(root, 'lock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH_BYTES && process.platform !== 'win32') return inside;
  const name = `sluice-${createHash('sha256').update(root).digest('hex').slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.maxConnections = MAX_CONNECTIONS;
    server.once('error', (thrown) => {
      if (systemErrorCode(thrown) === 'EADDRINUSE') done(undefined);
      else
        fail(
          new SluiceError('DATA_DIRECTORY_UNUSABLE', `cannot lock the data directory: ${errorText(thrown)}`),
        );
    });
    server.listen(path, () => {
      server.unref();
      done(server);
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    // ECONNREFUSED: its process is gone. ENOENT: the lock was released in between. After anything else it counts as held.
    probe.once('error', (thrown) =>
      done(!['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(thrown) ?? '')),
    );
  });
}

/**
 * Removes the socket of a process that is gone. Between the probe and the rename another process may have taken the
 * lock: the renamed socket then answers, gets its name back, and the lock counts as held.
 */
async function removeDeadSocket(path: string): Promise<boolean> {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return true;
    throw thrown;
  }
  const isAlive = await isAnswered(aside);
  if (isAlive) linkSync(aside, path);
  rmSync(aside, { force: true });
  return !isAlive;
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
