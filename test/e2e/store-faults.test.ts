import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { expectedOfDevice, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { influxFleet } from '../support/stored-fleet.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');
const OUTAGE_MS = process.env.SLUICE_SOAK === 'full' ? 60_000 : 8_000;

async function setUp() {
  const influxd = await startInfluxd({ databases: ['iot'] });
  onTestFinished(() => influxd.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${influxd.url}", database: iot } }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return { influxd, gateway };
}

describe.skipIf(!hasInfluxd)('with InfluxDB down under load', () => {
  it('PUBACKs go on, /readyz says why, and it catches up by itself', { timeout: 180_000 }, async () => {
    const { influxd, gateway } = await setUp();
    const baseMs = Date.now() - 3_600_000;
    const messages = 100_000;
    await influxd.kill();
    const downSince = Date.now();
    const load = await runFleet({ port: gateway.mqttPort, messages, baseMs });
    expect(load).toMatchObject({ acknowledged: messages, reconnects: 0 });
    const during = await gateway.ledger();
    expect(during).toMatchObject({ received: messages, written: 0, buffered: messages });
    expect(isBalanced(during)).toBe(true);
    let ready: Response;
    do ready = await fetch(`${gateway.httpUrl}/readyz`);
    while (ready.status === 200);
    expect(await ready.text()).toMatch(/sink/);
    expect((await fetch(`${gateway.httpUrl}/healthz`)).status).toBe(200);
    while (Date.now() - downSince < OUTAGE_MS) await new Promise((resolve) => setTimeout(resolve, 100));

    await influxd.restart();
    const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(after).toMatchObject({ received: messages, written: messages, parked: 0, lost: 0 });
    const stored = await influxFleet(influxd.url, 'iot');
    for (const of of Object.values(stored)) expect(of).toEqual(expectedOfDevice(messages));
    expect((await fetch(`${gateway.httpUrl}/readyz`)).status).toBe(200);
    expect(gateway.output).toContain('the store takes points again');
    expect(gateway.output).toContain('"next":"Start the store, or fix the connection to it;');
    // It said so once and again, not at every try.
    const warnings = gateway.output
      .split('\n')
      .filter((line) => line.includes('"level":40') || /warn/i.test(line));
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.length).toBeLessThan(20);
    expect(await gateway.stop()).toBe(0);
  });

  it('a stop does not wait for it: what is buffered is written by the next start', {
    timeout: 120_000,
  }, async () => {
    const { influxd, gateway } = await setUp();
    const messages = 20_000;
    await influxd.kill();
    await runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 3_600_000 });
    expect(await gateway.stop()).toBe(0);
    await influxd.restart();
    await gateway.start();
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ received: messages, written: messages });
    expect(await gateway.stop()).toBe(0);
  });
});

describe.skipIf(!hasInfluxd)('a batch with one impossible line', () => {
  it('loses only that line, which is in the dead letter with the field and both types', {
    timeout: 120_000,
  }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      // One batch for all: it must come together before it is written.
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
consumer: { batch: { linger: 2s } }
sink: { influx: { url: "${influxd.url}", database: iot } }
rules:
  - { name: all, topic: m/+device, measurement: m, tags: { device: topic.device }, fields: { v: payload.v } }
`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const total = 1000;
    const bad = 417;
    const load = await runLoad({
      host: '127.0.0.1',
      port: gateway.mqttPort,
      connections: 1,
      messages: total,
      qos: 1,
      window: total,
      topic: () => 'm/d1',
      payload: (_c, n) => Buffer.from(n === bad ? '{"v":"warm"}' : `{"v":${n}.5}`),
    });
    expect(load.acknowledged).toBe(total);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({
      written: total - 1,
      parked: 1,
      reasons: { parked: { 'field-type-conflict': 1 } },
    });
    expect(isBalanced(ledger)).toBe(true);
    const [parked, ...others] = await listParked(join(gateway.dataDirectory, 'dead-letter'), 9);
    expect(others).toEqual([]);
    expect(parked).toMatchObject({ topic: 'm/d1', code: 'field-type-conflict', rule: 'all' });
    expect(parked!.payload.toString()).toBe('{"v":"warm"}');
    expect(parked!.reason).toContain('the field "v" of "m" is string, the store has float');
    const answer = await fetch(
      `${influxd.url}/query?db=iot&q=${encodeURIComponent('SELECT count(v) FROM m')}`,
    );
    expect(JSON.stringify(await answer.json())).toContain(`,${total - 1}]`);
    expect(await gateway.stop()).toBe(0);
  });
});
