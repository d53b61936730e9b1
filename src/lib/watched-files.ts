import { stat } from 'node:fs/promises';
import { systemErrorCode } from './errors.js';

/**
 * Returns a text that differs when one of the files was written or replaced. Symbolic links are followed, so that
 * Kubernetes can replace a whole directory behind one.
 */
export async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    paths.map(async (path) => {
      try {
        const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
        return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      } catch (thrown) {
        return systemErrorCode(thrown) ?? 'unreadable';
      }
    }),
  );
  return parts.join(' ');
}
