import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { tempDirectory } from '../support/temp-directory.js';

const TOKEN = 'token-of-the-test';
const HASH = `sha256:${createHash('sha256').update(TOKEN).digest('base64url')}`;
const USER = `  meter-17: { token: "${HASH}", roles: [device] }\n`;

function accessOf(filter: string, users = USER): string {
  return `users:\n${users}roles:\n  device: { clientId: "{user}", publish: ["${filter}"] }\n`;
}

/** Replaces the file as an editor does. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function linesWith({ output }: GatewayProcess, words: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes(words))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isReached())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it('the access file is taken by the watch, by command and by SIGHUP, and a faulty one keeps the old rules', {
  timeout: 120_000,
}, async () => {
  const directory = tempDirectory();
  const path = join(directory, 'access.yaml');
  write(path, accessOf('a/{user}'));
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { access: ${JSON.stringify(path)}, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const mayPublish = async (topic: string): Promise<boolean> => {
    const client = mqtt.connect(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
      clientId: 'meter-17',
      username: 'meter-17',
      password: TOKEN,
      reconnectPeriod: 0,
    });
    client.on('error', () => undefined);
    const closed = new Promise<false>((resolve) => client.once('close', () => resolve(false)));
    const stored = client.publishAsync(topic, 'x', { qos: 1 }).then(
      () => true,
      () => false,
    );
    const isStored = await Promise.race([stored, closed]);
    await client.endAsync(true);
    return isStored;
  };
  const check = async (topic: string): Promise<number | null> => {
    const { code } = await sluice([
      'check',
      '-c',
      gateway.configFile,
      '--as',
      'meter-17',
      '--publish',
      topic,
    ]);
    return code;
  };
  expect([await mayPublish('a/meter-17'), await mayPublish('b/meter-17')]).toEqual([true, false]);
  expect([await check('a/meter-17'), await check('b/meter-17')]).toEqual([0, 1]);

  // The watch.
  write(path, accessOf('b/{user}'));
  await until(() => linesWith(gateway, 'the access file was reloaded').length === 1);
  expect(await mayPublish('b/meter-17')).toBe(true);

  // The command.
  write(path, accessOf('c/{user}', `${USER}  other: { token: "${HASH}" }\n`));
  const reloaded = await sluice(['reload', '-c', gateway.configFile]);
  expect(reloaded.code).toBe(0);
  // The watch may have been there before.
  expect(reloaded.stdout).toMatch(
    /^access {9}.*access\.yaml: (reloaded\nusers added {4}other\n|in force, and not changed)/,
  );
  expect(await mayPublish('c/meter-17')).toBe(true);

  // A fault, at a signal: the old rules stay in force.
  write(path, accessOf('a/{user}').replace('publish', 'publsh'));
  process.kill(gateway.pid, 'SIGHUP');
  await until(() => linesWith(gateway, 'ACCESS_RELOAD_REFUSED').length > 0);
  expect(linesWith(gateway, 'ACCESS_RELOAD_REFUSED')[0]).toMatchObject({
    level: 'warn',
    problems: [
      expect.stringMatching(/access\.yaml:4:\d+: roles\.device\.publsh: .*did you mean "publish"\?/),
    ],
    next: expect.stringContaining('sluice check'),
  });
  expect([await mayPublish('c/meter-17'), await mayPublish('a/meter-17')]).toEqual([true, false]);
  const refused = await sluice(['reload', '-c', gateway.configFile]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('the old ones stay in force')]);
  expect(await (await fetch(`${gateway.httpUrl}/readyz`)).text()).toContain('the old rules are in force');

  // A user that is removed.
  write(path, accessOf('c/{user}', ''));
  expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
  expect(await mayPublish('c/meter-17')).toBe(false);
  expect(gateway.output).not.toContain(TOKEN);
  expect(gateway.output).not.toContain(HASH);
});
