import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { startFakeStore } from '../support/fake-store.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { type OtlpSpan, readOtlp, readOtlpSpans } from '../support/otlp-schema.js';
import { tempDirectory } from '../support/temp-directory.js';

it('a collector gets every metric as OTLP has it, also after it was away', { timeout: 120_000 }, async () => {
  const collector = await startFakeStore((_call, index) => ({ status: index === 0 ? 503 : 200, body: '{}' }));
  onTestFinished(() => collector.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
metrics:
  instance: gw-1
  otlp: { url: "${collector.url}/v1/metrics", interval: 1s, headers: { authorization: "\${OTLP_TOKEN}" } }
${FLEET_RULE}`,
    env: { OTLP_TOKEN: 'Bearer hunter2' },
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  await runFleet({ port: gateway.mqttPort, messages: 2000, baseMs: Date.now() - 60_000 });
  await gateway.ledgerWhen(({ written }) => written === 2000);
  expect(await gateway.stop()).toBe(0);

  expect(collector.calls.length).toBeGreaterThan(1);
  const last = collector.calls.at(-1)!;
  expect(last.headers.authorization).toBe('Bearer hunter2');
  const { values, metrics, resource } = readOtlp(last.body);
  expect(resource).toMatchObject({ 'service.name': 'sluice', 'service.instance.id': 'gw-1' });
  const names = METRICS.filter(({ only, label }) => only === undefined && label === undefined);
  for (const { name, kind } of names) {
    const shape = { counter: 'sum', gauge: 'gauge', histogram: 'histogram' }[kind];
    expect(Object.keys(metrics.get(name) ?? {}), name).toContain(shape);
  }
  expect(values.get('sluice_broker_packets_acknowledged_total')).toBe(2000);
  expect(values.get('sluice_consumer_decide_seconds')).toBe(2000);
  expect(values.get('sluice_ledger_records{fate=written}')).toBe(2000);
  expect(gateway.output).toContain('"code":"OTLP_FAILED"');
  expect(gateway.output).not.toContain('hunter2');
});

it('a followed record has a span for receiving, deciding and writing, in this order and in one trace', {
  timeout: 120_000,
}, async () => {
  const collector = await startFakeStore(() => ({ status: 200, body: '{}' }));
  onTestFinished(() => collector.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
metrics:
  otlp: { url: "${collector.url}/v1/metrics", traces: { url: "${collector.url}/v1/traces", oneIn: 10 } }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  await runFleet({ port: gateway.mqttPort, messages: 1000, baseMs: Date.now() - 60_000 });
  await gateway.ledgerWhen(({ written }) => written === 1000);
  expect(await gateway.stop()).toBe(0);

  const spans = collector.calls
    .filter(({ path }) => path === '/v1/traces')
    .flatMap(({ body }) => readOtlpSpans(body));
  const traces = new Map(spans.map(({ traceId }) => [traceId, spans.filter((s) => s.traceId === traceId)]));
  expect(traces.size).toBeGreaterThan(50);
  expect(traces.size).toBeLessThan(200);
  for (const of of traces.values()) {
    const [decide, receive, write] = [...of].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(of.map(({ name }) => name).sort()).toEqual(['decide', 'receive', 'write']);
    expect(start(receive!)).toBeLessThanOrEqual(start(decide!));
    expect(start(decide!)).toBeLessThanOrEqual(start(write!));
    expect(new Set([decide!.parentSpanId, write!.parentSpanId])).toEqual(new Set([receive!.spanId]));
    expect(write!.attributes).toContainEqual({ key: 'sluice.outcome', value: { stringValue: 'written' } });
    expect(write!.status).toBeUndefined();
  }
});

function start({ startTimeUnixNano }: OtlpSpan): bigint {
  return BigInt(startTimeUnixNano);
}
