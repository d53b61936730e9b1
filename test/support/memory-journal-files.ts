import type { JournalFile, JournalFiles } from '../../src/lib/journal/journal-files.js';

interface Content {
  bytes: Buffer;
  /** What is left after a power cut. */
  durable: Buffer;
}

/** What ended the process, thrown by every call from then on. */
class Ended extends Error {}

/**
 * The files of a journal in memory, on a disk that keeps after a power cut only what was synced. It can end the process
 * within any call, and refuse calls.
 */
export class MemoryJournalFiles implements JournalFiles {
  /** All calls that change something, so far. */
  calls = 0;
  writes = 0;
  syncs = 0;
  freeBytesNow = Number.MAX_SAFE_INTEGER;
  /** Within this call the process ends; a write is half done then. */
  endAt = Number.POSITIVE_INFINITY;
  /** Called for each such call; it returns the code with which the call fails. */
  refuse: (call: number, what: string) => string | undefined = () => undefined;
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  #hasEnded = false;

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The process ends now, if it has not. */
  end(): void {
    this.#hasEnded = true;
  }

  /** What the next process finds after a kill: all that was written. */
  afterKill(): MemoryJournalFiles {
    const next = new MemoryJournalFiles();
    for (const [path, { bytes }] of this.#names) next.#put(path, bytes);
    return next;
  }

  /**
   * What it finds after a power cut. `share`, from 0 to 1, says how much of the bytes that were not synced is there;
   * `keepsNames` whether renamed and new names are, that were not synced.
   */
  afterPowerCut(share: number, keepsNames: boolean): MemoryJournalFiles {
    const next = new MemoryJournalFiles();
    for (const [path, { bytes, durable }] of keepsNames ? this.#names : this.#durableNames) {
      const more = Math.max(0, bytes.length - durable.length);
      const tail = bytes.subarray(durable.length, durable.length + Math.round(more * share));
      next.#put(path, Buffer.concat([durable, tail]));
    }
    return next;
  }

  bytesOf(path: string): Buffer | undefined {
    return this.#names.get(path)?.bytes;
  }

  change(path: string, bytes: Buffer): void {
    this.#put(path, bytes);
  }

  get paths(): readonly string[] {
    return [...this.#names.keys()];
  }

  async open(path: string, flags: 'w+' | 'r+' | 'r'): Promise<JournalFile> {
    if (flags === 'w+') {
      this.#count(`open ${path}`);
      this.#names.set(path, { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) });
    }
    const content = this.#names.get(path);
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return this.#fileOf(content);
  }

  async sizeOf(path: string): Promise<number | undefined> {
    return this.#names.get(path)?.bytes.length;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#count(`rename ${from}`);
    const content = this.#names.get(from);
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${from}`), { code: 'ENOENT' });
    this.#names.delete(from);
    this.#names.set(to, content);
  }

  async remove(path: string): Promise<void> {
    this.#count(`remove ${path}`);
    this.#names.delete(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#count(`fsync ${directory}`);
    this.#durableNames = new Map(this.#names);
  }

  async freeBytes(): Promise<number> {
    return this.freeBytesNow;
  }

  #fileOf(content: Content): JournalFile {
    // It may have been renamed since it was opened.
    const path = () => [...this.#names].find(([, one]) => one === content)?.[0] ?? 'no name';
    return {
      read: async (buffer, offset, lengthBytes, position) => {
        if (this.#hasEnded) throw new Ended();
        return { bytesRead: content.bytes.copy(buffer, offset, position, position + lengthBytes) };
      },
      write: async (buffer, offset, lengthBytes, position) => {
        this.writes += 1;
        const written = (length: number) => {
          const bytes = Buffer.alloc(Math.max(content.bytes.length, position + length));
          content.bytes.copy(bytes);
          buffer.copy(bytes, position, offset, offset + length);
          content.bytes = bytes;
        };
        try {
          this.#count(`write ${path()}`);
        } catch (thrown) {
          if (!this.#wasEndedBefore) written(lengthBytes >> 1);
          throw thrown;
        }
        written(lengthBytes);
        return { bytesWritten: lengthBytes };
      },
      datasync: async () => {
        this.syncs += 1;
        this.#count(`fdatasync ${path()}`);
        content.durable = Buffer.from(content.bytes);
      },
      truncate: async (lengthBytes) => {
        this.#count(`ftruncate ${path()}`);
        content.bytes = Buffer.from(content.bytes.subarray(0, lengthBytes));
      },
      close: async () => undefined,
    };
  }

  #wasEndedBefore = false;

  #count(what: string): void {
    this.#wasEndedBefore = this.#hasEnded;
    if (this.#hasEnded) throw new Ended();
    this.calls += 1;
    if (this.calls === this.endAt) {
      this.#hasEnded = true;
      throw new Ended();
    }
    const code = this.refuse(this.calls, what);
    if (code !== undefined) throw Object.assign(new Error(`${code}: refused, ${what}`), { code });
  }

  #put(path: string, bytes: Buffer): void {
    const content = { bytes: Buffer.from(bytes), durable: Buffer.from(bytes) };
    this.#names.set(path, content);
    this.#durableNames.set(path, content);
  }
}
