import type * as promises from 'node:fs/promises';
import { constants } from 'node:os';
import { sep } from 'node:path';

type Real = typeof promises;

/** How a call needs the disk, and so how it can fail. */
type Need =
  /** It needs room. */
  | 'room'
  /** It needs a free file descriptor, and room if the file is new. */
  | 'descriptor'
  | 'descriptor-and-room'
  /** It only looks. */
  | 'none';

export interface DiskFailure {
  readonly code: 'ENOSPC' | 'EDQUOT' | 'EIO' | 'EMFILE';
  /** The call that fails first, counted from 1 over the calls that can fail with this code; and how many fail from there on. */
  readonly at: number;
  readonly times: number;
  /** Only calls on files with this text in their path. */
  readonly part: string;
  /** Whether a refused rename, removal or truncation was done all the same. */
  readonly isDone: boolean;
}

/** Node has no name for this one. */
const UNNAMED = `Unknown system error -${constants.errno.EDQUOT}`;

/**
 * The functions of node:fs/promises on a disk that refuses some calls. It does what a disk may do then: a refused write is
 * half done, and what a refused sync was asked to keep is gone. A sync that succeeds costs no time: nothing cuts the power.
 */
export class FailingDisk {
  /** Calls that could have failed. */
  calls = 0;
  /** What was refused, as `<call> <path>`. */
  refused: string[] = [];
  /** Calls that are running, and all that were made. */
  inFlight = 0;
  made = 0;
  #failure: DiskFailure | undefined;
  #isKilled = false;
  readonly #open = new Set<promises.FileHandle>();

  failFrom(failure: DiskFailure | undefined): void {
    this.#failure = failure;
    this.calls = 0;
    this.refused = [];
  }

  /** The process is gone: nothing that still runs of it changes a file any more. Resolves when its files are closed. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    while (this.inFlight > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    for (const handle of [...this.#open]) await handle.close().catch(() => undefined);
    this.#open.clear();
  }

  /** The next process. */
  revive(): void {
    this.#isKilled = false;
  }

  wrap(real: Real): Real {
    const onPath =
      (
        name:
          | 'rename'
          | 'unlink'
          | 'rm'
          | 'mkdir'
          | 'truncate'
          | 'copyFile'
          | 'readFile'
          | 'readdir'
          | 'stat'
          | 'statfs'
          | 'access',
        need: Need,
      ) =>
      (...all: unknown[]) =>
        this.#run(async () => {
          const path = String(all[0]);
          const call = () => (real[name] as (...args: unknown[]) => Promise<unknown>)(...all);
          if (!this.#isRefused(name, path, need)) return call();
          if (need === 'room' && this.#failure?.isDone === true) await call();
          throw this.#error(name, path);
        });
    return {
      ...real,
      access: onPath('access', 'none'),
      copyFile: onPath('copyFile', 'descriptor-and-room'),
      mkdir: onPath('mkdir', 'room'),
      open: (...all: Parameters<Real['open']>) => this.#run(() => this.#opened(real, all)),
      readFile: onPath('readFile', 'descriptor'),
      readdir: onPath('readdir', 'descriptor'),
      rename: onPath('rename', 'room'),
      rm: onPath('rm', 'room'),
      stat: onPath('stat', 'none'),
      statfs: onPath('statfs', 'none'),
      truncate: onPath('truncate', 'descriptor-and-room'),
      unlink: onPath('unlink', 'room'),
    } as Real;
  }

