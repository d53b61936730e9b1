import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { LAUNCHER, sluice } from '../../harness/programs.js';
import { tempDirectory } from '../support/temp-directory.js';

const LISTENERS = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
`;

/** `sluice suggest --follow`, from the moment on which it follows. */
async function following({ configFile }: GatewayProcess, ...args: readonly string[]) {
  const child = spawn(process.execPath, [LAUNCHER, 'suggest', '-c', configFile, '--follow', ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const output = { stdout: '', stderr: '' };
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  const isFollowing = new Promise<boolean>((resolve) => {
    child.once('close', () => resolve(false));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
      if (output.stderr.includes('following ')) resolve(true);
    });
  });
  if (!(await isFollowing)) throw new Error(output.stderr);
  return { output, ended, interrupt: () => child.kill('SIGINT') };
}

async function started(): Promise<{ gateway: GatewayProcess; client: mqtt.MqttClient }> {
  const gateway = new GatewayProcess({ directory: tempDirectory(), config: LISTENERS });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, { clientId: 'device-1' });
  onTestFinished(() => client.endAsync(true));
  return { gateway, client };
}

it('whole payloads of a running gateway become a rule that takes them', async () => {
  const { gateway, client } = await started();
  const follower = await following(gateway, 'home/#', '--messages', '3', '--for', '5min');
  // The beginning of this payload would not be JSON.
  const long = 'x'.repeat(20_000);
  await client.publishAsync('other/x', '{"t":1}', { qos: 1 });
  await client.publishAsync('home/attic/climate', JSON.stringify({ note: long, temperature: 21.5 }), {
    qos: 1,
  });
  await client.publishAsync('home/hall/climate', '{"temperature":20}', { qos: 1 });
  await client.publishAsync('home/cellar/climate', '{"temperature":12}', { qos: 1 });
  expect(await follower.ended).toBe(0);
  const { stdout, stderr } = follower.output;
  expect(stdout).toContain('topic: "home/+device/climate"');
  expect(stdout).toContain('temperature: { path: payload.temperature, type: float, unit: celsius }');
  expect(stderr).toContain('by the suggested rules: 3 written');
  const config = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(config, LISTENERS + stdout);
  expect((await sluice(['check', '-c', config])).code).toBe(0);
});

it('a signal ends it with what has come so far', async () => {
  const { gateway, client } = await started();
  const follower = await following(gateway, '--for', '5min');
  await client.publishAsync('home/attic/climate', '{"temperature":21.5}', { qos: 1 });
  await expect.poll(() => follower.output.stderr, { timeout: 20_000 }).toContain('1 messages');
  follower.interrupt();
  expect(await follower.ended).toBe(0);
  expect(follower.output.stdout).toContain('topic: home/attic/climate');
});
