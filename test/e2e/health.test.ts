import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { findRunningGateway } from '../../src/commands/doctor/stream-checks.js';
import type { ReadinessProblem } from '../../src/http/gateway-view.js';
import { type Script, startFakeStore } from '../support/fake-store.js';
import { FLEET_RULE } from '../support/fleet-load.js';
import { createTestStream, deleteTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

/** One failure: what the store does, what is published, and what /readyz has to say of it. */
interface Failure {
  readonly what: string;
  readonly store: Script;
  readonly log?: string;
  readonly stream?: 'away' | 'deleted';
  readonly publish?: { readonly payload: string; readonly times: number };
  readonly problems: readonly (readonly [stage: ReadinessProblem['stage'], reason: RegExp])[];
}

const TAKES: Script = () => ({ status: 204 });
const READING = JSON.stringify({
  timestamp: Date.now(),
  seq: 1,
  temperature: 20.5,
  note: 'x'.repeat(10_000),
});
const RUBBISH = 'rubbish '.repeat(7_500);

const failures: readonly Failure[] = [
  {
    what: 'the store does not answer',
    store: () => 'cut',
    publish: { payload: READING, times: 1 },
    problems: [['sink', /does not answer .* trying again, nothing is lost/]],
  },
  {
    what: 'the store does not let the gateway in',
    store: () => ({ status: 401, body: '{"error":"authorization failed"}' }),
    publish: { payload: READING, times: 1 },
    problems: [['sink', /does not let the gateway in .*401.*correct sink\.influx\.username/]],
  },
  {
    what: 'the store does not know the database',
    store: () => ({ status: 404, body: '{"error":"database not found: \\"iot\\""}' }),
    publish: { payload: READING, times: 1 },
    problems: [
      [
        'sink',
        /does not know the database "iot" .*create it \(`sluice store prepare`\) or correct sink\.influx/,
      ],
    ],
  },
  {
    what: 'the store does not know the database, before the first message',
    store: () => ({ status: 404, body: '{"error":"database not found: \\"iot\\""}' }),
    problems: [
      [
        'sink',
        /does not know the database "iot" .*create it \(`sluice store prepare`\) or correct sink\.influx/,
      ],
    ],
  },
  {
    what: 'the log is full',
    store: () => 'cut',
    log: 'maxSize: 1MiB, segmentSize: 64KiB',
    publish: { payload: READING, times: 150 },
    problems: [
      ['log', /has reached stream\.log\.maxSize and waits for the consumer; PUBACKs are withheld/],
      ['sink', /does not answer/],
    ],
  },
  {
    what: 'the dead letter is full',
    store: TAKES,
    publish: { payload: RUBBISH, times: 290 },
    problems: [['consumer', /has reached consumer\.deadLetter\.maxSize .*records stay buffered/]],
  },
  {
    what: 'Kinesis cannot be reached',
    store: TAKES,
    stream: 'away',
    publish: { payload: READING, times: 1 },
    problems: [
      ['producer', /has not been reached yet|ECONNREFUSED|Kinesis/],
      ['reader', /has not been reached yet|ECONNREFUSED|Kinesis/],
    ],
  },
  {
    what: 'the stream is deleted',
    store: TAKES,
    stream: 'deleted',
    publish: { payload: READING, times: 1 },
    problems: [
      ['producer', /telemetry/],
      ['reader', /telemetry/],
    ],
  },
];

describe('/readyz says which stage is not ready and why, /healthz that no restart would help', () => {
  it.each(failures)('while $what', { timeout: 120_000 }, async (failure) => {
    const store = await startFakeStore(failure.store);
    onTestFinished(() => store.stop());
    const kinesis = failure.stream === undefined ? undefined : await stream(failure.stream);
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }], maxPacketSize: 64KiB }
http: { host: 127.0.0.1, port: 0 }
consumer: { deadLetter: { maxSize: 16MiB, whenFull: block } }
sink: { influx: { url: "${store.url}", database: iot } }
${FLEET_RULE}`,
      log: failure.log,
      ...(kinesis === undefined
        ? {}
        : {
            stream: [
              'mode: kinesis',
              `kinesis: { endpoint: "${kinesis.endpoint}", linger: 50ms, shardSync: 1s }`,
            ],
          }),
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    await kinesis?.breakIt();
    if (failure.publish !== undefined) await publish(gateway.mqttPort, failure.publish);

    // A stage may first be unready for another reason, such as a connection that is still being tried.
    await expect
      .poll(() => problemsOf(gateway), { timeout: 120_000 })
      .toEqual(failure.problems.map(([stage, reason]) => ({ stage, reason: expect.stringMatching(reason) })));
    const health = await fetch(`${gateway.httpUrl}/healthz`);
    expect(health.status).toBe(200);
    expect(await health.json()).toEqual({ status: 'ok' });
    await expectAgreement(gateway);
  });
});

async function stream(how: 'away' | 'deleted') {
  if (how === 'away')
    return { endpoint: `http://127.0.0.1:${await freePort()}`, breakIt: async () => undefined };
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  return { endpoint: kinesis.endpoint, breakIt: () => deleteTestStream(kinesis.endpoint, 'telemetry') };
}

/** QoS 1 without waiting for the answers: some of these are withheld. */
async function publish(port: number, { payload, times }: NonNullable<Failure['publish']>): Promise<void> {
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port });
  onTestFinished(async () => {
    await client.endAsync(true);
  });
  for (let i = 0; i < times; i++)
    client.publish('fleet/dev0/telemetry', payload, { qos: 1 }, () => undefined);
}

