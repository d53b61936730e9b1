import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from './errors.js';
import { makeDirectory } from './make-directory.js';
import { syncDirectory } from './sync-directory.js';

/** Everything Sluice keeps, in one place; mode 0700 because payloads are in it. */
export interface DataDirectory {
  readonly root: string;
  readonly log: string;
  readonly deadLetter: string;
  readonly checkpoints: string;
}

export function dataDirectory(root: string): DataDirectory {
  return {
    root: resolve(root),
    log: join(resolve(root), 'log'),
    deadLetter: join(resolve(root), 'dead-letter'),
    checkpoints: join(resolve(root), 'checkpoints'),
  };
}

/** Makes the folders. Rejects with DATA_DIRECTORY_UNUSABLE. */
export async function prepareDataDirectory(directory: DataDirectory): Promise<void> {
  try {
    for (const path of [directory.root, directory.log, directory.deadLetter, directory.checkpoints]) {
      await makeDirectory(path);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    }
    // Also the folders and checkpoints of a process that was killed before it could: what is settled now builds on them.
    for (const path of [directory.root, directory.checkpoints]) await syncDirectory(path);
  } catch (thrown) {
    throw new SluiceError(
      'DATA_DIRECTORY_UNUSABLE',
      `the data directory ${directory.root} cannot be written: ${errorText(thrown)}; ` +
        'make it writable for this user, or name another with stream.log.directory',
      { cause: thrown },
    );
  }
}

export interface DirectoryLock {
  /**
   * Who connects to the lock from now on: a command that has something to ask, or one that only looks whether the lock
   * is held. The mode of the directory is the authorisation. Without it connections are closed at once.
   */
  onConnection(take: (connection: Socket) => void): void;
  /** Ends open connections, too. */
  release(): Promise<void>;
}

/** More are closed at once: each may hold a request of 1 MiB. Who only looks whether the lock is held has its answer. */
const MAX_CONNECTIONS = 32;

/** Longest path of a Unix socket that every system takes (macOS: 104 with the closing NUL). */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * One process at a time. The lock is a listening Unix socket in the directory: the kernel closes it with the
 * process, however that ends, so nothing is left to wait for or to clean up by hand, and it also holds
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
    if (!(await putAside(path))) break;
  }
  throw locked(directory, ownerFile);
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

/** A connection to the process that holds the lock; rejects with the system's error when none does. */
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

/** Whether some process holds the lock now; takes nothing and leaves nothing. */
export async function isDataDirectoryLocked(root: string): Promise<boolean> {
  return isAnswered(socketPath(resolve(root)));
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
    // Refused: its process is gone. Not there: released in between. Anything else: better not to steal it.
    probe.once('error', (thrown) =>
      done(!['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(thrown) ?? '')),
    );
  });
}

/**
 * Takes a dead socket away. Between the probe and the rename another process may have taken the lock: what
 * was renamed then answers, is put back, and the lock counts as held.
 */
async function putAside(path: string): Promise<boolean> {
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
