import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { createTestStream, startDynalite, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

it('what was parked stays, however often the mode, the application or the kind of place changes', {
  timeout: 120_000,
}, async () => {
  const [kinesis, dynamo] = await Promise.all([startKinesalite(), startDynalite()]);
  onTestFinished(() => kinesis.stop());
  onTestFinished(() => dynamo.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  const directory = tempDirectory();
  const through = (more: string) => [
    'mode: kinesis',
    `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms, ${more} }`,
  ];
  const leases = `checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}", failover: 1s }`;
  const places = [
    [],
    through('application: one'),
    through('application: two'),
    through(`application: one, ${leases}`),
    through('application: one'),
    [],
    through('application: two'),
  ];
  const topics: string[] = [];
  for (const [turn, stream] of places.entries()) {
    const gateway = new GatewayProcess({
      directory,
      stream,
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
consumer: { checkpointInterval: 10ms }
`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    topics.push(`home/turn${turn}/telemetry`);
    await runLoad({
      host: '127.0.0.1',
      port: gateway.mqttPort,
      connections: 1,
      messages: 1,
      qos: 1,
      window: 1,
      topic: () => topics.at(-1)!,
      payload: () => Buffer.from('{"temperature":'),
    });
    const isParked = async () =>
      (await listParked(join(gateway.dataDirectory, 'dead-letter'), 99)).map(({ topic }) => topic);
    while (!(await isParked()).includes(topics.at(-1)!))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(await isParked()), `turn ${turn}`).toEqual(new Set(topics));
    expect(isBalanced(await gateway.ledger())).toBe(true);
    expect(await gateway.stop()).toBe(0);
  }
});
