import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/lib/package-root.js';

/** A module of the live page, which is plain JavaScript without declarations; the caller says what it exports. */
export async function pageModule<T>(fileName: string): Promise<T> {
  const url = pathToFileURL(join(packageRoot(), 'src/web', fileName)).href;
  return (await import(url)) as T;
}
