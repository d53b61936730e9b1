import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import {
  createTestStream,
  deleteTestStream,
  startDynalite,
  startKinesalite,
} from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const EACH = 200;
const POLL = { timeout: 20_000, interval: 50 };

it.each(['file', 'dynamodb'])(
  'a stream that was deleted and made again while the consumer was stopped is read from its beginning (checkpoints: %s)',
  { timeout: 120_000 },
  async (checkpoints) => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    const dynamo = await startDynalite();
    onTestFinished(() => dynamo.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', 2);
    const leases =
      checkpoints === 'file' ? '' : `, leases: { endpoint: "${dynamo.endpoint}", failover: 2000ms }`;
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      stream: [
        'mode: kinesis',
        `kinesis: { endpoint: "${kinesis.endpoint}", linger: 50ms, checkpoints: ${checkpoints}${leases} }`,
      ],
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
    });
    onTestFinished(() => gateway.end());
    const baseMs = Date.now() - 3_600_000;
    const publish = (round: number) =>
      runFleet({ port: gateway.mqttPort, messages: EACH, firstSeq: round * (EACH / 20), baseMs });
    await gateway.start();
    expect(gateway.output).not.toContain('STREAM_MADE_AGAIN');
    await publish(0);
    await gateway.ledgerWhen(({ written }) => written === EACH);
    expect(await gateway.stop()).toBe(0);

    await deleteTestStream(kinesis.endpoint, 'telemetry');
    await expect
      .poll(() => createTestStream(kinesis.endpoint, 'telemetry', 2).then(() => 'made', String), POLL)
      .toBe('made');

    await gateway.start();
    await publish(1);
    const ledger = await gateway.ledgerWhen(({ written }) => written === 2 * EACH);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    await expect.poll(() => gateway.output, POLL).toContain('STREAM_MADE_AGAIN');
    expect(gateway.output).toContain('deleted and made again');
    expect(gateway.output).not.toMatch(
      /POSITION_LEFT_STREAM|KINESIS_REQUEST_REFUSED|stream-refused|retention/,
    );
    const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/^sluice_kinesis_reader_gaps_total(\{[^}]*\})? 1$/m);
    expect(await gateway.stop()).toBe(0);

    // The next start knows the new stream.
    await gateway.start();
    // The broker listens before the lease table has been read, and the outcomes are in the table.
    const known = await gateway.ledgerWhen(({ written }) => written > 0);
    expect(known).toMatchObject({ received: 2 * EACH, written: 2 * EACH });
    expect(await gateway.stop()).toBe(0);
    expect(gateway.output).not.toContain('STREAM_MADE_AGAIN');
  },
);
