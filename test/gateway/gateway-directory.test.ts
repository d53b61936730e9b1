import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { readIdentity } from '../../src/data-directory/directory-identity.js';
import { GatewayDirectory } from '../../src/gateway/gateway-directory.js';
import { gatewayOptions } from '../../src/gateway/gateway-options.js';
import { createLogger } from '../../src/lib/logger.js';
import { tempDirectory } from '../support/temp-directory.js';

const logger = createLogger({ level: 'silent', format: 'json' });

async function opened(root: string): Promise<GatewayDirectory> {
  const parsed = parseConfig(`stream: { log: { directory: ${root}/log } }`, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  const options = gatewayOptions(parsed.loaded.config, 'all');
  return GatewayDirectory.open(options, { version: '9.9.9', logger });
}

async function stopped(logEnd: number | undefined): Promise<boolean> {
  const root = join(tempDirectory(), 'data');
  const directory = await opened(root);
  directory.holdsLog(() => logEnd);
  await directory.beginReceiving();
  await directory.release();
  return existsSync(join(root, 'clean-stop.json'));
}

it('an orderly stop leaves a note, and a gateway that has failed leaves none', async () => {
  expect(await stopped(7)).toBe(true);
  expect(await stopped(undefined)).toBe(false);
});

it('has format 3 once it is asked to raise it, keeps its id, and keeps the format at the next start', async () => {
  const root = join(tempDirectory(), 'data');
  const directory = await opened(root);
  const before = await readIdentity(root);
  await directory.raiseFormat();
  const raised = await readIdentity(root);
  await directory.raiseFormat();
  await directory.release();
  await (await opened(root)).release();
  if (before.kind !== 'good') throw new Error('there is no identity');
  expect(before.identity.format).toBe(1);
  expect(raised).toEqual({ kind: 'good', identity: { ...before.identity, format: 3 } });
  expect(await readIdentity(root)).toEqual(raised);
});
