import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { InfluxSink } from '../../src/sink/influx/influx-sink.js';
import { isUnavailable, type Sink } from '../../src/sink/sink.js';
import { type Script, startFakeStore } from '../support/fake-store.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';

const NEVER = new AbortController().signal;

/** A clock and a timer that a test moves on: `due` runs what is scheduled, as if that time had passed. */
class ProbeTime {
  nowMs = 0;
  #next: { readonly atMs: number; readonly run: () => void } | undefined;

  readonly clock = {
    monotonicMs: () => this.nowMs,
    nowNs: () => BigInt(Math.round(this.nowMs)) * 1_000_000n + 1_790_000_000_000_000_000n,
  };
  readonly schedule = (delayMs: number, run: () => void) => {
    const next = { atMs: this.nowMs + delayMs, run };
    this.#next = next;
    return () => {
      if (this.#next === next) this.#next = undefined;
    };
  };

  /** Passes time up to the next probe, and returns it. */
  async due(): Promise<number> {
    await expect.poll(() => this.#next !== undefined).toBe(true);
    const { atMs, run } = this.#next!;
    this.#next = undefined;
    this.nowMs = atMs;
    run();
    return atMs;
  }

  /** Passes time until the status is as expected, and returns how long that took. */
  async until(sink: Sink, state: string, withinMs: number): Promise<void> {
    const begunMs = this.nowMs;
    while (sink.status().state !== state) {
      const atMs = await this.due();
      expect(atMs - begunMs).toBeLessThanOrEqual(withinMs);
      // The answer of the probe comes before the next one is scheduled.
      await expect.poll(() => this.#next !== undefined).toBe(true);
    }
  }
}

async function influxSink(script: Script, version: 1 | 2 | 3 = 1) {
  const time = new ProbeTime();
  const store = await startFakeStore(script);
  const warned: string[] = [];
  const where = version === 2 ? { org: 'o', bucket: 'b', token: 't' } : { database: 'd' };
  const sink = new InfluxSink(
    { url: store.url, version, ...where },
    { clock: time.clock, warn: ({ code }) => warned.push(code), scheduleProbe: time.schedule },
  );
  await sink.open();
  onTestFinished(async () => {
    await sink.close();
    await store.stop();
  });
  return { sink, store, time, warned };
}

it.each([1, 2, 3] as const)(
  'an idle InfluxDB %i is untried, then healthy, without a single line',
  async (version) => {
    const { sink, store, time } = await influxSink(() => ({ status: version === 2 ? 400 : 204 }), version);
    expect(sink.status()).toMatchObject({ state: 'untried' });
    expect(isUnavailable(sink.status())).toBe(false);
    await time.until(sink, 'healthy', 60_000);
    expect(store.calls.map(({ path }) => path.split('?')[0])).toEqual([
      { 1: '/write', 2: '/api/v2/write', 3: '/query' }[version],
    ]);
    expect(sink.counters()).toMatchObject({ requests: 0, pointsWritten: 0, bytesSent: 0 });
  },
);

it.each([
  ['is dead', 1, 'cut', 'retrying', /does not answer/, 'STORE_UNAVAILABLE'],
  [
    'is full',
    1,
    { status: 500, body: '{"error":"no space left on device"}' },
    'retrying',
    /no space left/,
    'STORE_UNAVAILABLE',
  ],
  [
    'has lost its database',
    1,
    { status: 404, body: '{"error":"database not found"}' },
    'misconfigured',
    /does not know the database "d"/,
    'STORE_CONFIGURATION',
  ],
  [
    'has lost its bucket',
    2,
    { status: 404 },
    'misconfigured',
    /does not know the bucket "b"/,
    'STORE_CONFIGURATION',
  ],
  [
    'has revoked the token',
    2,
    { status: 401 },
    'misconfigured',
    /does not let the gateway in/,
    'STORE_CONFIGURATION',
  ],
  [
    'has revoked the token',
    3,
    { status: 403 },
    'misconfigured',
    /does not let the gateway in/,
    'STORE_CONFIGURATION',
  ],
] as const)(
  'an idle gateway notices within a minute that its store %s (InfluxDB %i), and that it is well again',
  async (_what, version, fault, state, detail, code) => {
    let isFaulty = false;
    const well = { status: version === 2 ? 400 : 204 };
    const { sink, store, time, warned } = await influxSink(
      ({ body }) => (isFaulty ? fault : body.startsWith('m') ? { status: 204 } : well),
      version,
    );
    await sink.write([pointOf(seriesOf('m'), 1n, { x: 1 })], NEVER);
    expect(sink.status().state).toBe('healthy');
    isFaulty = true;
    await time.until(sink, state, 60_000);
    expect(sink.status().detail).toMatch(detail);
    expect(warned).toContain(code);
    isFaulty = false;
    const calls = store.calls.length;
    await time.until(sink, 'healthy', 60_000);
    expect(store.calls.length).toBe(calls + 1);
  },
);

it('a missing database is seen before the first message', async () => {
  const { sink, time } = await influxSink(() => ({ status: 404, body: '{"error":"database not found"}' }));
  await time.until(sink, 'misconfigured', 5_000);
});

it('while writes flow, and half a minute after, nothing is probed', async () => {
  const { sink, store, time } = await influxSink(() => ({ status: 204 }));
  for (let i = 0; i < 20; i++) {
    await sink.write([pointOf(seriesOf('m'), BigInt(i), { x: 1 })], NEVER);
    await time.due();
  }
  expect(store.calls.length).toBe(20);
});

it('a write that succeeds ends what a probe has found', async () => {
  let isFaulty = true;
  const { sink, time } = await influxSink(() => (isFaulty ? { status: 503 } : { status: 204 }));
  await time.until(sink, 'retrying', 60_000);
  isFaulty = false;
  await sink.write([pointOf(seriesOf('m'), 1n, { x: 1 })], NEVER);
  expect(sink.status()).toEqual({ state: 'healthy', detail: '' });
});

async function duckdbSink(freeBytes: () => number = () => 1 << 30) {
  const time = new ProbeTime();
  const path = join(tempDirectory(), 'store', 'telemetry.duckdb');
  const sink = new DuckdbSink(
    { path },
    { clock: time.clock, scheduleProbe: time.schedule, freeBytes: async () => freeBytes() },
  );
  await sink.open();
  onTestFinished(() => sink.close());
  return { sink, time, path };
}

it('an idle gateway notices within a minute that the disk of DuckDB is full, and that it has room again', async () => {
  let free = 1 << 30;
  const { sink, time } = await duckdbSink(() => free);
  expect(sink.status().state).toBe('healthy');
  free = 4096;
  await time.until(sink, 'retrying', 60_000);
  expect(sink.status().detail).toMatch(/is full: 4096 bytes are free/);
  free = 1 << 30;
  await time.until(sink, 'healthy', 60_000);
});

it('an idle gateway notices within a minute that the DuckDB file was replaced', async () => {
  const { sink, time, path } = await duckdbSink();
  const folder = dirname(path);
  renameSync(folder, `${folder}-moved`);
  mkdirSync(folder);
  await time.until(sink, 'retrying', 60_000);
  expect(sink.status().detail).toMatch(/was removed or replaced/);
});
