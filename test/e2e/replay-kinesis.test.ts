import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

it('what was too large for Kinesis is replayed straight into the store, and the ledgers of both halves balance', {
  timeout: 120_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 1);
  const directory = tempDirectory();
  const inRole = (role: string) => {
    const gateway = new GatewayProcess({
      directory,
      stream: [
        'mode: kinesis',
        `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms, maxRecordSize: 1KiB, aggregateSize: 1KiB }`,
      ],
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
`,
      args: ['--role', role],
    });
    onTestFinished(() => gateway.end());
    return gateway;
  };
  const deadLetters = (...args: string[]) =>
    sluice(['dead-letters', ...args, '-c', `${directory}/sluice.yaml`]);
  const publish = (gateway: GatewayProcess, messages: number, payload: string) =>
    runLoad({
      host: '127.0.0.1',
      port: gateway.mqttPort,
      connections: 1,
      messages,
      qos: 1,
      window: 1,
      topic: () => 'home/kitchen/telemetry',
      payload: () => Buffer.from(payload),
    });

  const all = inRole('all');
  await all.start();
  await publish(all, 30, `{"temperature":1.5,"note":"${'x'.repeat(2_000)}"}`);
  await publish(all, 10, `{"temperature":${'x'.repeat(2_000)}}`);
  await publish(all, 20, '{"temperature":2.5}');
  await all.ledgerWhen(({ written, parked }) => written === 20 && parked === 40);
  expect(await deadLetters('replay', '--all')).toMatchObject({
    code: 1,
    stdout: 'replayed 40: 30 written, 10 parked again (payload-not-json)\n',
  });
  const ledger = await all.ledger();
  expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
  expect(ledger).toMatchObject({ received: 60, written: 50, parked: 10, buffered: 0 });
  expect(ledger.parts).toMatchObject({
    ingest: { received: 60, written: 60, parked: 0 },
    consume: { received: 60, written: 50, parked: 10 },
  });
  await publish(all, 5, `{"temperature":3.5,"note":"${'x'.repeat(2_000)}"}`);
  await all.ledgerWhen(({ parked }) => parked === 15);
  expect(await all.stop()).toBe(0);

  const ingest = inRole('ingest');
  await ingest.start();
  expect(await deadLetters('replay', '--all')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no store') as string,
  });
  expect(await deadLetters('purge', '--code', 'stream-record-too-large', '--yes')).toMatchObject({
    code: 0,
    stdout: 'purged 5\n',
  });
  const half = await ingest.ledger();
  expect(isBalanced(half), JSON.stringify(half)).toBe(true);
  expect(half.reasons.parked).toEqual({ purged: 5 });
  expect(await ingest.stop()).toBe(0);

  const again = inRole('all');
  await again.start();
  const whole = await again.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(whole), JSON.stringify(whole)).toBe(true);
  expect(whole).toMatchObject({ received: 65, written: 50 });
  expect(whole.reasons.parked).toEqual({ purged: 5, 'payload-not-json': 10 });
  expect(await again.stop()).toBe(0);
});
