import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { runMain } from '../commands/run-main.js';
import { tempDirectory } from '../support/temp-directory.js';

const HAS_MOSQUITTO = spawnSync('mosquitto_pub', ['--help']).error === undefined;
const RULE = `rules:
  - { name: all, topic: "sensors/#", measurement: sensors, where: "false", fields: { value: payload.value } }
`;

it.skipIf(!HAS_MOSQUITTO)(
  'mosquitto_pub publishes over TLS with user and token, and over mutual TLS, by our own certificates [access 9]',
  async () => {
    const directory = tempDirectory();
    const [certificates, access] = [join(directory, 'certificates'), join(directory, 'access.yaml')];
    const [tlsPort, mutualPort] = [await freePort(), await freePort()];
    await runMain('certificates', 'init', '--directory', certificates);
    await runMain('certificates', 'client', 'meter-18', '--directory', certificates);
    const ca = join(certificates, 'ca.crt');
    const pair = `cert: ${join(certificates, 'server.crt')}, key: ${join(certificates, 'server.key')}`;
    writeFileSync(
      access,
      'users: {}\nmtls: { user: cn, roles: [device] }\nroles:\n  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }\n',
      { mode: 0o600 },
    );
    const gateway = new GatewayProcess({
      directory,
      config: `broker:
  access: ${access}
  listeners:
    - { protocol: mqtt, port: 0 }
    - { protocol: mqtts, host: 0.0.0.0, port: ${tlsPort}, tls: { ${pair} } }
    - { protocol: mqtts, host: 0.0.0.0, port: ${mutualPort}, tls: { ${pair}, clientCa: ${ca} } }
http: false
${RULE}`,
    });
    const added = await runMain('users', 'add', 'meter-17', '--role', 'device', '-c', gateway.configFile);
    await gateway.start();
    onTestFinished(() => gateway.kill());
    const publish = (port: number, id: string, ...args: string[]) => {
      const to = [
        '-h',
        'localhost',
        '-p',
        String(port),
        '-i',
        id,
        '-q',
        '1',
        '-t',
        `sensors/room1/${id}/t`,
        '-m',
        '1',
      ];
      return promisify(execFile)('mosquitto_pub', [...to, '--cafile', ca, ...args]);
    };
    await publish(tlsPort, 'meter-17', '-u', 'meter-17', '-P', added.stdout.trim());
    const shown = ['--cert', join(certificates, 'meter-18.crt'), '--key', join(certificates, 'meter-18.key')];
    await publish(mutualPort, 'meter-18', ...shown);
    await expect(publish(tlsPort, 'meter-17', '-u', 'meter-17', '-P', 'wrong')).rejects.toThrow();
    await expect(publish(mutualPort, 'meter-17')).rejects.toThrow();
    await expect(publish(mutualPort, 'meter-17', ...shown)).rejects.toThrow();
    expect(gateway.output).toContain('showed no certificate');
  },
);
