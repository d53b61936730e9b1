import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import mqttPacket from 'mqtt-packet';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { startFakeStore } from '../support/fake-store.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULE = `
rules:
  - { name: t, topic: "t/+", measurement: m, tags: { owner: user, client: clientId } }
`;
const tokenOf = (user: string) => `token of ${user}`;

/** A gateway whose users sign in with `tokenOf`, and may publish what they like under any client id. */
async function started(users: readonly string[], more = ''): Promise<GatewayProcess> {
  const store = await startFakeStore(() => ({ status: 204, headers: { 'X-Influxdb-Version': '1.8.10' } }));
  onTestFinished(() => store.stop());
  const directory = join(tempDirectory(), 'inner', 'gateway');
  const accessFile = join(directory, 'access.yaml');
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { access: ${JSON.stringify(accessFile)}, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${more}${RULE}`,
  });
  const lines = users.map((user) => {
    const hash = createHash('sha256').update(tokenOf(user)).digest('base64url');
    return `  ${JSON.stringify(user)}: { token: "sha256:${hash}", roles: [device] }`;
  });
  writeFileSync(accessFile, `users:\n${lines.join('\n')}\nroles: { device: { publish: ["#"] } }\n`, {
    mode: 0o600,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** One connection that publishes one message, and ends when it is acknowledged. */
function publishOnce(port: number, user: string, clientId: string, payload: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const parser = mqttPacket.parser();
  const done = new Promise<void>((resolve, reject) => {
    parser.on('packet', ({ cmd }) => {
      if (cmd === 'puback') resolve();
    });
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${clientId} got no PUBACK`)));
  });
  socket.write(
    Buffer.concat([
      mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: 60,
        clientId,
        username: user,
        password: Buffer.from(tokenOf(user)),
      }),
      mqttPacket.generate({
        cmd: 'publish',
        topic: 't/a',
        payload,
        qos: 1,
        messageId: 1,
        dup: false,
        retain: false,
      }),
    ]),
  );
  return done.finally(() => socket.end(mqttPacket.generate({ cmd: 'disconnect' })));
}

async function metricsOf({ httpUrl }: GatewayProcess): Promise<string> {
  return (await fetch(`${httpUrl}/metrics`)).text();
}

/** The series of the page without their values; those of Node come when there is something to say. */
const seriesOf = (page: string) =>
  page
    .split('\n')
    .filter((line) => line.startsWith('sluice_'))
    .map((line) => line.replace(/ \S+$/, ''));

it('10,000 clients and users add nothing to the metrics [security 47]', { timeout: 300_000 }, async () => {
  const CLIENTS = 10_000;
  const AT_ONCE = 50;
  const users = Array.from({ length: CLIENTS }, (_, n) => `user-${n}-x`);
  const gateway = await started(users);
  const publishFrom = async (from: number, to: number) => {
    let next = from;
    const work = async () => {
      for (let n = next++; n < to; n = next++) {
        await publishOnce(gateway.mqttPort, users[n]!, `client-${n}-x`, n % 2 === 0 ? '{"v":1}' : 'no JSON');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    await gateway.ledgerWhen(({ received, buffered }) => received === to && buffered === 0);
  };
  await publishFrom(0, 100);
  const few = await metricsOf(gateway);
  await publishFrom(100, CLIENTS);
  const many = await metricsOf(gateway);
  expect(seriesOf(many)).toEqual(seriesOf(few));
  expect(seriesOf(many).length).toBeGreaterThan(100);
  expect(many).not.toMatch(/user-\d+-x|client-\d+-x/);
});

it('names that would move a terminal or leave a folder do neither [security 46] [security 50]', {
  timeout: 120_000,
}, async () => {
  const evil = '../../x\u202e';
  const gateway = await started([evil], 'log: { level: debug }\n');
  await publishOnce(gateway.mqttPort, evil, evil, '{"v":1}');
  await publishOnce(gateway.mqttPort, evil, evil, 'no JSON');
  await gateway.ledgerWhen(({ written, parked }) => written === 1 && parked === 1);

  // What a device has sent names no file, here or in a folder above.
  const names = readdirSync(join(gateway.dataDirectory, '..', '..', '..'), { recursive: true }).map(String);
  expect(names).toContain('inner/gateway/data/dead-letter');
  expect(
    names.filter((name) => !/^inner(\/gateway(\/(sluice|access)\.yaml|\/data(\/.*)?)?)?$/.test(name)),
  ).toEqual([]);
  for (const name of names) expect(name.split('/').at(-1)).toMatch(/^(?!x)[\w.-]+$/);

  const { stdout } = await sluice(['dead-letters', 'list', '-c', gateway.configFile, '--user', evil]);
  const id = /^\d{19}/m.exec(stdout)![0];
  const shown = await sluice(['dead-letters', 'show', id, '-c', gateway.configFile]);
  expect(shown.stdout).toContain('user       ../../x\\u202e\n');
  const previewed = await sluice([
    ...['explain', '-c', gateway.configFile, '--topic', 't/a', '--payload', '{"v":1}'],
    ...['--user', 'a\u001b[2J\nb\u202e', '--client-id', evil],
  ]);
  expect(previewed.stdout).toMatch(/^user {5}a\\u001b\[2J b\\u202e$/m);
  expect(gateway.output).toContain('../../x\\\\u202e');
  const outputs = [stdout, shown.stdout, previewed.stdout, gateway.output];
  for (const output of outputs) expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
