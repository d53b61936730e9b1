import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpConfig, SluiceConfig } from '../../config/sluice-config.js';
import { isDataDirectoryLocked } from '../../data-directory.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

const NAME = 'gateway';
const HEALTH_WITHIN_MS = 2_000;

export interface RunningGateway {
  /** A gateway holds the data directory: its ports and its store are then in use by right. */
  readonly isRunning: boolean;
  readonly result: CheckResult;
}

/** Tells by the lock of the data directory, and asks the gateway itself how it is. */
export async function findRunningGateway({
  dataDirectory,
  http,
}: Pick<SluiceConfig, 'dataDirectory' | 'http'>): Promise<RunningGateway> {
  if (!(await isDataDirectoryLocked(dataDirectory))) {
    return { isRunning: false, result: ok(NAME, 'none is running here') };
  }
  const owner = await readFile(join(dataDirectory, 'lock.owner'), 'utf8').catch(() => '');
  const pid = /^\d+/.exec(owner)?.[0];
  const found = `a gateway is running here${pid === undefined ? '' : ` (process ${pid})`}`;
  return { isRunning: true, result: await healthOf(found, http) };
}

async function healthOf(found: string, http: HttpConfig | undefined): Promise<CheckResult> {
  if (http === undefined || http.port === 0) {
    return ok(NAME, `${found}; not asked how it is: its HTTP port is not in the configuration`);
  }
  const url = `http://${reachableHost(http.host)}:${http.port}/healthz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(HEALTH_WITHIN_MS) });
    await answer.arrayBuffer();
    if (answer.ok) return ok(NAME, `${found}; ${url} says it is well`);
    return fail(
      NAME,
      `${found}; ${url} answers ${answer.status}`,
      'it cannot go on: look at its log lines, restart it',
    );
  } catch {
    return warn(
      NAME,
      `${found}; ${url} does not answer within ${HEALTH_WITHIN_MS / 1_000} s`,
      'either it was started with another http.port, or it hangs: look at its log lines',
    );
  }
}

/** Where a listener on every address is reached from here. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
