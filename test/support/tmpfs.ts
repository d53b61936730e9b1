import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tempDirectory } from './temp-directory.js';

/** Whether this process may mount a small file system, which takes more than being root in a container. Where it may not, that is printed. */
export function canMountTmpfs(): boolean {
  if (process.platform === 'linux' && process.getuid?.() === 0 && hasMounted()) return true;
  console.warn('SKIPPED: this process may not mount a small disk: the tests that need a full one cannot run');
  return false;
}

function hasMounted(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  try {
    if (spawnSync('mount', tmpfsOf('1m', directory)).status !== 0) return false;
    return spawnSync('umount', [directory]).status === 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function tmpfsOf(size: string, directory: string): string[] {
  return ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory];
}

/** A disk of its own that is as large as told, such as `40m`; it goes when the test ends. */
export function mountTmpfs(size: string): string {
  const directory = tempDirectory('sluice-disk-');
  execFileSync('mount', tmpfsOf(size, directory));
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
