import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { LAUNCHER, sluice } from '../../harness/programs.js';
import { readIdentity } from '../../src/data-directory/directory-identity.js';
import { startFakeStore } from '../support/fake-store.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const TOKEN = 'token-of-the-test';
const ACCESS = `
users:
  meter-17: { token: "sha256:${createHash('sha256').update(TOKEN).digest('base64url')}", roles: [device] }
roles:
  device: { publish: ["home/#"] }
`;
const RULES = `
rules:
  - name: home
    topic: home/+room/telemetry
    measurement: climate
    tags: { owner: user }
    fields: { t: { path: payload.t, type: float } }
`;
const DONE = { status: 204 };

interface Store {
  readonly url: string;
  readonly lines: () => string[];
  answer: 'hang' | typeof DONE;
}

async function startStore(): Promise<Store> {
  const taken: string[] = [];
  const store: Store = { url: '', lines: () => taken, answer: DONE };
  const fake = await startFakeStore(({ path, lines }) => {
    if (!path.startsWith('/write')) return { status: 204, headers: { 'X-Influxdb-Version': '1.8.10' } };
    if (store.answer !== 'hang') taken.push(...lines.filter((line) => line !== ''));
    return store.answer;
  });
  onTestFinished(() => fake.stop());
  return Object.assign(store, { url: fake.url });
}

async function started(store: Store, stream: readonly string[] = []): Promise<GatewayProcess> {
  const directory = tempDirectory();
  const accessFile = join(directory, 'access.yaml');
  writeFileSync(accessFile, ACCESS, { mode: 0o600 });
  const gateway = new GatewayProcess({
    directory,
    stream,
    config: `broker: { access: ${JSON.stringify(accessFile)}, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${RULES}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** Each call takes a client id of its own: the user is what stays. */
async function publish({ mqttPort }: GatewayProcess, ...payloads: readonly string[]): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    username: 'meter-17',
    password: TOKEN,
    reconnectPeriod: 0,
  });
  for (const payload of payloads) await client.publishAsync('home/attic/telemetry', payload, { qos: 1 });
  await client.endAsync(true);
}

const untouched = (line: string | undefined) => line?.replace(/ \d{19}$/, '');

it('a record keeps its user from the connection into store, dead letter and replay, across a SIGKILL [access 11]', {
  timeout: 120_000,
}, async () => {
  const store = await startStore();
  store.answer = 'hang';
  const gateway = await started(store);
  expect(await readIdentity(gateway.dataDirectory)).toMatchObject({ identity: { format: 2 } });
  await publish(gateway, '{"t":21.5}', '{"t":"warm"}');
  await gateway.kill();

  store.answer = DONE;
  await gateway.start();
  const ledger = await gateway.ledgerWhen(({ buffered, received }) => received === 2 && buffered === 0);
  expect(isBalanced(ledger)).toBe(true);
  expect(ledger).toMatchObject({ written: 1, parked: 1 });
  expect(store.lines().map(untouched)).toEqual(['climate,owner=meter-17 t=21.5']);

  const listed = async (user: string) =>
    (await sluice(['dead-letters', 'list', '-c', gateway.configFile, '--user', user, '--json'])).stdout;
  expect(JSON.parse(await listed('meter-17'))).toMatchObject({ user: 'meter-17', code: 'field-wrong-type' });
  expect(await listed('other')).toBe('');
  const answer = await fetch(`${gateway.httpUrl}/api/dead-letters?user=meter-17`);
  const { deadLetters } = (await answer.json()) as { deadLetters: { id: string; user?: string }[] };
  expect(deadLetters).toMatchObject([{ user: 'meter-17' }]);
  const shown = await sluice(['dead-letters', 'show', deadLetters[0]!.id, '-c', gateway.configFile]);
  expect(shown.stdout).toContain('\nuser       meter-17\n');

  writeFileSync(
    gateway.configFile,
    readFileSync(gateway.configFile, 'utf8').replace('type: float', 'type: string'),
  );
  expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
  await sluice(['dead-letters', 'replay', '-c', gateway.configFile, '--user', 'meter-17']);
  expect(store.lines().map(untouched)[1]).toBe('climate,owner=meter-17 t="warm"');
  const { body } = await fetch(`${gateway.httpUrl}/metrics`);
  expect(await new Response(body).text()).not.toContain('meter-17');
});

it('a record keeps its user through Kinesis, and explain --follow shows it [access 11]', {
  timeout: 120_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  const store = await startStore();
  const gateway = await started(store, [
    'mode: kinesis',
    `kinesis: { name: telemetry, endpoint: "${kinesis.endpoint}", linger: 50ms }`,
  ]);
  const child = spawn(process.execPath, [
    LAUNCHER,
    'explain',
    '-c',
    gateway.configFile,
    '--follow',
    'home/#',
    '--count',
    '1',
  ]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('following ')) resolve();
    });
    child.once('close', () => reject(new Error('it ended before it followed')));
  });
  await publish(gateway, '{"t":21.5}');
  await gateway.ledgerWhen(({ received, buffered }) => received === 1 && buffered === 0);
  expect(store.lines().map(untouched)).toEqual(['climate,owner=meter-17 t=21.5']);
  expect(await ended).toBe(0);
  expect(output).toMatch(/^received .* from user meter-17, client \S+, QoS 1$/m);
  expect(output).toMatch(/^tag +owner = meter-17 +from user$/m);
});
