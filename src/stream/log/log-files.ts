import { unlink } from 'node:fs/promises';
import { freeBytesOf } from '../../lib/disk-room.js';
import { open, readFile, truncate } from '../../lib/files.js';
import { syncDirectory } from '../../lib/sync-directory.js';

/** A file that the log writes. */
export interface LogFile {
  write(
    buffer: Buffer,
    offset: number,
    lengthBytes: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  truncate(lengthBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Every change that the log makes on its disk goes through here, so that tests can let any of them fail. */
export interface LogFiles {
  /** `wx` makes the file, `w` empties one that is there, `r+` changes it in place. */
  open(path: string, flags: 'wx' | 'w' | 'r+'): Promise<LogFile>;
  read(path: string): Promise<Buffer>;
  truncate(path: string, lengthBytes: number): Promise<void>;
  unlink(path: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
}

export const DISK_FILES: LogFiles = {
  open: (path, flags) => open(path, flags, 0o600),
  read: (path) => readFile(path),
  truncate,
  unlink,
  syncDirectory,
  freeBytes: freeBytesOf,
};
