import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.js';
import { replaceFile } from '../replace-file.js';

const FILE = 'worker-id';

/**
 * Name of this consumer in the lease table, kept in the data directory, whose lock makes it the only one: after a
 * crash it goes on with its own leases at once instead of waiting until they have expired. A directory that was
 * copied to another host gets a new name: no two live consumers may share one.
 */
export async function workerIdOf(dataDirectory: string, host = hostname()): Promise<string> {
  const path = join(dataDirectory, FILE);
  const kept = await readFile(path, 'utf8').catch((thrown: unknown) => {
    if (systemErrorCode(thrown) === 'ENOENT') return '';
    throw thrown;
  });
  const id = kept.trim();
  if (id.startsWith(`${host}-`)) return id;
  const fresh = `${host}-${randomBytes(6).toString('hex')}`;
  await replaceFile(path, `${fresh}\n`);
  return fresh;
}
