import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { GatewayDirectory } from '../../src/gateway/gateway-directory.js';
import { gatewayOptions } from '../../src/gateway/gateway-options.js';
import { createLogger } from '../../src/lib/logger.js';
import { tempDirectory } from '../support/temp-directory.js';

const logger = createLogger({ level: 'silent', format: 'json' });

async function stopped(logEnd: number | undefined): Promise<boolean> {
  const root = join(tempDirectory(), 'data');
  const parsed = parseConfig(`stream: { log: { directory: ${root}/log } }`, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  const options = gatewayOptions(parsed.loaded.config, 'all');
  const directory = await GatewayDirectory.open(options, { version: '9.9.9', logger });
  directory.holdsLog(() => logEnd);
  await directory.beginReceiving();
  await directory.release();
  return existsSync(join(root, 'clean-stop.json'));
}

it('an orderly stop leaves a note, and a gateway that has failed leaves none', async () => {
  expect(await stopped(7)).toBe(true);
  expect(await stopped(undefined)).toBe(false);
});
