import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempDirectory } from './temp-directory.js';

/** Whether this process may mount a small file system. Where it may not, that is printed; as root in CI it must. */
export function canMountTmpfs(): boolean {
  const sentence = 'only root may mount a small disk: the tests that need a full one cannot run';
  if (process.platform === 'linux' && process.getuid?.() === 0) return true;
  console.warn(`SKIPPED: ${sentence}`);
  return false;
}

/** A disk of its own that is as large as told, such as `40m`; it goes when the test ends. */
export function mountTmpfs(size: string): string {
  const directory = tempDirectory('sluice-disk-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', directory]);
  });
  return directory;
}

/** Takes every free byte of the disk; the returned function gives them back. */
export function fillDisk(directory: string): () => void {
  const path = join(directory, 'ballast');
  const file = openSync(path, 'w');
  const bytes = Buffer.alloc(64 * 1024, 'b');
  try {
    for (;;) writeSync(file, bytes);
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOSPC') throw thrown;
  } finally {
    closeSync(file);
  }
  return () => rmSync(path);
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
