import { readFileSync, writeFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { readIdentity } from '../../src/data-directory/directory-identity.js';
import { startFakeStore } from '../support/fake-store.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULES = `
rules:
  - name: home
    topic: home/+room/telemetry
    where: properties.user.ignore != "yes"
    measurement: climate
    tags: { site: { path: properties.user.site, required: false }, type: { path: properties.contentType, required: false } }
    fields: { t: { path: payload.t, type: float } }
`;
const DONE = { status: 204 };
const CBOR = Buffer.from('a161741901f4', 'hex'); // {"t": 500}

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
  return gateway;
}

interface Sent {
  readonly payload: string | Buffer;
  readonly contentType?: string;
  readonly userProperties?: Readonly<Record<string, string>>;
}

async function publish({ mqttPort }: GatewayProcess, version: 4 | 5, ...messages: Sent[]): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    protocolVersion: version,
    reconnectPeriod: 0,
  });
  for (const { payload, ...properties } of messages) {
    await client.publishAsync('home/attic/telemetry', payload, {
      qos: 1,
      ...(version === 5 && { properties }),
    });
  }
  await client.endAsync(true);
}

const PUNE = { site: 'pune' };
const untouched = (line: string) => line.replace(/ \d{19}$/, '');

it('a message keeps what its publisher says of it from the connection into store, dead letter and replay, across a SIGKILL', {
  timeout: 120_000,
}, async () => {
  const store = await startStore();
  store.answer = 'hang';
  const gateway = await started(store);
  await publish(gateway, 4, { payload: '{"t":1}' });
  expect(await readIdentity(gateway.dataDirectory)).toMatchObject({ identity: { format: 1 } });
  await publish(
    gateway,
    5,
    { payload: '{"t":21.5}', userProperties: PUNE },
    { payload: CBOR, contentType: 'application/cbor' },
    { payload: '{"t":"warm"}', userProperties: PUNE },
    { payload: 'anything', userProperties: { ignore: 'yes' } },
  );
  expect(await readIdentity(gateway.dataDirectory)).toMatchObject({ identity: { format: 3 } });
  await gateway.kill();

  store.answer = DONE;
  await gateway.start();
  const ledger = await gateway.ledgerWhen(({ buffered, received }) => received === 5 && buffered === 0);
  expect(isBalanced(ledger)).toBe(true);
  expect(ledger).toMatchObject({ written: 3, parked: 1, filtered: 1 });
  expect(store.lines().map(untouched)).toEqual([
    'climate t=1',
    'climate,site=pune t=21.5',
    'climate,type=application/cbor t=500',
  ]);

  const list = await sluice(['dead-letters', 'list', '-c', gateway.configFile, '--json']);
  const parked = JSON.parse(list.stdout) as { readonly id: string };
  expect(parked).toMatchObject({ properties: { user: [['site', 'pune']] }, code: 'field-wrong-type' });
  const shown = await sluice(['dead-letters', 'show', parked.id, '-c', gateway.configFile]);
  expect(shown.stdout).toContain('\nproperty   user.site = pune\n');
  const answer = await fetch(`${gateway.httpUrl}/api/dead-letters/${parked.id}`);
  expect(await answer.json()).toMatchObject({ properties: { user: [['site', 'pune']] } });

  writeFileSync(
    gateway.configFile,
    readFileSync(gateway.configFile, 'utf8').replace('type: float', 'type: string'),
  );
  expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
  await sluice(['dead-letters', 'replay', '-c', gateway.configFile, '--all']);
  expect(store.lines().map(untouched)[3]).toBe('climate,site=pune t="warm"');
});

it('a message keeps what its publisher says of it through Kinesis', { timeout: 120_000 }, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  const store = await startStore();
  const gateway = await started(store, [
    'mode: kinesis',
    `kinesis: { name: telemetry, endpoint: "${kinesis.endpoint}", linger: 50ms }`,
  ]);
  await publish(
    gateway,
    5,
    { payload: '{"t":21.5}', userProperties: PUNE },
    { payload: CBOR, contentType: 'application/cbor' },
  );
  await gateway.ledgerWhen(({ received, buffered }) => received === 2 && buffered === 0);
  expect(store.lines().map(untouched)).toEqual([
    'climate,site=pune t=21.5',
    'climate,type=application/cbor t=500',
  ]);
});
