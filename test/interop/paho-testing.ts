import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The interoperability tests of Eclipse Paho. They are licensed under EPL 1.0 and EDL 1.0, and are not copied into this
 * repository: docs/development.md has the commands that fetch this commit.
 */
export const PAHO_TESTING = {
  repository: 'https://github.com/eclipse/paho.mqtt.testing',
  commit: '9d7bb80bb8b9d9cfc0b52f8cb4c1916401281103',
} as const;

/** Where the checkout lies: PAHO_TESTING, or a folder of the user's cache. */
export function pahoTestingFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return env.PAHO_TESTING ?? join(cache, 'sluice', 'paho.mqtt.testing');
}

/**
 * Whether the checkout is there. CI need not reach the repository, so a missing one is printed and does not fail, unless
 * PAHO_TESTING names it.
 */
export function requirePahoTesting(): boolean {
  const folder = pahoTestingFolder();
  if (existsSync(join(folder, 'interoperability', 'client_test.py'))) return true;
  const sentence = `${PAHO_TESTING.repository} is not in ${folder} (docs/development.md has the commands)`;
  if (process.env.PAHO_TESTING !== undefined) throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}: the interoperability tests of Eclipse Paho cannot run`);
  return false;
}
