import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { runProgram, sluice } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import { FLEET_RULE } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

/** From `mosquitto_passwd` 2.0.11. */
const PASSWORD = 'correct horse';
const MOSQUITTO =
  'anna:$7$101$eW2cWCi8YQNz7NKf$Z28NAE0SR1ABBphZ78IhydaUBphlYR8G6fQAmhMl91aY6cC/2/epsMoShIDk4vUK/CQs0830VeUhnz2Wwy8ZEQ==';

const WITHIN_MS = 20_000;

describe.skipIf(!requireServer('mosquitto'))(
  'users of a running gateway, with the clients of Mosquitto',
  () => {
    it('sign in as soon as they are added, with the line that the command prints, and not any more once they are changed [security 45]', async () => {
      const directory = tempDirectory();
      const port = await freePort();
      const gateway = new GatewayProcess({
        directory,
        config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }], access: ./access.yaml }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}
`,
      });
      onTestFinished(() => gateway.end());
      const users = (...args: string[]) => sluice(['users', ...args, '-c', gateway.configFile]);
      const shell = (line: string, env: Record<string, string>) => runProgram('sh', ['-c', line], { env });

      const added = await users('add', 'meter-17', '--role', 'device');
      const line = /try it: (mosquitto_pub .*)/.exec(added.stderr)![1]!;
      const first = added.stdout.trim();
      await gateway.start();
      expect(await shell(line, { TOKEN: first })).toMatchObject({ code: 0 });
      expect((await shell(line, { TOKEN: `${first}x` })).code).not.toBe(0);

      const passwords = join(directory, 'passwd');
      const acl = join(directory, 'acl');
      writeFileSync(passwords, `${MOSQUITTO}\n`);
      writeFileSync(acl, 'pattern write up/%u/#\n');
      await users('import', '--mosquitto-passwords', passwords, '--mosquitto-acl', acl);
      const asAnna = `mosquitto_pub -h 127.0.0.1 -p ${port} -u anna -P "$PASSWORD" -q 1 -t up/anna/x -m '{"temperature": 1}'`;
      await expect
        .poll(async () => (await shell(asAnna, { PASSWORD })).code, { timeout: WITHIN_MS, interval: 1_000 })
        .toBe(0);

      const second = (await users('rotate', 'meter-17')).stdout.trim();
      await expect
        .poll(async () => (await shell(line, { TOKEN: second })).code, {
          timeout: WITHIN_MS,
          interval: 1_000,
        })
        .toBe(0);
      expect((await shell(line, { TOKEN: first })).code).not.toBe(0);
      expect(await gateway.stop()).toBe(0);

      const stored = [
        ...readFileSync(join(directory, 'access.yaml'), 'utf8').matchAll(/(sha256:|\$pbkdf2)[^ "]+/g),
      ];
      expect(stored).toHaveLength(2);
      for (const secret of [first, second, PASSWORD, ...stored.map(([hash]) => hash)]) {
        expect(gateway.output).not.toContain(secret);
      }
    });
  },
);
