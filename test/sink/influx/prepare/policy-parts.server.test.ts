import { describe, expect, onTestFinished, test } from 'vitest';
import { requireServer, startInfluxd } from '../../../../harness/servers.js';
import { SystemClock } from '../../../../src/lib/clock.js';
import { createSink, createTargetSink, type SinkOptions } from '../../../../src/sink/create-sink.js';
import type { InfluxSinkOptions } from '../../../../src/sink/influx/influx-options.js';
import { prepareInfluxStore } from '../../../../src/sink/influx/prepare/prepare-influx-store.js';
import { pointOf, seriesOf } from '../../../support/points.js';

const DAY_MS = 86_400_000;
const PLACES = [
  { to: 'one year', retentionMs: 365 * DAY_MS },
  { to: 'ever', retentionMs: 0 },
];
const never = () => new AbortController().signal;

async function admin(url: string, statement: string, authorization?: string): Promise<string> {
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    ...(authorization !== undefined && { headers: { authorization } }),
    body: new URLSearchParams({ q: statement }),
  });
  return answer.text();
}

async function started(options: Partial<InfluxSinkOptions> = {}): Promise<InfluxSinkOptions> {
  const server = await startInfluxd();
  onTestFinished(() => server.stop());
  return { url: server.url, version: 1, database: 'd', ...options };
}

describe.skipIf(!requireServer('influxd'))('InfluxDB 1.6 is prepared', () => {
  test('everything is made once, and found the next time', async () => {
    const options = await started({ retentionPolicy: 'raw' });
    const names = [
      'database "d"',
      'retention policy "raw" of database "d"',
      'retention policy "one year" of database "d"',
      'retention policy "ever" of database "d"',
    ];
    const allAre = (state: string) => names.map((name) => expect.objectContaining({ name, state }));
    expect(await prepareInfluxStore(options, PLACES, 'look')).toEqual(allAre('missing'));
    expect(await prepareInfluxStore(options, PLACES, 'look')).toEqual(allAre('missing'));
    expect(await prepareInfluxStore(options, PLACES, 'make')).toEqual(allAre('made'));
    expect(await prepareInfluxStore(options, PLACES, 'make')).toEqual(allAre('there'));
    const listed = await admin(options.url, 'SHOW RETENTION POLICIES ON "d"');
    expect(JSON.parse(listed).results[0].series[0].values).toEqual([
      ['autogen', '0s', '168h0m0s', 1, true],
      ['raw', '0s', '168h0m0s', 1, false],
      ['one year', '8760h0m0s', '168h0m0s', 1, false],
      ['ever', '0s', '168h0m0s', 1, false],
    ]);
  });

  test('a policy with another duration is changed only when that is asked for', async () => {
    const options = await started();
    await prepareInfluxStore(options, [{ to: 'rows', retentionMs: 7 * DAY_MS }], 'make');
    const asked = [{ to: 'rows', retentionMs: 30 * DAY_MS }];
    for (const mode of ['look', 'make'] as const) {
      expect((await prepareInfluxStore(options, asked, mode))[1]).toEqual({
        name: 'retention policy "rows" of database "d"',
        state: 'differs',
        detail: 'it keeps points for 7d, and should keep them for 30d',
        statement: 'ALTER RETENTION POLICY "rows" ON "d" DURATION 30d',
        isChangeable: true,
      });
    }
    expect((await prepareInfluxStore(options, asked, 'change'))[1]?.state).toBe('changed');
    expect((await prepareInfluxStore(options, asked, 'look'))[1]?.state).toBe('there');
    const forEver = [{ to: 'rows', retentionMs: 0 }];
    expect((await prepareInfluxStore(options, forEver, 'change'))[1]?.detail).toContain('keep them for ever');
    expect((await prepareInfluxStore(options, forEver, 'look'))[1]?.state).toBe('there');
  });

  test('a retention that InfluxDB does not take is reported with its own words', async () => {
    const options = await started();
    const results = await prepareInfluxStore(options, [{ to: 'short', retentionMs: 60_000 }], 'make');
    expect(results[1]).toMatchObject({ state: 'failed', detail: expect.stringContaining('at least 1h0m0s') });
  });

  test('without the rights of an administrator it says what is not permitted, and how to do it', async () => {
    const server = await startInfluxd({ authEnabled: true });
    onTestFinished(() => server.stop());
    const root = `Basic ${Buffer.from('root:p').toString('base64')}`;
    await admin(server.url, `CREATE USER root WITH PASSWORD 'p' WITH ALL PRIVILEGES`);
    await admin(server.url, `CREATE DATABASE d; CREATE USER w WITH PASSWORD 'p'; GRANT ALL ON d TO w`, root);
    const options = { url: server.url, version: 1, database: 'd', username: 'w', password: 'p' } as const;
    const results = await prepareInfluxStore(options, PLACES, 'make');
    expect(results).toMatchObject([
      { state: 'there' },
      {
        state: 'failed',
        detail: expect.stringMatching(/403: .*not authorized to execute statement 'CREATE RETENTION POLICY/),
        statement: 'CREATE RETENTION POLICY "one year" ON "d" DURATION 365d REPLICATION 1',
      },
    ]);
  });

  test('rows for a policy that is missing wait, and are written once it is made', async () => {
    const influx = await started();
    await prepareInfluxStore(influx, [], 'make');
    const warnings: (string | undefined)[] = [];
    const clock = new SystemClock();
    const rows = createTargetSink({ kind: 'influx', influx }, 'ever', clock, ({ code }) =>
      warnings.push(code),
    );
    onTestFinished(() => rows.close());
    const writing = rows.write([pointOf(seriesOf('r'), clock.nowNs(), { v: 1 })], never());
    await expect
      .poll(() => rows.status())
      .toMatchObject({
        state: 'misconfigured',
        detail: expect.stringMatching(
          /has no retention policy "ever" in the database "d" .*sluice store prepare/,
        ),
      });
    expect(warnings).toEqual(['STORE_CONFIGURATION']);
    await prepareInfluxStore(influx, PLACES, 'make');
    expect(await writing).toEqual([]);
    expect(rows.status().state).toBe('healthy');
  });

  test('rows of a target are written to its policy and read from it, and the points stay where they are', async () => {
    const influx = await started();
    await prepareInfluxStore(influx, PLACES, 'make');
    const options: SinkOptions = { kind: 'influx', influx };
    const clock = new SystemClock();
    const points = createSink(options, clock, () => {});
    const rows = createTargetSink(options, 'one year', clock, () => {});
    onTestFinished(async () => {
      await points.close();
      await rows.close();
    });
    const fromNs = (clock.nowNs() / 60_000_000_000n) * 60_000_000_000n;
    const series = seriesOf('climate_5min', { device: 'a' });
    const hidden = { temperature_mean: 20.5, temperature__count: 4n, open: false };
    expect(await rows.write([pointOf(series, fromNs, hidden)], never())).toEqual([]);
    const query = {
      measurement: 'climate_5min',
      fromNs,
      toNs: fromNs + 1n,
      fields: ['temperature_mean', 'temperature__count', 'open'],
    };
    const found = [];
    for await (const part of rows.windows!.rows(query, never())) found.push(...part);
    expect(found).toEqual([
      {
        tags: [{ name: 'device', value: 'a' }],
        timestampNs: fromNs,
        fields: [
          { name: 'temperature_mean', type: 'float', value: 20.5 },
          { name: 'temperature__count', type: 'int', value: 4n },
          { name: 'open', type: 'boolean', value: false },
        ],
      },
    ]);
    for await (const part of points.windows!.rows(query, never())) expect(part).toEqual([]);
  });
});
