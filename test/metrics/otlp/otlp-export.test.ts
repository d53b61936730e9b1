import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SystemClock } from '../../../src/lib/clock.js';
import { OtlpExport } from '../../../src/metrics/otlp/otlp-export.js';
import { postOtlp } from '../../../src/metrics/otlp/otlp-post.js';
import { type Script, startFakeStore } from '../../support/fake-store.js';
import { endlessBody, gzipBomb, hostilePeer } from '../../support/hostile-peer.js';
import { readOtlp } from '../../support/otlp-schema.js';

const OK = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };

async function setUp(script: Script, timeoutMs = 10_000) {
  const collector = await startFakeStore(script);
  onTestFinished(() => collector.stop());
  const warnings: Record<string, unknown>[] = [];
  let total = 0;
  const otlp = new OtlpExport(
    {
      url: `${collector.url}/v1/metrics`,
      intervalMs: 1_000,
      timeoutMs,
      headers: { authorization: 'Bearer hunter2' },
    },
    {
      source: { version: '1', instance: 'i', startNs: 1n },
      read: async () => {
        total += 1;
        return [
          { name: 'sluice_n_total', help: 'N', kind: 'counter', values: [{ labels: {}, value: total }] },
        ];
      },
      clock: new SystemClock(),
      warn: (fields) => warnings.push(fields),
    },
  );
  onTestFinished(() => otlp.stop(0));
  return { collector, otlp, warnings };
}

describe('sending to a collector', () => {
  test('posts JSON with the configured headers, at start and at stop', async () => {
    const { collector, otlp, warnings } = await setUp(() => OK);
    otlp.start();
    await otlp.stop(5_000);
    expect(collector.calls.map(({ path }) => path)).toEqual(['/v1/metrics', '/v1/metrics']);
    expect(collector.calls[0]!.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer hunter2',
    });
    expect(collector.calls.map(({ body }) => readOtlp(body).values.get('sluice_n_total'))).toEqual([1, 2]);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['an error status', { status: 503, body: 'busy' }, '503 busy'],
    ['a broken connection', 'cut', 'the connection broke'],
    [
      'a partial success',
      { status: 200, body: '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}' },
      'too old',
    ],
    ['an answer without end', { status: 400, body: 'x'.repeat(1_000_000) }, '400 xxx'],
  ] as const)('%s is a warning, and the next request has everything', async (_what, answer, reason) => {
    const { collector, otlp, warnings } = await setUp((_call, index) => (index === 0 ? answer : OK));
    otlp.start();
    await vi.waitUntil(() => warnings.length > 0);
    expect(warnings[0]).toMatchObject({ code: 'OTLP_FAILED', reason: expect.stringContaining(reason) });
    expect(String(warnings[0]!.reason).length).toBeLessThanOrEqual(200);
    await otlp.stop(5_000);
    expect(readOtlp(collector.calls.at(-1)!.body).values.get('sluice_n_total')).toBe(collector.calls.length);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });

  test.each([
    ['an endless answer', endlessBody(200), undefined],
    ['an endless error', endlessBody(400), '400 xxx'],
    ['an encoded answer', gzipBomb(400), '400 its text is encoded (gzip)'],
  ])('%s is read within a bound', async (_what, hostility, reason) => {
    const peer = await hostilePeer(hostility);
    const target = { url: peer.url, timeoutMs: 10_000, headers: {} };
    const failure = await postOtlp(target, {});
    if (reason === undefined) expect(failure).toBeUndefined();
    else expect(failure).toContain(reason);
    await expect.poll(() => peer.openConnections()).toBe(0);
    expect(peer.bytesSent()).toBeLessThan(20 * 1024 * 1024);
  });

  test('a redirect is not followed: its target would get the headers', async () => {
    const { collector, otlp, warnings } = await setUp(() => ({
      status: 307,
      headers: { location: '/elsewhere' },
    }));
    otlp.start();
    await otlp.stop(5_000);
    expect(new Set(collector.calls.map(({ path }) => path))).toEqual(new Set(['/v1/metrics']));
    expect(warnings[0]).toMatchObject({ reason: `307 to ${collector.url}/elsewhere: set the url to it` });
  });

  test('a request without an answer ends by its time-out, and only one request is in flight', async () => {
    const { collector, otlp, warnings } = await setUp(() => 'hang', 300);
    otlp.start();
    await vi.waitUntil(() => warnings.length > 0);
    expect(warnings[0]).toMatchObject({ reason: 'no answer within 0.3 s' });
    expect(collector.calls).toHaveLength(1);
  });

  test('stop does not wait beyond its deadline', async () => {
    const { otlp } = await setUp(() => 'hang');
    otlp.start();
    await otlp.stop(50);
  });
});
