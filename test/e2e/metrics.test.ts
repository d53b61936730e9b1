import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

it('every metric appears after a short run, none other of ours, and the ledger is in it', {
  timeout: 120_000,
}, async () => {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}
  - { name: noise, topic: noise, where: "false", measurement: n, fields: auto }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  await runFleet({ port: gateway.mqttPort, messages: 2000, baseMs: Date.now() - 60_000 });
  await gateway.ledgerWhen(({ written }) => written === 2000);
  let text: string;
  do text = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  while (!text.includes('sluice_broker_connections_closed_total 20\n'));
  const names = new Set([...text.matchAll(/^# TYPE (sluice_\S+)/gm)].map((match) => match[1]));
  const expected = METRICS.filter(({ only }) => only === undefined).map(({ name }) => name);
  expect([...names].sort()).toEqual(expected.sort());
  expect(text).toContain('sluice_ledger_records{fate="written"} 2000');
  expect(text).toContain('sluice_broker_packets_acknowledged_total 2000');
  expect(text).toContain('sluice_sink_points_written_total 2000');
  expect(text).toContain('sluice_broker_connections_opened_total 20\n');
  expect(text).toContain('sluice_consumer_records_in_flight 0\n');
  expect(text).toContain('sluice_sink_points_in_flight 0\n');
  expect(sampleOf(text, 'sluice_consumer_busy_seconds_total')).toBeGreaterThan(0);
  // A commit has one fdatasync; a batch of points is one write.
  expect(sampleOf(text, 'sluice_log_sync_seconds_count')).toBe(sampleOf(text, 'sluice_log_commits_total'));
  expect(sampleOf(text, 'sluice_sink_write_seconds_count')).toBe(
    sampleOf(text, 'sluice_sink_requests_total'),
  );
  for (const thread of ['main', 'consumer']) {
    const busy = sampleOf(text, `sluice_thread_utilization_ratio{thread="${thread}"}`);
    expect(busy).toBeGreaterThan(0);
    expect(busy).toBeLessThanOrEqual(1);
  }
  expect(text).toContain('sluice_warnings_total{code="LOG_BLOCKED"} 0');
  for (const name of ['sluice_broker_acknowledge_seconds', 'sluice_consumer_decide_seconds']) {
    expect(text).toContain(`${name}_bucket{le="+Inf"} 2000`);
    expect(text).toContain(`${name}_count 2000`);
    expect(Number(new RegExp(`^${name}_sum (\\S+)$`, 'm').exec(text)?.[1])).toBeGreaterThan(0);
  }
  expect(text).not.toContain('dev1');
  expect(await gateway.stop()).toBe(0);
});

function sampleOf(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}
