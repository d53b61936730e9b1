import { afterEach, describe, expect, test } from 'vitest';
import {
  createDatabase,
  type InfluxdOptions,
  type RunningServer,
  requireServer,
  startInfluxd,
} from '../../../harness/servers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { influxCount, influxReadBack } from '../../support/influx-read-back.js';
import { pointOf, seriesOf } from '../../support/points.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
async function influxd(options: InfluxdOptions): Promise<RunningServer> {
  const server = await startInfluxd(options);
  closers.push(() => server.stop());
  return server;
}
function sinkOn(server: RunningServer, options: Partial<InfluxSinkOptions> = {}): InfluxSink {
  const sink = new InfluxSink(
    { url: server.url, version: 1, database: 'iot', ...options },
    // Without jitter the back-off is short, which keeps the test fast.
    { clock: new SystemClock(), warn: () => {}, random: () => 0.05 },
  );
  closers.push(() => sink.close());
  return sink;
}
const never = () => new AbortController().signal;
const baseNs = BigInt(Date.now()) * 1_000_000n;
const pointsOf = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    pointOf(seriesOf('m', { device: `d${i % 7}` }), baseNs + BigInt(i), { v: i }),
  );

describe.skipIf(!requireServer('influxd'))('InfluxSink on InfluxDB 1.6', { timeout: 60_000 }, () => {
  test('waits for a missing database and writes all points once it is created', async () => {
    const server = await influxd({});
    const sink = sinkOn(server);
    const writing = sink.write(pointsOf(100), never());
    await expect.poll(() => sink.status().state, { timeout: 10_000 }).toBe('misconfigured');
    expect(sink.status().detail).toContain(
      'does not know the database "iot" (404: database not found: "iot")',
    );
    await createDatabase(server.url, 'iot');
    expect(await writing).toEqual([]);
    expect(await influxCount(server.url, 'iot', 'm', 'v')).toBe(100);
  });

  test('an idle sink notices a missing database, and that it was created, without storing anything', async () => {
    const server = await influxd({});
    let probe = () => {};
    const sink = new InfluxSink(
      { url: server.url, version: 1, database: 'iot' },
      {
        clock: new SystemClock(),
        warn: () => {},
        scheduleProbe: (_delayMs, run) => {
          probe = run;
          return () => undefined;
        },
      },
    );
    closers.push(() => sink.close());
    await sink.open();
    probe();
    await expect.poll(() => sink.status().state, { timeout: 10_000 }).toBe('misconfigured');
    expect(sink.status().detail).toContain('does not know the database "iot"');
    await createDatabase(server.url, 'iot');
    probe();
    await expect.poll(() => sink.status().state, { timeout: 10_000 }).toBe('healthy');
    expect(await influxCount(server.url, 'iot', 'sluice_health', 'value')).toBe(0);
  });

  test('splits a request that is too large for the server until it fits', async () => {
    const server = await influxd({ databases: ['iot'], maxBodySizeBytes: 4_000 });
    const sink = sinkOn(server);
    expect(await sink.write(pointsOf(1_000), never())).toEqual([]);
    expect(await influxCount(server.url, 'iot', 'm', 'v')).toBe(1_000);
  });

  test('rejects a single line that is too large for the server', async () => {
    const server = await influxd({ databases: ['iot'], maxBodySizeBytes: 1_000 });
    const sink = sinkOn(server);
    const points = [...pointsOf(3), pointOf(seriesOf('m'), baseNs + 9n, { v: 1, text: 'x'.repeat(2_000) })];
    expect(await sink.write(points, never())).toEqual([
      { index: 3, code: 'store-too-large', reason: 'Request Entity Too Large' },
    ]);
    expect(await influxCount(server.url, 'iot', 'm', 'v')).toBe(3);
  });

  test('authenticates with user and password, and keeps the points while they are wrong', async () => {
    const server = await influxd({ authEnabled: true });
    const ask = async (q: string) => {
      const answer = await fetch(`${server.url}/query`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from('admin:right').toString('base64')}` },
        body: new URLSearchParams({ db: 'iot', q }),
      });
      return answer.text();
    };
    await ask(`CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES`);
    await ask('CREATE DATABASE iot');
    const locked = sinkOn(server, { username: 'admin', password: 'wrong' });
    const stop = new AbortController();
    const writing = locked.write(pointsOf(5), stop.signal).catch((thrown: unknown) => thrown);
    await expect.poll(() => locked.status().state, { timeout: 10_000 }).toBe('misconfigured');
    expect(locked.status().detail).toContain('sink.influx.username and password');
    expect(locked.status().detail).not.toContain('wrong');
    stop.abort();
    expect(await writing).toMatchObject({ code: 'SINK_ABORTED' });
    const sink = sinkOn(server, { username: 'admin', password: 'right' });
    expect(await sink.write(pointsOf(5), never())).toEqual([]);
    expect(await ask('SELECT count(v) FROM m')).toContain(',5]');
    expect((await sink.reader.measurements()).map((m) => m.name)).toEqual(['m']);
  });

  test('rejects the points beyond a limit of the store with its message, and writes the others', async () => {
    const server = await influxd({ databases: ['iot'] });
    await fetch(`${server.url}/query`, {
      method: 'POST',
      body: new URLSearchParams({ q: 'CREATE RETENTION POLICY short ON iot DURATION 1h REPLICATION 1' }),
    });
    const sink = sinkOn(server, { retentionPolicy: 'short' });
    const old = pointOf(seriesOf('m'), baseNs - 86_400_000_000_000n, { v: 1 });
    const rejections = await sink.write([...pointsOf(10), old, ...pointsOf(3)], never());
    expect(rejections).toHaveLength(1);
    expect(rejections[0]).toMatchObject({ index: 10, code: 'store-refused' });
    expect(rejections[0]?.reason).toContain('beyond retention policy');
  });

  test('a fleet whose firmware changed a type does not affect other devices', async () => {
    const server = await influxd({ databases: ['iot'] });
    const sink = sinkOn(server, { maxBatchLines: 1_000 });
    await sink.write(pointsOf(1), never());
    const points = pointsOf(1_000).map((point, i) =>
      i % 3 === 0 ? pointOf(point.series, point.timestampNs + 5_000n, { v: `${i} C` }) : point,
    );
    const rejections = await sink.write(points, never());
    expect(rejections).toHaveLength(334);
    expect(new Set(rejections.map(({ index }) => index % 3))).toEqual(new Set([0]));
    expect(sink.status().state).toBe('healthy');
    // 666 of this write and the one before it.
    expect(await influxCount(server.url, 'iot', 'm', 'v')).toBe(667);
    // The first write, all lines, those of another type, the others.
    expect(sink.counters().requests).toBe(4);
  });

  test('where shards have different types, only the lines of the wrong one are rejected, and a later line still wins', async () => {
    const server = await influxd({ databases: ['iot'] });
    const sink = sinkOn(server);
    const oldNs = baseNs - 14n * 86_400_000_000_000n;
    const series = seriesOf('m', { device: 'a' });
    await sink.write([pointOf(series, oldNs, { v: 1n, n: 0 }), pointOf(series, baseNs, { v: 1 })], never());
    const points = [
      pointOf(series, baseNs, { v: 2n }),
      pointOf(series, oldNs, { v: 2n, n: 1 }),
      pointOf(series, oldNs, { n: 2 }),
      pointOf(series, oldNs + 1n, { v: 2.5 }),
    ];
    const rejections = await sink.write(points, never());
    expect(rejections.map(({ index, conflict }) => [index, conflict?.storedType])).toEqual([
      [0, 'float'],
      [3, 'int'],
    ]);
    const inside = (index: number, ns: bigint) => {
      const { fromNs = 0n, toNs = 0n } = rejections[index]?.conflict?.span ?? {};
      return fromNs <= ns && ns < toNs;
    };
    expect([inside(0, baseNs), inside(0, oldNs), inside(1, oldNs), inside(1, baseNs)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    const rows = await influxReadBack(server.url, 'iot', 'm');
    expect(rows.find(({ timestampNs }) => timestampNs === oldNs)?.fields).toMatchObject({ v: 2n, n: 2 });
  });
});
