import { rename, rm, stat } from 'node:fs/promises';
import { freeBytesOf } from '../disk-room.js';
import { open } from '../files.js';
import { ifThere } from '../if-there.js';
import { syncDirectory } from '../sync-directory.js';

export interface JournalFile {
  read(buffer: Buffer, offset: number, lengthBytes: number, position: number): Promise<{ bytesRead: number }>;
  write(
    buffer: Buffer,
    offset: number,
    lengthBytes: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Every use that a journal makes of its disk goes through here, so that tests can let any of them fail. */
export interface JournalFiles {
  /** `w+` makes the file or empties it, `r+` changes it in place, `r` only reads. */
  open(path: string, flags: 'w+' | 'r+' | 'r'): Promise<JournalFile>;
  /** Undefined when it is not there. */
  sizeOf(path: string): Promise<number | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** A file that is not there is fine. */
  remove(path: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
}

export const JOURNAL_FILES: JournalFiles = {
  open: (path, flags) => open(path, flags, 0o600),
  sizeOf: async (path) => (await ifThere(stat(path)))?.size,
  rename,
  remove: (path) => rm(path, { force: true }),
  syncDirectory,
  freeBytes: freeBytesOf,
};
