import { describe, expect, onTestFinished, test } from 'vitest';
import { TraceExport } from '../../../src/metrics/otlp/trace-export.js';
import { type Script, startFakeStore } from '../../support/fake-store.js';
import { readOtlpSpans } from '../../support/otlp-schema.js';

const OK = { status: 200, body: '{}' };
const START_NS = 1_700_000_000_000_000_000n;

async function setUp(script: Script, oneIn = 1) {
  const collector = await startFakeStore(script);
  onTestFinished(() => collector.stop());
  const warnings: Record<string, unknown>[] = [];
  const trace = new TraceExport(
    {
      url: `${collector.url}/v1/traces`,
      oneIn,
      timeoutMs: 5_000,
      headers: { 'x-key': 'hunter2' },
      version: '1',
      instance: 'i',
    },
    (fields) => warnings.push(fields),
  );
  onTestFinished(() => trace.stop(0));
  return { collector, trace, warnings };
}

describe('tracing records', () => {
  test.each([
    ['ns', 1n],
    ['µs', 1_000n],
    ['ms', 1_000_000n],
  ])('takes one in so many, also with a clock of %s, and always the same ones', async (_unit, stepNs) => {
    const { trace } = await setUp(() => OK, 100);
    const { trace: other } = await setUp(() => OK, 100);
    let followed = 0;
    for (let i = 0n; i < 20_000n; i += 1n) {
      const receivedAtNs = START_NS + i * stepNs;
      if (trace.isFollowed(receivedAtNs)) followed += 1;
      expect(other.isFollowed(receivedAtNs)).toBe(trace.isFollowed(receivedAtNs));
    }
    expect(followed).toBeGreaterThan(140);
    expect(followed).toBeLessThan(260);
  });

  test('the spans of a record fit together without communication: receive is the parent', async () => {
    const [ingest, consume] = [await setUp(() => OK), await setUp(() => OK)];
    const receivedAtNs = START_NS;
    ingest.trace.add({ name: 'receive', receivedAtNs, startNs: START_NS, endNs: START_NS + 5n });
    consume.trace.add({ name: 'decide', receivedAtNs, startNs: START_NS + 6n, endNs: START_NS + 7n });
    consume.trace.add({
      name: 'decide',
      receivedAtNs: START_NS + 1n,
      startNs: START_NS + 6n,
      endNs: START_NS,
    });
    await ingest.trace.stop(5_000);
    await consume.trace.stop(5_000);
    const [receive] = readOtlpSpans(ingest.collector.calls[0]!.body);
    const [decide, later] = readOtlpSpans(consume.collector.calls[0]!.body);
    expect(receive).toMatchObject({ name: 'receive', startTimeUnixNano: String(START_NS) });
    expect(receive!.parentSpanId).toBeUndefined();
    expect(decide).toMatchObject({ traceId: receive!.traceId, parentSpanId: receive!.spanId });
    expect(new Set([receive, decide, later].map((span) => span!.spanId)).size).toBe(3);
    expect(later!.traceId).not.toBe(receive!.traceId);
    // The clock was set back in between.
    expect(later!.endTimeUnixNano).toBe(later!.startTimeUnixNano);
    expect(ingest.collector.calls[0]!.headers['x-key']).toBe('hunter2');
  });

  test('a span has rule and outcome, and a parked record the status of an error', async () => {
    const { collector, trace } = await setUp(() => OK);
    const at = { receivedAtNs: START_NS, startNs: START_NS, endNs: START_NS };
    trace.add({ name: 'receive', ...at });
    trace.add({ name: 'write', ...at, rule: 'climate', outcome: 'written' });
    trace.add({ name: 'write', ...at, rule: 'climate', outcome: 'parked', reason: 'store-refused' });
    await trace.stop(5_000);
    const spans = readOtlpSpans(collector.calls[0]!.body).map(({ attributes = [], status }) => ({
      status,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue])),
    }));
    expect(spans).toEqual([
      { attributes: {}, status: undefined },
      { attributes: { 'sluice.rule': 'climate', 'sluice.outcome': 'written' }, status: undefined },
      {
        attributes: {
          'sluice.rule': 'climate',
          'sluice.outcome': 'parked',
          'sluice.reason': 'store-refused',
        },
        status: { code: 2, message: 'store-refused' },
      },
    ]);
  });

  test('the number of waiting spans is limited', async () => {
    const { collector, trace } = await setUp(() => OK);
    for (let i = 0n; i < 5_000n; i += 1n) {
      trace.add({ name: 'write', receivedAtNs: START_NS + i, startNs: START_NS, endNs: START_NS });
    }
    await trace.stop(5_000);
    expect(collector.calls.map(({ body }) => readOtlpSpans(body).length)).toEqual([2_000]);
  });

  test('a rejected request causes a warning, and nothing is sent without spans', async () => {
    const { collector, trace, warnings } = await setUp(() => ({ status: 401, body: 'no' }));
    await trace.stop(5_000);
    expect(collector.calls).toEqual([]);
    trace.add({ name: 'write', receivedAtNs: START_NS, startNs: START_NS, endNs: START_NS });
    await trace.stop(5_000);
    expect(warnings).toEqual([
      { code: 'OTLP_TRACES_FAILED', url: `${collector.url}/v1/traces`, reason: '401 no', spans: 1 },
    ]);
  });
});
