import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { trustSocket } from './trusted-socket.js';

/** One listening socket of the lock. */
export interface LockServer {
  onConnection(take: (connection: Socket) => void): void;
  /** Removes the name, then stops listening; also closes open connections. */
  close(): Promise<void>;
}

/** The sockets of the lock, as numbers. A seam, so that a test can stop a process between any two steps. */
export interface LockSockets {
  /** Numbers of all sockets in the directory, of live and dead processes. */
  generations(): Promise<readonly number[]>;
  /** Takes the name and listens; `undefined` when the name is taken. */
  listen(generation: number): Promise<LockServer | undefined>;
  isAlive(generation: number): Promise<boolean>;
  remove(generation: number): Promise<void>;
  /** The highest number that a holder has noted; 0 before the first. */
  lastGeneration(): Promise<number>;
  noteGeneration(generation: number): Promise<void>;
}

/** The socket of version 0.1, which had one name: it counts as generation 0, so that both versions see one another. */
const FIRST_NAME = 'lock';
const NAME = /^lock\.(\d+)$/;
const NOTE = 'lock.generation';
/** Fixed, so that writing it in place needs no room on a full disk. */
const NOTE_DIGITS = 16;
const NOTED = /^(\d{16})\n?$/;
/** Far below the first number that has no successor. */
const MAX_GENERATION = Number.MAX_SAFE_INTEGER - 2 ** 32;

/**
 * Further connections are closed at once, because each may hold a request of 1 MiB. A process that only looks whether
 * the lock is held has its answer by then.
 */
const MAX_CONNECTIONS = 32;

/** Longest path of a Unix socket that every system takes (macOS: 104 with the closing NUL). */
const MAX_SOCKET_PATH_BYTES = 100;

/** The sockets of one data directory. Paths that are too long for a socket go through the open directory (Linux). */
export class DirectoryLockSockets implements LockSockets {
  readonly #root: string;
  /** Open while sockets are named through it: a descriptor makes any path short. */
  readonly #directory: number | undefined;

  /** Throws DATA_DIRECTORY_UNUSABLE where the path is too long and the system has no other way to name it. */
  constructor(root: string) {
    this.#root = root;
    const longest = join(root, nameOf(10 ** NOTE_DIGITS - 1));
    if (Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES) return;
    if (process.platform !== 'linux') {
      throw new SluiceError(
        'DATA_DIRECTORY_UNUSABLE',
        `the path of the data directory ${root} is too long for a socket on this system; move it to a shorter one`,
      );
    }
    this.#directory = openIfThere(root);
  }

  async generations(): Promise<readonly number[]> {
    const found: number[] = [];
    for (const name of namesIn(this.#root)) {
      if (name === FIRST_NAME) found.push(0);
      const [, digits] = NAME.exec(name) ?? [];
      if (digits !== undefined) found.push(Number(digits));
    }
    return found;
  }

  listen(generation: number): Promise<LockServer | undefined> {
    return listenOn(this.#pathOf(generation));
  }

  isAlive(generation: number): Promise<boolean> {
    return isAnswered(this.#pathOf(generation));
  }

  async remove(generation: number): Promise<void> {
    rmSync(join(this.#root, nameOf(generation)), { force: true });
  }

  async lastGeneration(): Promise<number> {
    try {
      const digits = NOTED.exec(readFileSync(join(this.#root, NOTE), 'utf8'))?.[1];
      // A damaged note is no note: the sockets that are there still count.
      return digits === undefined || Number(digits) > MAX_GENERATION ? 0 : Number(digits);
    } catch (thrown) {
      if (systemErrorCode(thrown) === 'ENOENT') return 0;
      throw thrown;
    }
  }

  async noteGeneration(generation: number): Promise<void> {
    const file = openSync(join(this.#root, NOTE), 'a+', 0o600);
    closeSync(file);
    const inPlace = openSync(join(this.#root, NOTE), 'r+');
    try {
      writeSync(inPlace, `${String(generation).padStart(NOTE_DIGITS, '0')}\n`, 0);
    } finally {
      closeSync(inPlace);
    }
  }

  /**
   * A connection to the live socket with the highest number. Rejects with the system's error when there is none, and with
   * CONTROL_FAILED when another user may have made it.
   */
  async connect(): Promise<Socket> {
    const newestFirst = [...(await this.generations())].sort((a, b) => b - a);
    let failure: unknown = Object.assign(new Error('no process holds the lock'), { code: 'ENOENT' });
    for (const generation of newestFirst) {
      const path = this.#pathOf(generation);
      await trustSocket(this.#root, path);
      try {
        return await connectTo(path);
      } catch (thrown) {
        failure = thrown;
      }
    }
    throw failure;
  }

  /** Afterwards nothing may be called. */
  close(): void {
    if (this.#directory !== undefined) closeSync(this.#directory);
  }

  #pathOf(generation: number): string {
    const name = nameOf(generation);
    return this.#directory === undefined
      ? join(this.#root, name)
      : `/proc/self/fd/${this.#directory}/${name}`;
  }
}

/** A directory that does not exist is not locked: commands look before the gateway has made it. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

function openIfThere(directory: string): number | undefined {
  try {
    return openSync(directory, 'r');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function nameOf(generation: number): string {
  return generation === 0 ? FIRST_NAME : `${FIRST_NAME}.${generation}`;
}

/** Listens on a Unix socket; `undefined` when the name is taken. The process may end while it listens. */
export function listenOn(path: string): Promise<LockServer | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.maxConnections = MAX_CONNECTIONS;
    // Also later: without a listener an error of `accept` would end the process.
    server.on('error', (thrown) => {
      if (systemErrorCode(thrown) === 'EADDRINUSE') {
        resolve(undefined);
        return;
      }
      reject(
        new SluiceError('DATA_DIRECTORY_UNUSABLE', `cannot lock the data directory: ${errorText(thrown)}`),
      );
    });
    server.listen(path, () => {
      server.unref();
      resolve(lockServer(server));
    });
  });
}

function lockServer(server: Server): LockServer {
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
    // Node removes the name before it closes the socket, so it cannot be another process' name by then.
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.destroy();
      }),
  };
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const connection = connect(path);
    connection.once('connect', () => {
      connection.off('error', reject);
      resolve(connection);
    });
    connection.once('error', reject);
  });
}

/** Whether a process listens on the socket. */
export async function isAnswered(path: string): Promise<boolean> {
  try {
    (await connectTo(path)).destroy();
    return true;
  } catch (thrown) {
    // ECONNREFUSED: its process is gone. ENOENT: the name was removed in between. After anything else it counts as held.
    return !['ECONNREFUSED', 'ENOENT'].includes(systemErrorCode(thrown) ?? '');
  }
}
