import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { tempDirectory } from '../support/temp-directory.js';

/** `$` topics need a permission of their own, and `#` does not contain what is denied. */
const ACCESS = `users: {}
roles:
  paho: { publish: ["#", "$TopicA/#"], subscribe: ["#"] }
`;

/** A gateway for Paho's tests, and what tells them of it. `broker`: further settings. */
export async function startPahoGateway(
  broker = '',
): Promise<{ readonly port: number; readonly env: Readonly<Record<string, string>> }> {
  const directory = tempDirectory();
  const port = await freePort();
  writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
  const gateway = new GatewayProcess({
    directory,
    config: `broker:
  listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }]
  access: ./access.yaml
${broker}
http: { port: 0 }
`,
  });
  onTestFinished(() => gateway.end());
  const args = ['users', 'add', 'paho', '--role', 'paho', '--token', '-c', gateway.configFile];
  const { stdout } = await sluice(args);
  await gateway.start();
  return {
    port,
    env: {
      PAHO_USER: 'paho',
      PAHO_PASSWORD: stdout.trim(),
      PAHO_NOSUBSCRIBE: '$private/nosubscribe',
    },
  };
}
