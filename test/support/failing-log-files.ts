import { DISK_FILES, type LogFile, type LogFiles } from '../../src/stream/log/log-files.js';

export interface Failing {
  /** The call that fails first, counted from 1 over all calls; and how many fail from there on. */
  readonly at: number;
  readonly times: number;
  readonly code: string;
}

/**
 * The files of a log on a disk that refuses some calls. It does what a disk may do then: a refused write is half done, and
 * what a refused sync was asked to keep is gone. Syncs that succeed cost no time: no test of it cuts the power.
 */
export class FailingLogFiles implements LogFiles {
  /** All calls so far. */
  calls = 0;
  failed = 0;
  freeBytesNow = Number.MAX_SAFE_INTEGER;
  readonly #failing: Failing | undefined;
  #refusedWrites: { readonly code: string; times: number } | undefined;

  constructor(failing?: Failing) {
    this.#failing = failing;
  }

  /** From now on segments cannot be written; `undefined`: they can again. The note is written in place and still can. */
  refuseWrites(code: string | undefined, times = Number.POSITIVE_INFINITY): void {
    this.#refusedWrites = code === undefined ? undefined : { code, times };
  }

  async open(path: string, flags: 'wx' | 'w' | 'r+'): Promise<LogFile> {
    this.#count(`open ${path}`);
    const file = await DISK_FILES.open(path, flags);
    let written = 0;
    let synced = 0;
    return {
      write: async (buffer, offset, lengthBytes, position) => {
        const refused = this.#refusedWrites;
        if (refused !== undefined && refused.times > 0 && path.endsWith('.seg')) {
          refused.times -= 1;
          throw Object.assign(new Error(`${refused.code}: refused`), { code: refused.code });
        }
        if (this.#isRefused()) {
          await file.write(buffer, offset, lengthBytes >> 1, position);
          throw this.#error(`write ${path}`);
        }
        written = Math.max(written, position + lengthBytes);
        return file.write(buffer, offset, lengthBytes, position);
      },
      datasync: async () => {
        if (this.#isRefused()) {
          // Marked clean by the kernel and never written: the next sync succeeds without them.
          if (written > synced) await file.write(Buffer.alloc(written - synced), 0, written - synced, synced);
          throw this.#error(`fdatasync ${path}`);
        }
        synced = written;
      },
      truncate: async (lengthBytes) => {
        this.#count(`ftruncate ${path}`);
        written = Math.min(written, lengthBytes);
        await file.truncate(lengthBytes);
      },
      close: () => file.close(),
    };
  }

  read(path: string): Promise<Buffer> {
    return DISK_FILES.read(path);
  }

  async truncate(path: string, lengthBytes: number): Promise<void> {
    this.#count(`truncate ${path}`);
    await DISK_FILES.truncate(path, lengthBytes);
  }

  async unlink(path: string): Promise<void> {
    this.#count(`unlink ${path}`);
    await DISK_FILES.unlink(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#count(`fsync ${directory}`);
  }

  async freeBytes(): Promise<number> {
    return this.freeBytesNow;
  }

  #count(what: string): void {
    if (this.#isRefused()) throw this.#error(what);
  }

  #isRefused(): boolean {
    this.calls += 1;
    const failing = this.#failing;
    if (failing === undefined || this.calls < failing.at || this.calls >= failing.at + failing.times) {
      return false;
    }
    this.failed += 1;
    return true;
  }

  #error(what: string): Error {
    const code = this.#failing!.code;
    return Object.assign(new Error(`${code}: refused, ${what}`), { code });
  }
}
