import { renameSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { tempDirectory } from '../support/temp-directory.js';

it('sluice check beside the running gateway of the configuration finds it, and nothing wrong', async () => {
  const [mqtt, http] = [await freePort(), await freePort()];
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqtt} }] }
http: { host: 127.0.0.1, port: ${http} }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const check = (file: string) => sluice(['check', '-c', file]);

  const own = await check(gateway.configFile);
  expect(own).toMatchObject({ code: 0, stderr: '' });
  expect(own.stdout).toMatch(/^running +yes, process \d+$/m);

  const next = gateway.configFile.replace(/sluice\.yaml$/, 'next.yaml');
  renameSync(gateway.configFile, next);
  writeFileSync(gateway.configFile, 'rules: 5\n');
  const other = await check(next);
  expect(other.code).toBe(0);
  expect(other.stderr).toContain(`was started with ${gateway.configFile}: it must stop`);
});
