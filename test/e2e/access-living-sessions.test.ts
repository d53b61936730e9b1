import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { newToken, tokenHash } from '../../src/access/access-token.js';
import { CONNECT, rawClient } from '../support/raw-client.js';
import { tempDirectory } from '../support/temp-directory.js';

it('a client that sends nothing is closed once the access file disables its user, and only that client [access 3]', async () => {
  const directory = tempDirectory();
  const file = join(directory, 'access.yaml');
  const token = newToken();
  const write = (more: string) =>
    writeFileSync(
      file,
      `users:
  leaves: { token: "${tokenHash(token)}", roles: [device]${more} }
  stays: { token: "${tokenHash(`${token}-2`)}", roles: [device] }
roles:
  device: { clientId: "{user}", publish: ["sensors/{user}/#"] }
`,
      { mode: 0o600 },
    );
  write('');
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { access: ${JSON.stringify(file)}, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const connected = async (user: string, password: string) => {
    const client = await rawClient(gateway.mqttPort);
    client.send({ ...CONNECT, clientId: user, username: user, password: Buffer.from(password) });
    await client.received('connack');
    return client;
  };
  const leaves = await connected('leaves', token);
  const stays = await connected('stays', `${token}-2`);
  write(', disabled: true');
  await leaves.closed();
  stays.send({ cmd: 'pingreq' });
  await stays.received('pingresp');
  expect(leaves.packets).toMatchObject([{ cmd: 'connack', returnCode: 0 }]);
  expect(await gateway.stop()).toBe(0);
  expect(gateway.output).toContain('"reason":"access-changed"');
});
