import mqtt from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import type { Arrival } from '../../src/arrivals/arrival.js';
import { ArrivalsClient } from '../support/arrivals-client.js';
import { startFakeStore } from '../support/fake-store.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const RULES = `
rules:
  - name: home
    topic: home/+room/telemetry
    where: payload.t > -60.0
    measurement: climate
    tags: { device: payload.id, room: topic.room }
    fields: { t: { path: payload.t, type: float, unit: °C, range: [-50, 60] } }
`;
const POLL = { timeout: 30_000, interval: 20 };

async function started(
  more: string,
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

async function device({ mqttPort }: GatewayProcess): Promise<mqtt.MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: 'probe-7' });
  onTestFinished(() => client.endAsync(true));
  return client;
}

async function seen(client: ArrivalsClient, count: number, outcome?: Arrival['outcome']): Promise<Arrival[]> {
  const known = () =>
    client.messages().filter((one) => (outcome ?? 'waiting') === one.outcome || outcome === undefined);
  await expect.poll(() => known().length, POLL).toBe(count);
  return known();
}

it('shows what became of each message that a search finds: stored, set aside, ignored', async () => {
  const gateway = await started(RULES);
  const client = await device(gateway);
  const watching = await ArrivalsClient.open(gateway.httpUrl, 'PROBE');
  const other = await ArrivalsClient.open(gateway.httpUrl, 'attic-1');
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-1","t":21.5}', { qos: 1 });
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-2","t":300}', { qos: 1 });
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-3","t":-127}', { qos: 0 });

  await expect.poll(() => watching.messages().filter(isKnown).length, POLL).toBe(3);
  const [stored, parked, filtered] = watching.messages();
  expect(watching.scope).toEqual({ sees: 'whole-path' });
  expect(stored).toMatchObject({
    topic: 'home/attic/telemetry',
    client: 'probe-7',
    qos: 1,
    outcome: 'stored',
    rule: 'home',
    measurement: 'climate',
    device: 'attic-1',
    field: 't',
    value: 21.5,
    unit: '°C',
    payload: '{"id":"attic-1","t":21.5}',
    payloadBytes: 25,
  });
  expect(stored!.lines).toEqual([`climate,device=attic-1,room=attic t=21.5 ${stored!.id}`]);
  const { receivedMs, loggedMs, mappedMs, storedMs } = stored!.steps;
  expect(receivedMs).toBeLessThanOrEqual(loggedMs!);
  expect(loggedMs).toBeLessThanOrEqual(mappedMs!);
  expect(mappedMs).toBeLessThanOrEqual(storedMs!);
  expect(parked).toMatchObject({ outcome: 'set-aside', code: 'field-out-of-range', rule: 'home' });
  expect(parked!.reason).toContain('300');
  expect(filtered).toMatchObject({ outcome: 'ignored', rule: 'home', qos: 0 });
  // The device is only in the payload, so the consumer has found it.
  await expect
    .poll(() => other.messages().map(({ id, outcome }) => [id, outcome]), POLL)
    .toEqual([[stored!.id, 'stored']]);

  const last = await fetch(`${gateway.httpUrl}/api/arrivals/last?device=attic-1`);
  expect(await last.json()).toEqual(stored);
});

it('shows a message as waiting while the store is away, and as stored once it is back', async () => {
  let isAway = true;
  const store = await startFakeStore(() => (isAway ? 'cut' : { status: 204 }));
  onTestFinished(() => store.stop());
  const gateway = await started(`sink: { influx: { url: "${store.url}", database: iot } }\n${RULES}`);
  const client = await device(gateway);
  const watching = await ArrivalsClient.open(gateway.httpUrl, 'home/');
  await client.publishAsync('home/hall/telemetry', '{"id":"hall-1","t":20}', { qos: 1 });
  await seen(watching, 1, 'waiting');
  // The batch before is with the store now, so these are in the log only.
  for (let t = 1; t <= 5; t += 1) {
    await client.publishAsync('home/hall/telemetry', `{"id":"hall-1","t":${t}}`, { qos: 1 });
  }
  const waiting = await seen(watching, 6, 'waiting');
  expect(waiting.every(({ steps }) => steps.loggedMs !== undefined && steps.storedMs === undefined)).toBe(
    true,
  );
  isAway = false;
  const stored = await seen(watching, 6, 'stored');
  expect(stored.map(({ value }) => value)).toEqual([20, 1, 2, 3, 4, 5]);
  expect(stored.map(({ id }) => id)).toEqual(waiting.map(({ id }) => id));
});

it('samples nothing without a page: what was published before it is not known', async () => {
  const gateway = await started(RULES);
  const client = await device(gateway);
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-1","t":21.5}', { qos: 1 });
  await gateway.ledgerWhen(({ written }) => written === 1);
  const last = () => fetch(`${gateway.httpUrl}/api/arrivals/last?topic=home%2Fattic%2Ftelemetry`);
  expect((await last()).status).toBe(404);
  const watching = await ArrivalsClient.open(gateway.httpUrl);
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-1","t":22}', { qos: 1 });
  const [shown] = await seen(watching, 1, 'stored');
  expect(shown).toMatchObject({ value: 22 });
  expect(await (await last()).json()).toEqual(shown);
  watching.close();
});

it('knows the whole path in one process with Kinesis', async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'arrivals', 2);
  const gateway = await started(RULES, {
    stream: ['mode: kinesis', `kinesis: { name: arrivals, endpoint: "${kinesis.endpoint}", linger: 20ms }`],
  });
  const watching = await ArrivalsClient.open(gateway.httpUrl, 'probe');
  const client = await device(gateway);
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-1","t":21.5}', { qos: 1 });
  await client.publishAsync('home/hall/telemetry', 'no JSON', { qos: 1 });
  await expect.poll(() => watching.messages().filter(isKnown).length, POLL).toBe(2);
  const [stored, parked] = watching.messages();
  expect(watching.scope).toEqual({ sees: 'whole-path' });
  expect(stored).toMatchObject({ outcome: 'stored', device: 'attic-1' });
  expect(stored!.steps.loggedMs).toBeLessThanOrEqual(stored!.steps.mappedMs!);
  expect(parked).toMatchObject({ outcome: 'set-aside', code: 'payload-not-json', payload: 'no JSON' });
});

it('says what it cannot know where receiving and storing are two processes', async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'arrivals', 1);
  const half = (role: 'ingest' | 'consume') =>
    started(RULES, {
      args: ['--role', role],
      stream: ['mode: kinesis', `kinesis: { name: arrivals, endpoint: "${kinesis.endpoint}" }`],
    });
  const ingest = await half('ingest');
  const consume = await half('consume');
  const receiving = await ArrivalsClient.open(ingest.httpUrl);
  const storing = await ArrivalsClient.open(consume.httpUrl);
  const client = await device(ingest);
  await client.publishAsync('home/attic/telemetry', '{"id":"attic-1","t":21.5}', { qos: 1 });
  const [received] = await seen(receiving, 1, 'waiting');
  const [stored] = await seen(storing, 1, 'stored');
  expect(receiving.scope?.sees).toBe('receiving');
  expect(storing.scope?.sees).toBe('storing');
  expect(received!.steps.loggedMs).toBeDefined();
  expect(stored).toMatchObject({ id: received!.id, client: 'probe-7', device: 'attic-1', value: 21.5 });
  expect(stored!.steps.loggedMs).toBeUndefined();
});

function isKnown({ outcome }: Arrival): boolean {
  return outcome !== 'waiting';
}
