import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { LAUNCHER, runProgram, sluice } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { page } from '../docs/pages.js';
import { MosquittoClient } from '../support/real-clients/mosquitto-client.js';
import { tempDirectory } from '../support/temp-directory.js';

const { text } = page('docs/security.md');
const recipe = text.slice(text.indexOf('\n### On the LAN'), text.indexOf('\n### Behind a load balancer'));
/** What is typed on the gateway's machine, and on the other one. */
const [onGateway = '', onDevice = ''] = [...recipe.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(
  ([, block]) => block!,
);
const START = 'sluice start\n';

const ACCESS = `roles:
  viewer: { publish: ["sensors/{user}"], subscribe: ["sensors/#"] }
`;

// This file does not run beside the tests of Chromium, which gives up its requests when a network device appears (ERR_NETWORK_CHANGED).

/** Two machines on one network: the second one is a network namespace where that can be made, else this machine. */
interface Lan {
  readonly gateway: string;
  /** The words before a command that is to run on the second machine. */
  readonly onDevice: readonly string[];
}

function lan(): Lan {
  const name = `sluice-${process.pid}`;
  const [here, there] = [`sl${process.pid}a`.slice(0, 15), `sl${process.pid}b`.slice(0, 15)];
  const [net, mask] = [`10.${(process.pid >> 8) & 255}.${process.pid & 255}`, 24];
  const ip = (...args: string[]) => spawnSync('ip', args).status === 0;
  onTestFinished(() => void ip('netns', 'delete', name));
  const isMade =
    ip('netns', 'add', name) &&
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name) &&
    ip('addr', 'add', `${net}.1/${mask}`, 'dev', here) &&
    ip('link', 'set', here, 'up') &&
    ip('-n', name, 'addr', 'add', `${net}.2/${mask}`, 'dev', there) &&
    ip('-n', name, 'link', 'set', there, 'up');
  if (isMade) return { gateway: `${net}.1`, onDevice: ['ip', 'netns', 'exec', name] };
  console.warn('SKIPPED: no network namespace can be made here: the second machine is this one');
  return { gateway: '127.0.0.1', onDevice: [] };
}

const mosquittoPub = findProgram('mosquitto_pub');
if (mosquittoPub === undefined) {
  if (process.env.CI === 'true') throw new Error('mosquitto_pub is not installed');
  console.warn('SKIPPED: mosquitto_pub is not installed');
}

describe.skipIf(mosquittoPub === undefined)('the recipe for the LAN in docs/security.md', () => {
  it('leads from an empty folder to a stored message of another machine', { timeout: 120_000 }, async () => {
    const { gateway, onDevice: there } = lan();
    const folder = tempDirectory();
    const program = join(folder, 'sluice');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`);
    chmodSync(program, 0o755);
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}` };
    const [mqttPort, httpPort] = [await freePort(), await freePort()];
    const here = (block: string) =>
      block
        .replaceAll('gateway.lan', gateway)
        .replaceAll('8883', String(mqttPort))
        .replace('stream:', `http: { port: ${httpPort} }\nstream:`);

    expect(onGateway.endsWith(START)).toBe(true);
    const prepared = await runProgram('sh', ['-e', '-c', here(onGateway.slice(0, -START.length))], {
      cwd: folder,
      env,
    });
    expect(prepared.code, prepared.stdout + prepared.stderr).toBe(0);
    const token = /^sluice_[\w-]+$/m.exec(prepared.stdout)![0];

    const started = spawn(program, ['start'], { cwd: folder, env: { ...process.env, ...env } });
    onTestFinished(() => void started.kill('SIGKILL'));
    let output = '';
    const isReady = new Promise<void>((resolve, reject) => {
      started.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('"msg":"ready"')) resolve();
      });
      started.once('exit', () => reject(new Error(output)));
    });
    await isReady;

    const onOther = (block: string) => {
      const [shell, ...args] = [...there, 'sh', '-e', '-c', here(block).replace('TOKEN', token)];
      return runProgram(shell!, args, { cwd: join(folder, 'certificates') });
    };
    const published = await onOther(onDevice);
    expect(published.code, published.stderr).toBe(0);
    const ledger = async () => {
      const answer = await fetch(`http://127.0.0.1:${httpPort}/api/ledger`);
      return (await answer.json()) as LedgerView;
    };
    await expect.poll(ledger, { timeout: 60_000 }).toMatchObject({ received: 1, written: 1, balanced: true });

    const refused = await onOther(onDevice.replace('sensors/meter-17', 'sensors/meter-18'));
    expect(refused.code).not.toBe(0);
    const wrong = await onOther(onDevice.replace('TOKEN', 'wrong'));
    expect(wrong.code).not.toBe(0);
    expect((await ledger()).received).toBe(1);
    const ended = new Promise((resolve) => started.once('exit', resolve));
    started.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('lets another machine subscribe when its role may, and logs what to do when there are no access rules', async () => {
    const { gateway: host, onDevice: there } = lan();
    const prepared = async (inListener: string, inBroker: string) => {
      const directory = tempDirectory();
      const listener = `{ protocol: mqtt, host: ${host}, port: ${await freePort()}${inListener} }`;
      const config = `broker: { listeners: [${listener}], ${inBroker} }\nhttp: { port: 0 }\n`;
      const gateway = new GatewayProcess({ directory, config });
      onTestFinished(() => gateway.end());
      writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
      return gateway;
    };
    const subscriber = new MosquittoClient({ host, wrapper: there });
    const open = await prepared('', 'insecure: true');
    await open.start();
    await subscriber.connect({ port: open.mqttPort, clientId: 'wall' });
    expect(await subscriber.subscribe('sensors/#', 1)).toBe(there.length === 0 ? 1 : 128);
    if (there.length > 0) {
      await expect.poll(() => open.output).toContain('"reason":"subscribe-denied"');
      const line = open.output.split('\n').find((each) => each.includes('subscribe-denied'))!;
      expect(JSON.parse(line)).toMatchObject({
        level: 'warn',
        clientId: 'wall',
        next: expect.stringContaining('give the client a user whose role may'),
      });
    }
    await open.stop();

    const ruled = await prepared(', allowPlain: true', 'access: ./access.yaml');
    const added = await sluice([
      'users',
      'add',
      'wall',
      '--role',
      'viewer',
      '--token',
      '-c',
      ruled.configFile,
    ]);
    expect(added.code, added.stderr).toBe(0);
    await ruled.start();
    await subscriber.connect({
      port: ruled.mqttPort,
      clientId: 'wall',
      userName: 'wall',
      password: added.stdout.trim(),
    });
    expect(await subscriber.subscribe('sensors/#', 1)).toBe(1);
    const message = { topic: 'sensors/wall', payload: '{"t":1}', qos: 1, isRetained: false } as const;
    await subscriber.publish(message);
    expect(await subscriber.next()).toEqual(message);
  });
});
