import { readFile } from 'node:fs/promises';
import type { BrokerConfig } from '../../config/sluice-config.js';
import { type CheckResult, ok, warn } from './check-result.js';

const NAME = 'open files';
/** Segments, store, HTTP and the runtime itself. */
const BESIDE_CONNECTIONS = 256;

/** Every connection is an open file. Reads the limit of this process: one started by a supervisor may have another. */
export async function checkOpenFiles(
  { maxConnections, listeners }: Pick<BrokerConfig, 'maxConnections' | 'listeners'>,
  limitsFile = '/proc/self/limits',
): Promise<CheckResult> {
  const needed = maxConnections * listeners.length + BESIDE_CONNECTIONS;
  const limit = openFilesLimit(await readFile(limitsFile, 'utf8').catch(() => ''));
  if (limit === undefined) return ok(NAME, 'not looked at: this platform does not say its limit');
  const found = `limit ${limit}, needed up to ${needed} (broker.maxConnections ${maxConnections} for each listener, ${listeners.length} in all)`;
  if (limit >= needed) return ok(NAME, found);
  return warn(
    NAME,
    found,
    'raise the limit (LimitNOFILE= of systemd, `ulimit -n`) or lower broker.maxConnections: beyond it connections are refused',
  );
}

/** Infinity: unlimited. */
function openFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
