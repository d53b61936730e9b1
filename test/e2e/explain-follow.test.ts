import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { LAUNCHER, sluice } from '../../harness/programs.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULES = `
rules:
  - name: home
    topic: home/+room/telemetry
    where: payload.t > -60.0
    measurement: climate
    tags: { room: topic.room }
    fields: { t: { path: payload.t, type: float, decimalComma: true } }
`;

async function started(
  more = RULES,
  options: Partial<ConstructorParameters<typeof GatewayProcess>[0]> = {},
): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${more}`,
    ...options,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** `sluice explain --follow`, from the moment on which it follows; rejects when it ends before. */
async function following({ configFile }: GatewayProcess, ...args: readonly string[]) {
  const child = spawn(process.execPath, [LAUNCHER, 'explain', '-c', configFile, '--follow', ...args]);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const output = { stdout: '', stderr: '' };
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const changed = () => new Promise((resolve) => child.once('change', resolve));
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      child.emit('change');
    });
  }
  const until = async (stream: 'stdout' | 'stderr', words: string) => {
    while (!output[stream].includes(words)) await changed();
  };
  const isFollowing = await Promise.race([
    until('stderr', 'following ').then(() => true),
    ended.then(() => false),
  ]);
  if (!isFollowing) throw new Error(output.stderr);
  return { output, ended, until, interrupt: () => child.kill('SIGINT') };
}

async function device(gateway: GatewayProcess): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, { clientId: 'device-1' });
  onTestFinished(() => client.endAsync(true));
  return client;
}

it('shows what the rules in force make of each message, also after a reload, and nothing of other topics', async () => {
  const gateway = await started();
  const client = await device(gateway);
  const follower = await following(gateway, 'home/#', '--count', '3');
  await client.publishAsync('other/x', '{"t":1}', { qos: 1 });
  await client.publishAsync('home/attic/telemetry', '{"t":"21,5","battery":3.3}', { qos: 1 });
  await client.publishAsync('home/attic/telemetry', '{"t":-127}', { qos: 1 });
  await follower.until('stdout', 'filtered by the where of rule home');
  writeFileSync(gateway.configFile, readFileSync(gateway.configFile, 'utf8').replace('climate', 'rooms'));
  expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
  await client.publishAsync('home/hall/telemetry', '{"t":20}', { qos: 1 });
  expect(await follower.ended).toBe(0);
  const { stdout } = follower.output;
  const first = stdout
    .slice(0, stdout.indexOf('\n\n'))
    .replace(/20\d\d-\S+Z/g, '<time>')
    .replace(/\d{19}/, '<ns>');
  expect(first.split('\n')).toEqual([
    'topic    home/attic/telemetry',
    'received <time> from client device-1, QoS 1',
    'payload  {"t":"21,5","battery":3.3}',
    'rule     home (home/+room/telemetry): takes it',
    '         topic.room = attic',
    '         device = attic',
    expect.stringMatching(/^where .* failed: payload.t = "21,5"$/),
    'parked   rule-where-failed: where `payload.t > -60.0` failed: payload.t > -60.0: cannot compare a string with a double',
  ]);
  expect(stdout).toContain(
    'where    payload.t > -60.0 is false: payload.t = -127\nfiltered by the where of rule home',
  );
  expect(stdout).toMatch(/field +t = 20 +from payload.t\nline +rooms,room=hall t=20 \d{19}\n/);
  expect(stdout).not.toContain('other/x');
});

it('shows messages while the store does not answer, and holds nothing up', async () => {
  const gateway = await started(
    `sink: { influx: { url: "http://127.0.0.1:${await freePort()}", database: d } }\n${RULES}`,
  );
  const client = await device(gateway);
  const follower = await following(gateway, '#', '--json', '--count', '1');
  await client.publishAsync('home/attic/telemetry', '{"t":1}', { qos: 1 });
  expect(await follower.ended).toBe(0);
  expect(JSON.parse(follower.output.stdout)).toMatchObject({
    topic: 'home/attic/telemetry',
    outcome: 'written',
  });
  expect(await gateway.ledger()).toMatchObject({ received: 1, buffered: 1 });
});

it('a follower that goes away makes room for another; the gateway ends all of them', async () => {
  const gateway = await started();
  const four = await Promise.all(['a', 'b', 'c', 'd'].map((topic) => following(gateway, topic)));
  const refused = await sluice(['explain', '-c', gateway.configFile, '--follow', 'e']);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('4 others follow this gateway already'),
  });
  four[0]!.interrupt();
  expect(await four[0]!.ended).toBe(0);
  const client = await device(gateway);
  const busy = publishing(client);
  const next = await followingWhenThereIsRoom(gateway);
  await next.until('stdout', 'records skipped');
  await busy.stop();
  expect(await gateway.stop()).toBe(0);
  for (const follower of [...four.slice(1), next]) {
    expect(await follower.ended).toBe(1);
    expect(follower.output.stderr).toContain('the gateway has ended');
  }
});

it('in Kinesis mode the process with the consumer is followed; one without it says so', {
  timeout: 120_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  const inRole = (role: string) =>
    started(RULES, {
      stream: ['mode: kinesis', `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms }`],
      args: ['--role', role],
    });
  const ingest = await inRole('ingest');
  const consume = await inRole('consume');
  const refused = await sluice(['explain', '-c', ingest.configFile, '--follow', '#']);
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no consumer runs in this gateway'),
  });
  const follower = await following(consume, '#', '--count', '1');
  await (await device(ingest)).publishAsync('home/attic/telemetry', '{"t":1}', { qos: 1 });
  expect(await follower.ended).toBe(0);
  expect(follower.output.stdout).toContain('from client device-1, QoS 1');
});

/** Publishes as fast as it is acknowledged. */
function publishing(client: mqtt.MqttClient) {
  let isStopped = false;
  const send = async () => {
    while (!isStopped) await client.publishAsync('home/attic/telemetry', '{"t":1}', { qos: 1 });
  };
  const all = Promise.all(Array.from({ length: 50 }, send));
  return {
    stop: () => {
      isStopped = true;
      return all;
    },
  };
}

/** The gateway needs a moment to notice that a follower is gone. */
async function followingWhenThereIsRoom(gateway: GatewayProcess) {
  for (;;) {
    const follower = await following(gateway, 'home/#').catch(() => undefined);
    if (follower !== undefined) return follower;
  }
}
