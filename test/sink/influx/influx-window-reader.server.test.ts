import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type RunningServer,
  requireServer,
  startInfluxd,
  startVictoriaMetrics,
} from '../../../harness/servers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import type { FoldedGroup, FoldQuery } from '../../../src/sink/window-reader.js';
import { pointOf, seriesOf } from '../../support/points.js';

const DAY_NS = 86_400_000_000_000n;
const FROM_NS = 1_700_000_000_000_000_000n;
const QUERY: FoldQuery = {
  measurement: 'm',
  fromNs: FROM_NS,
  toNs: FROM_NS + 30n * DAY_NS,
  fields: [{ name: 'v', shape: false, steps: false, quantiles: false }],
  lookbackMs: 0,
};
const never = () => new AbortController().signal;

function sinkOn({ url }: RunningServer, options: Partial<InfluxSinkOptions> = {}): InfluxSink {
  const sink = new InfluxSink(
    { url, version: 1, database: 'd', ...options },
    { clock: new SystemClock(), warn: () => {} },
  );
  onTestFinished(() => sink.close());
  return sink;
}

async function foldOf(sink: InfluxSink, query = QUERY): Promise<readonly FoldedGroup[]> {
  const groups: FoldedGroup[] = [];
  for await (const part of sink.windows.fold(query, never())) groups.push(...part);
  return groups;
}

describe.skipIf(!requireServer('influxd'))('InfluxDB 1.6', () => {
  async function withLines(...lines: readonly string[]): Promise<RunningServer> {
    const server = await startInfluxd({ databases: ['d'] });
    onTestFinished(() => server.stop());
    const answer = await fetch(`${server.url}/write?db=d`, { method: 'POST', body: lines.join('\n') });
    expect(answer.status).toBe(204);
    return server;
  }

  test('of a field with several types in different shards the numbers are taken, as doubles', async () => {
    const server = await withLines(
      `m v=1i ${FROM_NS}`,
      `m v=2.5 ${FROM_NS + 8n * DAY_NS}`,
      `m v="x" ${FROM_NS + 16n * DAY_NS}`,
      `m v=true ${FROM_NS + 24n * DAY_NS}`,
    );
    const [group] = await foldOf(sinkOn(server));
    expect(group?.fields.get('v')).toMatchObject({ count: 2, numbers: { sum: 3.5, first: 1, last: 2.5 } });
  });

  test('ints beyond 2^53 are rounded to doubles', async () => {
    const server = await withLines(
      `m v=9007199254740993i ${FROM_NS}`,
      `m v=-9223372036854775808i ${FROM_NS + 1n}`,
    );
    const [group] = await foldOf(sinkOn(server));
    expect(group?.fields.get('v')?.numbers).toMatchObject({ first: 2 ** 53, last: -(2 ** 63) });
  });

  test('a tag and a field of one name are kept apart', async () => {
    const server = await withLines(`m,v=tag v=1 ${FROM_NS}`, `m,v=other v=2 ${FROM_NS}`);
    const groups = await foldOf(sinkOn(server), { ...QUERY, only: { tags: ['v'], values: [['tag']] } });
    expect(groups.map(({ tags, fields }) => [tags, fields.get('v')?.numbers?.sum])).toEqual([
      [[{ name: 'v', value: 'tag' }], 1],
    ]);
  });

  test('a series of more points than one chunk is one group', async () => {
    const server = await withLines(
      ...Array.from({ length: 4_500 }, (_, i) => `m,a=x v=${i} ${FROM_NS + BigInt(i)}`),
      ...Array.from({ length: 4_000 }, (_, i) => `m,a=y v=${i} ${FROM_NS + BigInt(i)}`),
    );
    const groups = await foldOf(sinkOn(server));
    expect(groups.map(({ fields }) => fields.get('v')?.count)).toEqual([4_500, 4_000]);
  });

  test('the longest texts of a whole window are read, also those that JSON makes longer', async () => {
    const server = await startInfluxd({ databases: ['d'] });
    onTestFinished(() => server.stop());
    const sink = sinkOn(server);
    // Written as \u003c: 100 of them are 38 MiB of an answer.
    const text = '<'.repeat(65_000);
    for (let from = 0; from < 100; from += 20) {
      const points = Array.from({ length: 20 }, (_, i) =>
        pointOf(seriesOf('m', { a: 'long' }), FROM_NS + BigInt(from + i), { text: `${text}${i}`, v: 1 }),
      );
      expect(await sink.write(points, never())).toEqual([]);
    }
    await sink.write([pointOf(seriesOf('m', { a: 'short' }), FROM_NS, { text: 'on', v: 2 })], never());
    const fields = ['text', 'v'].map((name) => ({ ...QUERY.fields[0]!, name, steps: true }));
    const groups = await foldOf(sink, { ...QUERY, fields });
    expect(groups.map((group) => [group.tags[0]?.value, group.fields.get('text')])).toMatchObject([
      ['long', { count: 100, steps: { changes: 99 } }],
      ['short', { count: 1 }],
    ]);
  });

  test('the retention policy says from when points are kept', async () => {
    const server = await withLines(`m v=1i ${FROM_NS}`);
    const query = new URLSearchParams({
      q: 'CREATE RETENTION POLICY "week" ON "d" DURATION 7d REPLICATION 1',
    });
    expect((await fetch(`${server.url}/query`, { method: 'POST', body: query })).status).toBe(200);
    const [forEver, week] = [sinkOn(server), sinkOn(server, { retentionPolicy: 'week' })];
    const ageDays = () => {
      const oldestNs = week.oldestKeptNs();
      return oldestNs === undefined
        ? undefined
        : Number(new SystemClock().nowNs() - oldestNs) / Number(DAY_NS);
    };
    expect(forEver.oldestKeptNs()).toBeUndefined();
    await expect.poll(ageDays).toBeCloseTo(7, 2);
    expect(forEver.oldestKeptNs()).toBeUndefined();
  });

  test('a long statement is understood also where requests are compressed', async () => {
    const server = await withLines(`m,a=d7 v=1 ${FROM_NS}`);
    const sink = sinkOn(server, { gzip: true });
    const values = Array.from({ length: 100 }, (_, i) => [`d${i}`]);
    expect(await foldOf(sink, { ...QUERY, only: { tags: ['a'], values } })).toHaveLength(1);
  });

  test('a database that is not there is an error, because its points are not known', async () => {
    const server = await startInfluxd();
    onTestFinished(() => server.stop());
    await expect(foldOf(sinkOn(server))).rejects.toMatchObject({
      code: 'SINK_QUERY_FAILED',
      message: expect.stringContaining('database not found: d'),
    });
  });
});

test.skipIf(!requireServer('victoria-metrics'))(
  'VictoriaMetrics has no InfluxQL, and the error says so',
  async () => {
    const server = await startVictoriaMetrics();
    onTestFinished(() => server.stop());
    const sink = sinkOn(server);
    await expect(foldOf(sink)).rejects.toMatchObject({ code: 'SINK_QUERY_UNSUPPORTED' });
    await expect(foldOf(sink, { ...QUERY, by: ['a'] })).rejects.toMatchObject({
      code: 'SINK_QUERY_UNSUPPORTED',
    });
  },
);
