import { expect, test } from 'vitest';
import type { StatisticsQuery } from '../../../src/sink/statistics.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { readChart } from '../../support/read-chart.js';
import { never, openedSink } from './opened-sink.js';

const NOW_MS = 1_795_000_020_000;
const atMs = (ms: number) => BigInt(NOW_MS + ms) * 1_000_000n;
const query = {
  measurement: 'm',
  field: 'v',
  fromMs: NOW_MS,
  toMs: NOW_MS + 60_000,
  bucketMs: 10_000,
  maxGroups: 9,
};

test('buckets start at multiples of their width, also when the query does not, and before 1970', async () => {
  const { sink } = await openedSink();
  const times = [-25_000, -15_000, -5_000, 5_000];
  await sink.write(
    times.map((ms, i) => pointOf(seriesOf('m'), BigInt(ms) * 1_000_000n, { v: i })),
    never(),
  );
  const answer = await readChart(sink.reader, { ...query, fromMs: -25_000, toMs: 5_000 });
  expect(answer).toEqual({ timesMs: [-30_000, -20_000, -10_000], groups: [{ name: '', values: [0, 1, 2] }] });
});

test('integers beyond 2^53 have a mean', async () => {
  const { sink } = await openedSink();
  const max = 2n ** 63n - 1n;
  await sink.write(
    [pointOf(seriesOf('m'), atMs(0), { v: max }), pointOf(seriesOf('m'), atMs(1), { v: max })],
    never(),
  );
  expect((await readChart(sink.reader, query)).groups[0]?.values).toEqual([Number(max)]);
});

test.each([
  ['a string field', { values: { kind: 'points', field: 'text' } as const }, 'SINK_QUERY_UNSUPPORTED'],
  ['too many cells', { cellMs: 1, toMs: NOW_MS + 10_000_000 }, 'SINK_QUERY_FAILED'],
  ['a cell of width 0', { cellMs: 0 }, 'SINK_QUERY_FAILED'],
  ['a time that is not a number', { fromMs: Number.NaN }, 'SINK_QUERY_FAILED'],
])('%s is answered with a code', async (_name, change, code) => {
  const { sink } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), atMs(0), { v: 1, text: 'x' })], never());
  const asked: StatisticsQuery = {
    measurement: 'm',
    values: { kind: 'points', field: 'v' },
    fromMs: NOW_MS,
    toMs: NOW_MS + 60_000,
    cellMs: 10_000,
    parts: new Set(['sum']),
  };
  await expect(sink.reader.statistics({ ...asked, ...change })).rejects.toMatchObject({ code });
});

test('reading and writing at the same time do not affect one another', async () => {
  const { sink } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), atMs(0), { v: 1 })], never());
  const reading = Array.from({ length: 20 }, () => readChart(sink.reader, query));
  for (let i = 1; i <= 20; i++) {
    await sink.write([pointOf(seriesOf('m'), atMs(i), { v: 1, [`f${i}`]: i })], never());
  }
  for (const answer of await Promise.all(reading)) expect(answer.groups[0]?.values[0]).toBe(1);
});

test('after close the reader reports that the file is not open; earlier queries are answered or rejected', async () => {
  const { sink } = await openedSink();
  await sink.write([pointOf(seriesOf('m'), atMs(0), { v: 1 })], never());
  const results = Promise.allSettled([readChart(sink.reader, query), sink.reader.measurements()]);
  await sink.close();
  expect(await results).toHaveLength(2);
  await expect(sink.reader.measurements()).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
});
