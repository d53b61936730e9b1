import * as files from 'node:fs/promises';
import { backOffMs } from './back-off.js';
import { errorText } from './errors.js';
import { isOutOfFiles } from './open-files.js';
import { pause } from './timers.js';
import type { Warn } from './warnings.js';

const BACK_OFF = { baseMs: 20, capMs: 1000 };

let warnOfShortage: Warn = () => undefined;

/** Sets where this thread reports that it waits for a free file descriptor. */
export function onFileShortage(warn: Warn): void {
  warnOfShortage = warn;
}

/**
 * Runs what opens a file, again and again while there is no free file descriptor. A record that cannot be stored, parked or
 * read now is so later: ending the process for it would help nobody, and a restart would find the same shortage.
 */
export async function whenFilesAreFree<T>(run: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await run();
    } catch (thrown) {
      if (!isOutOfFiles(thrown)) throw thrown;
      const fields = { code: 'OPEN_FILES_EXHAUSTED', reason: errorText(thrown), failures } as const;
      warnOfShortage(fields, 'no file can be opened: it is tried again until one can');
      await pause(backOffMs(failures, BACK_OFF, Math.random));
    }
  }
}

/** `call` is read at every call, so that a test can replace it. */
function waiting<Call>(call: () => Call): Call {
  const run = (...parameters: unknown[]) =>
    whenFilesAreFree(() => (call() as (...all: unknown[]) => Promise<unknown>)(...parameters));
  return run as Call;
}

// The functions of node:fs/promises that need a file descriptor. The stages of the path use these instead.
export const copyFile = waiting(() => files.copyFile);
export const open = waiting(() => files.open);
export const readFile = waiting(() => files.readFile);
export const readdir = waiting(() => files.readdir);
export const truncate = waiting(() => files.truncate);

/** Closes a file whose content is durable already: a system that refuses to close it takes nothing of that back. */
export async function closeDurable(file: { close(): Promise<void> }): Promise<void> {
  await file.close().catch(() => undefined);
}