  async #opened(real: Real, all: Parameters<Real['open']>): Promise<promises.FileHandle> {
    const path = String(all[0]);
    const isRead = all[1] === 'r' || all[1] === 'r+';
    if (this.#isRefused('open', path, isRead ? 'descriptor' : 'descriptor-and-room'))
      throw this.#error('open', path);
    const handle = await real.open(...all);
    this.#open.add(handle);
    let synced = (await handle.stat()).size;
    const methods = {
      close: handle.close.bind(handle),
      stat: handle.stat.bind(handle),
      read: handle.read.bind(handle) as (...args: unknown[]) => Promise<unknown>,
      write: handle.write.bind(handle) as (...args: unknown[]) => Promise<unknown>,
      appendFile: handle.appendFile.bind(handle),
      truncate: handle.truncate.bind(handle),
    };
    const refusedWith = async (name: string, need: Need, then: () => Promise<unknown>): Promise<boolean> => {
      if (!this.#isRefused(name, path, need)) return false;
      await then();
      return true;
    };
    const append = (data: string | Buffer) =>
      this.#run(async () => {
        const bytes = Buffer.from(data as string);
        const half = () => methods.appendFile(bytes.subarray(0, bytes.length >> 1));
        if (await refusedWith('write', 'room', half)) throw this.#error('write');
        await methods.appendFile(bytes);
      });
    const sync = () =>
      this.#run(async () => {
        const written = (await methods.stat()).size;
        // Marked clean by the kernel and never written: the next sync succeeds without them.
        const lose = async () => {
          if (isRead || written <= synced) return;
          const file = await real.open(path, 'r+');
          await file.write(Buffer.alloc(written - synced), 0, written - synced, synced);
          await file.close();
        };
        if (await refusedWith('sync', 'room', lose)) throw this.#error('sync');
        synced = written;
      });
    return Object.assign(handle, {
      appendFile: append,
      writeFile: append,
      write: (buffer: Buffer, offset: number, length: number, position: number) =>
        this.#run(async () => {
          const half = () => methods.write(buffer, offset, length >> 1, position);
          if (await refusedWith('write', 'room', half)) throw this.#error('write');
          return methods.write(buffer, offset, length, position);
        }),
      read: (...args: unknown[]) =>
        this.#run(async () => {
          if (this.#isRefused('read', path, 'none')) throw this.#error('read');
          return methods.read(...args);
        }),
      datasync: sync,
      sync,
      truncate: (lengthBytes: number) =>
        this.#run(async () => {
          const then = async () =>
            this.#failure?.isDone === true ? methods.truncate(lengthBytes) : undefined;
          if (await refusedWith('ftruncate', 'room', then)) throw this.#error('ftruncate');
          synced = Math.min(synced, lengthBytes);
          return methods.truncate(lengthBytes);
        }),
      close: () =>
        this.#run(async () => {
          this.#open.delete(handle);
          await methods.close();
          if (!this.#isKilled && this.#isRefused('close', path, 'room')) throw this.#error('close');
        }),
    } as unknown as promises.FileHandle);
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    this.inFlight += 1;
    this.made += 1;
    try {
      return await call();
    } finally {
      this.inFlight -= 1;
    }
  }

  #isRefused(name: string, path: string, need: Need): boolean {
    if (this.#isKilled) {
      if (need === 'none') return false;
      throw new Error('killed');
    }
    const failure = this.#failure;
    if (failure === undefined || !path.includes(failure.part) || !canFail(failure.code, need)) return false;
    this.calls += 1;
    if (this.calls < failure.at || this.calls >= failure.at + failure.times) return false;
    this.refused.push(`${name} ${path.split(sep).slice(-2).join(sep)}`);
    return true;
  }

  /** As Node makes it: a call on an open file does not know the path. */
  #error(name: string, path?: string): Error {
    const { code } = this.#failure!;
    const named = code === 'EDQUOT' ? UNNAMED : code;
    const message = `${named}: refused by the test, ${name}${path === undefined ? '' : ` '${path}'`}`;
    return Object.assign(new Error(message), { code: named, errno: -constants.errno[code], path });
  }
}

function canFail(code: DiskFailure['code'], need: Need): boolean {
  if (code === 'EIO') return true;
  if (code === 'EMFILE') return need === 'descriptor' || need === 'descriptor-and-room';
  return need === 'room' || need === 'descriptor-and-room';
}

/** The one of this test file: its modules get these functions instead of Node's. */
export const disk = new FailingDisk();