/** `/readyz`, page, metrics and `sluice doctor` name the same problems, and the same backlog. */
async function expectAgreement(gateway: GatewayProcess): Promise<void> {
  const { dataDirectory, httpUrl } = gateway;
  // Between two questions a stage may go from one problem to another: asked again until nothing has changed meanwhile.
  await expect
    .poll(
      async () => {
        const problems = await problemsOf(gateway);
        const state = (await (await fetch(`${httpUrl}/api/state`)).json()) as {
          readonly problems: readonly ReadinessProblem[];
          readonly backlog: { readonly records: number };
          readonly ledger: { readonly buffered: number };
        };
        const metrics = await (await fetch(`${httpUrl}/metrics`)).text();
        const metric = (name: string) =>
          Number(
            metrics
              .split('\n')
              .find((line) => line.startsWith(`${name} `))
              ?.split(' ')[1],
          );
        const http = {
          host: '127.0.0.1',
          port: Number(new URL(httpUrl).port),
          insecure: false,
          changes: 'loopback' as const,
          maxConnectionsPerAddress: 64,
          maxStreamsPerAddress: 8,
          read: 'open' as const,
        };
        const doctor = (await findRunningGateway({ dataDirectory, http })).result;
        return {
          page: JSON.stringify(state.problems) === JSON.stringify(problems),
          metrics: (['broker', 'log', 'producer', 'reader', 'consumer', 'sink'] as const).every(
            (stage) =>
              metric(`sluice_readiness_problems{stage="${stage}"}`) ===
              problems.filter((problem) => problem.stage === stage).length,
          ),
          doctor: doctor.state === 'fail' && problems.every(({ reason }) => doctor.found.includes(reason)),
          backlog: [state.backlog.records, metric('sluice_backlog_records')].every(
            (records) => records === state.ledger.buffered,
          ),
        };
      },
      { timeout: 20_000 },
    )
    .toEqual({ page: true, metrics: true, doctor: true, backlog: true });
}

/** What `/readyz` names now. Its status code and its `ready` always agree with that. */
async function problemsOf({ httpUrl }: GatewayProcess): Promise<readonly ReadinessProblem[]> {
  const answer = await fetch(`${httpUrl}/readyz`);
  const { ready, problems } = (await answer.json()) as { ready: boolean; problems: ReadinessProblem[] };
  expect([answer.status, ready]).toEqual(problems.length === 0 ? [200, true] : [503, false]);
  return problems;
}
