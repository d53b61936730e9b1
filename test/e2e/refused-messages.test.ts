import { readFileSync, writeFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { startFakeStore } from '../support/fake-store.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULES = `
rules:
  - { name: aws, topic: "$none/+thing", measurement: aws, tags: { thing: topic.thing }, fields: auto }
  - { name: all, topic: "#", measurement: m, tags: {}, fields: auto }
`;

/** A gateway, and the lines that its store has taken. */
async function started(stream: readonly string[] = []) {
  const taken: string[] = [];
  const store = await startFakeStore(({ path, lines }) => {
    if (!path.startsWith('/write')) return { status: 204, headers: { 'X-Influxdb-Version': '1.8.10' } };
    taken.push(...lines.filter((line) => line !== ''));
    return { status: 204 };
  });
  onTestFinished(() => store.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    stream,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${RULES}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return { gateway, lines: () => taken.map((line) => line.replace(/ \d{19}$/, '')) };
}

const LEVELS = Array.from({ length: 150 }, () => 'x').join('/');

/** Sends what is not taken and then something good, over one connection. */
async function publishAll({ mqttPort }: GatewayProcess, qos: 1 | 2): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: 'meter-17',
    reconnectPeriod: 0,
  });
  await client.publishAsync('big/m', Buffer.alloc(300 * 1024, '{"v":1} '), { qos });
  await client.publishAsync('$aws/thing-1', '{"v":7}', { qos });
  await client.publishAsync('t'.repeat(2_000), '{"v":1}', { qos });
  await client.publishAsync(LEVELS, '{"v":1}', { qos });
  await client.publishAsync('good/m', '{"v":2}', { qos });
  expect(client.connected).toBe(true);
  await client.endAsync();
}

it('messages that the broker does not take are parked with their reason, and one with $ is replayed once a rule names it', {
  timeout: 120_000,
}, async () => {
  const { gateway, lines } = await started();
  await publishAll(gateway, 1);
  const ledger = await gateway.ledgerWhen(({ buffered, received }) => received === 5 && buffered === 0);
  expect(isBalanced(ledger)).toBe(true);
  expect(ledger).toMatchObject({
    written: 1,
    parked: 4,
    reasons: { parked: { 'packet-too-large': 1, 'topic-not-accepted': 3 } },
  });
  expect(lines()).toEqual(['m v=2']);

  const answer = await fetch(`${gateway.httpUrl}/api/dead-letters?code=packet-too-large`);
  const { deadLetters } = (await answer.json()) as { deadLetters: { id: string }[] };
  expect(deadLetters).toMatchObject([{ topic: 'big/m', clientId: 'meter-17', payloadKept: false }]);
  const detail = await fetch(`${gateway.httpUrl}/api/dead-letters/${deadLetters[0]!.id}`);
  expect(await detail.json()).toMatchObject({ payload: '{"v":1} '.repeat(128), payloadBytes: 300 * 1024 });
  const shown = await sluice(['dead-letters', 'show', deadLetters[0]!.id, '-c', gateway.configFile]);
  expect(shown.stdout).toMatch(
    /reason +publish of 307209 bytes is over the limit of 262144: topic "big\/m", payload of 307200 bytes, client "meter-17"; only of the payload the first 1024 bytes are kept\n/,
  );
  expect(shown.stdout).toContain('1024 of 307200 bytes are kept, so it cannot be replayed: {"v":1} ');

  writeFileSync(gateway.configFile, readFileSync(gateway.configFile, 'utf8').replace('$none', '$aws'));
  expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
  await sluice(['dead-letters', 'replay', '-c', gateway.configFile, '--topic', '$aws/thing-1']);
  expect(lines()).toEqual(['m v=2', 'aws,thing=thing-1 v=7']);
  // The reload holds for the broker, too.
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  await client.publishAsync('$aws/thing-2', '{"v":8}', { qos: 1 });
  await client.endAsync();
  const after = await gateway.ledgerWhen(({ received, buffered }) => received === 6 && buffered === 0);
  expect(after).toMatchObject({ written: 3, parked: 3 });
  expect(isBalanced(after)).toBe(true);
});

it.each(['cloudevents', 'raw'])(
  'they are parked behind Kinesis, too, with format %s',
  { timeout: 120_000 },
  async (format) => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', 1);
    const { gateway, lines } = await started([
      'mode: kinesis',
      `kinesis: { name: telemetry, endpoint: "${kinesis.endpoint}", linger: 50ms, format: ${format} }`,
    ]);
    await publishAll(gateway, 2);
    const ledger = await gateway.ledgerWhen(({ buffered, received }) => received === 5 && buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger).toMatchObject({
      written: 1,
      reasons: { parked: { 'packet-too-large': 1, 'topic-not-accepted': 3 } },
    });
    expect(lines()).toEqual(['m v=2']);
    const listed = await sluice([
      'dead-letters',
      'list',
      '-c',
      gateway.configFile,
      '--code',
      'packet-too-large',
      '--json',
    ]);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      topic: 'big/m',
      clientId: 'meter-17',
      payloadKept: false,
      payloadBytes: 307_200,
      payloadStart: '{"v":1} '.repeat(128),
    });
  },
);
