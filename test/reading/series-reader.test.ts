import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SerialQueue } from '../../src/lib/serial-queue.js';
import type { SeriesAnswer, SeriesQuery } from '../../src/reading/series-query.js';
import { MAX_PERCENTILES } from '../../src/reading/series-reader.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { duckdbPath } from '../sink/duckdb/opened-sink.js';
import { type Expected, expectedSeries } from './expected-series.js';
import { CLIMATE, SITES, StoredClimate, type StoredSink, type Value } from './stored-climate.js';

const START_MS = Date.parse('2026-03-28T22:00:00Z');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const minutes = (count: number) => count * 60_000;

/** Of the property. The first one is always the same. */
const RUNS = Number(process.env.READING_RUNS ?? 5);

const QUERY: Omit<SeriesQuery, 'fromMs' | 'toMs'> = {
  measurement: 'climate',
  field: 'v',
  fn: 'mean',
  resolution: 'auto',
  order: 'count',
  maxBuckets: 2_000,
  offset: 0,
  limit: 50,
};

async function openClimate(aggregates = [CLIMATE, SITES]): Promise<StoredClimate> {
  const { path, remove } = duckdbPath();
  const sink = new DuckdbSink({ path, retentionMs: 0, memoryLimitBytes: 256 * 2 ** 20 });
  await sink.open();
  const order = new SerialQueue();
  const serial: StoredSink = {
    reader: sink.reader,
    windows: sink.windows,
    write: (...asked) => order.run(() => sink.write(...asked)),
    deleteMeasurement: (measurement) => order.run(() => sink.deleteMeasurement(measurement)),
    close: async () => {
      await sink.close();
      remove();
    },
  };
  return StoredClimate.open(serial, START_MS, aggregates);
}

async function climateOfTest(): Promise<StoredClimate> {
  const climate = await openClimate();
  onTestFinished(() => climate.close());
  return climate;
}

function expectSame(
  answer: SeriesAnswer,
  expected: readonly Expected[],
  query: Pick<SeriesQuery, 'fn'>,
): void {
  const isClose = (a: number | null | undefined, b: number) =>
    typeof a === 'number' && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
  const close = (what: string, a: number | null | undefined, b: number) => {
    if (!isClose(a, b)) throw new Error(`${what}: got ${a}, expected ${b}`);
  };
  expect(answer.groups.map(({ name }) => name).sort()).toEqual(expected.map(({ name }) => name).sort());
  for (const one of expected) {
    const { statistics, values, lows, highs, isInexact } = answer.groups.find(
      ({ name }) => name === one.name,
    )!;
    const of = (what: string) => `${what} of "${one.name}" in ${JSON.stringify(query)}`;
    expect([of('count'), statistics.count]).toEqual([of('count'), one.count]);
    close(of('mean'), statistics.mean, one.mean);
    expect([of('min'), statistics.min]).toEqual([of('min'), one.min]);
    expect([of('max'), statistics.max]).toEqual([of('max'), one.max]);
    if (statistics.first !== null)
      expect([of('first'), statistics.first.value]).toEqual([of('first'), one.first]);
    if (statistics.last !== null) expect([of('last'), statistics.last.value]).toEqual([of('last'), one.last]);
    expect(isInexact).toBe(false);
    for (const [nth, atMs] of answer.timesMs.entries()) {
      const bucket = one.buckets.get(atMs);
      if (bucket === undefined) expect([of('empty'), atMs, values[nth]]).toEqual([of('empty'), atMs, null]);
      else if (values[nth] !== null || !isEdge(query.fn)) close(of(`bucket ${atMs}`), values[nth], bucket);
      if (bucket !== undefined) expect(lows[nth]).toBeLessThanOrEqual(highs[nth]!);
    }
  }
}

/** Of rows of several series it is not known which has the first or last value: then there is none. */
function isEdge(fn: SeriesQuery['fn']): boolean {
  return fn === 'first' || fn === 'last';
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      values: fc.array(
        fc.record({
          device: fc.constantFrom('a', 'b', 'c'),
          lagMs: fc.oneof(
            { weight: 6, arbitrary: fc.integer({ min: 0, max: 900 }) },
            { weight: 2, arbitrary: fc.integer({ min: 5_000, max: 120_000 }) },
            { weight: 1, arbitrary: fc.integer({ min: 200_000, max: 7_000_000 }) },
          ),
          v: fc.integer({ min: -50, max: 50 }),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(200, 1_000, 4_000, 15_000, 70_000),
      isComputed: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      spanMs: fc.constantFrom(30_000, 300_000, HOUR_MS, 4 * HOUR_MS),
      endMs: fc.integer({ min: 0, max: 100_000 }),
      buckets: fc.constantFrom(1, 7, 60, 150),
      resolution: fc.constantFrom('auto', 'auto', 'raw', '10s', '1min', '1d'),
      isByWindow: fc.boolean(),
      by: fc.constantFrom(undefined, 'device', 'site'),
      fn: fc.constantFrom<SeriesQuery['fn']>('mean', 'min', 'max', 'sum', 'count', 'first', 'last', {
        percentile: 0.9,
      }),
      isOnly: fc.boolean(),
    }),
  },
);

type SomeStep = typeof step extends fc.Arbitrary<infer One> ? One : never;

const siteOf = (device: string) => (device === 'c' ? 'south' : 'north');

async function computed(climate: StoredClimate): Promise<void> {
  while (climate.due > 0) {
    climate.pass(500);
    await sleep(1);
  }
}

/** Reads a range with as many requests as it takes; checks that together they are the range, and no more than are needed. */
async function readAll({ reader }: StoredClimate, query: SeriesQuery): Promise<SeriesAnswer[]> {
  const answers: SeriesAnswer[] = [];
  for (let fromMs: number | null = query.fromMs; fromMs !== null; ) {
    const answer: SeriesAnswer = await reader.read({ ...query, fromMs });
    answers.push(answer);
    expect([answer.fromMs, answer.toMs]).toEqual([fromMs, answer.nextFromMs ?? query.toMs]);
    // Of what is read here only an hour or more of percentiles, one for each window, is too long for one answer.
    if (answer.nextFromMs !== null) {
      expect(query.fn).toHaveProperty('percentile');
      expect(answer.timesMs).toHaveLength(MAX_PERCENTILES);
    }
    fromMs = answer.nextFromMs;
  }
  return answers;
}

/** Is always read: it takes two answers, and chance seldom asks for it. */
const PERCENTILES_OF_AN_HOUR: SomeStep[] = [
  { kind: 'write', values: [0, 1_000, 2_500_000].map((lagMs) => ({ device: 'a', lagMs, v: 1 })) },
  {
    kind: 'read',
    spanMs: HOUR_MS,
    endMs: 0,
    buckets: 1,
    resolution: '10s',
    isByWindow: true,
    by: undefined,
    fn: { percentile: 0.9 },
    isOnly: false,
  },
];

describe('what is read of points and rows together', () => {
  it('is what the points say, whatever is late, open, due or computed', {
    timeout: minutes(RUNS),
  }, async () => {
    const resolutions = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const climate = await openClimate();
        climate.noteEmpty();
        climate.start();
        for (const one of [...steps, ...steps.filter(({ kind }) => kind === 'read')]) {
          if (one.kind === 'write') {
            const values = one.values.map(({ device, lagMs, v }): Value => {
              return { device, site: siteOf(device), atMs: climate.nowMs - lagMs, v };
            });
            await climate.write(values);
          } else if (one.kind === 'pass') {
            climate.pass(one.ms);
            if (one.isComputed) await computed(climate);
          } else if (climate.values.size > 0) {
            const toMs = climate.nowMs - one.endMs + 1_000;
            const fromMs = toMs - one.spanMs;
            const isNamed = one.resolution !== 'auto' && one.resolution !== 'raw';
            const query: SeriesQuery = {
              ...QUERY,
              fn: one.fn,
              ...(one.by !== undefined && { by: one.by }),
              ...(one.isOnly && { only: { tag: 'site', values: ['north'] } }),
              resolution: one.resolution,
              fromMs,
              toMs,
              ...(!(isNamed && one.isByWindow) && { bucketMs: Math.ceil(one.spanMs / one.buckets) }),
            };
            for (const answer of await readAll(climate, query)) {
              const { timesMs, resolutions: read } = answer;
              const range = { ...query, fromMs: answer.fromMs, toMs: answer.toMs };
              expectSame(answer, expectedSeries(climate.values.values(), range, timesMs), query);
              for (const resolution of read) resolutions.add(resolution);
            }
          }
        }
        await climate.close();
      }),
      { numRuns: RUNS, examples: [[PERCENTILES_OF_AN_HOUR]] },
    );
    // Otherwise nothing but points was read.
    expect([...resolutions].sort()).toEqual(expect.arrayContaining(['10s', '1min', 'raw']));
  });
});

/** A value every five minutes of each device, over days. */
function history(days: number, everyMs = 300_000): Value[] {
  const values: Value[] = [];
  for (let atMs = START_MS - days * DAY_MS; atMs < START_MS; atMs += everyMs) {
    for (const device of ['a', 'b', 'c']) {
      const v = Math.sin(atMs / 7_000_000) * 10 + (device === 'c' ? 3 : 0) + (atMs % 7_919) / 1_000;
      values.push({ device, site: siteOf(device), atMs: atMs + device.charCodeAt(0), v });
    }
  }
  return values;
}

const DAILY: Aggregate = {
  ...CLIMATE,
  name: 'climate',
  sizeMs: HOUR_MS,
  resolutions: [
    { everyMs: HOUR_MS, measurement: 'climate_1h', retentionMs: 0 },
    { everyMs: DAY_MS, measurement: 'climate_1d', retentionMs: 0, timezone: 'Europe/Berlin' },
  ],
};

/** Thirty-three days, the last of which has 23 hours in Berlin, and all windows computed. */
async function openHistory(): Promise<StoredClimate> {
  const climate = await openClimate([DAILY]);
  climate.noteEmpty();
  const values = history(33);
  for (let at = 0; at < values.length; at += 5_000) await climate.write(values.slice(at, at + 5_000));
  climate.start();
  climate.pass(HOUR_MS * 30);
  await computed(climate);
  return climate;
}

describe('of a month of history', () => {
  let climate: StoredClimate;
  beforeAll(async () => {
    climate = await openHistory();
  }, 120_000);
  afterAll(() => climate.close());

  it.each([
    ['5 min', minutes(5), 1],
    ['24 h', DAY_MS, 96],
    ['30 d', 30 * DAY_MS, 120],
  ])('the statistics of %s are those of the points', async (_name, spanMs, buckets) => {
    for (const by of [undefined, 'device', 'site']) {
      const toMs = START_MS - minutes(17);
      const query: SeriesQuery = {
        ...QUERY,
        ...(by !== undefined && { by }),
        fromMs: toMs - spanMs,
        toMs,
        bucketMs: spanMs / buckets,
      };
      const answer = await climate.reader.read(query);
      expect(answer.resolutions.includes('1h')).toBe(spanMs > DAY_MS);
      expectSame(answer, expectedSeries(climate.values.values(), query, answer.timesMs), query);
      for (const { statistics } of answer.groups) {
        expect(statistics.last?.isExactTime).toBe(true);
        expect(statistics.first?.isExactTime).toBe(true);
      }
    }
  });

  it('days of a time zone are buckets, also one of 23 hours', async () => {
    const query = { ...QUERY, resolution: '1d', fromMs: START_MS - 10 * DAY_MS, toMs: START_MS + DAY_MS };
    const answer = await climate.reader.read(query);
    expect(answer.resolutions).toContain('1d');
    const hours = answer.timesMs.slice(1).map((atMs, nth) => (atMs - answer.timesMs[nth]!) / HOUR_MS);
    expect(hours).toEqual([24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24]);
    expectSame(answer, expectedSeries(climate.values.values(), query, answer.timesMs), query);
  });

  it('pages of groups are in the order that was asked for', async () => {
    const query = { ...QUERY, by: 'device', fn: 'max' as const, fromMs: START_MS - DAY_MS, toMs: START_MS };
    const names = async (change: Partial<SeriesQuery>) => {
      const answer = await climate.reader.read({ ...query, bucketMs: DAY_MS, ...change });
      return [answer.found, answer.groups.map(({ name }) => name)];
    };
    expect(await names({ order: 'value', limit: 1 })).toEqual([3, ['c']]);
    expect(await names({ order: 'name', offset: 1, limit: 2 })).toEqual([3, ['b', 'c']]);
    expect(await names({ order: 'name', offset: 3 })).toEqual([3, []]);
  });

  it('an answer has at most so many buckets, and says where the next goes on', {
    timeout: 120_000,
  }, async () => {
    const query = { ...QUERY, resolution: '1h', fromMs: START_MS - DAY_MS, toMs: START_MS, maxBuckets: 10 };
    const counts: number[] = [];
    for (let fromMs: number | null = query.fromMs; fromMs !== null; ) {
      const answer: SeriesAnswer = await climate.reader.read({ ...query, fromMs });
      counts.push(answer.groups[0]!.statistics.count);
      fromMs = answer.nextFromMs;
    }
    expect(counts).toEqual([360, 360, 144]);
  });

  it('percentiles of windows are fewer in one answer, because each can be a query', async () => {
    const query = {
      ...QUERY,
      resolution: '1h',
      fn: { percentile: 0.9 },
      fromMs: START_MS - 10 * DAY_MS,
      toMs: START_MS,
    };
    const answer = await climate.reader.read(query);
    expect(answer.timesMs).toHaveLength(MAX_PERCENTILES);
    expect(answer.nextFromMs).toBe(query.fromMs + MAX_PERCENTILES * HOUR_MS);
  });

  // The last one: it changes the store.
  it('where points are deleted rows stand in, for whole windows', async () => {
    const fromMs = START_MS - 20 * DAY_MS + minutes(13);
    const pointsFromMs = START_MS - 7 * DAY_MS;
    await climate.deletePointsBefore(pointsFromMs);
    const query = { ...QUERY, fromMs, toMs: START_MS, bucketMs: minutes(10) };
    const answer = await climate.reader.read({ ...query, by: 'device' });
    expect(answer.fromMs).toBe(START_MS - 20 * DAY_MS);
    expect(answer.bucketMs).toBe(HOUR_MS);
    const range = { ...query, by: 'device', fromMs: answer.fromMs };
    expectSame(answer, expectedSeries(climate.values.values(), range, answer.timesMs), query);
    // All devices together: of the first and last value only those are known that are still points.
    const together = await climate.reader.read(query);
    expect(together.groups[0]?.statistics.first).toBeNull();
    expect(together.groups[0]?.statistics.last?.isExactTime).toBe(true);
    const raw = await climate.reader.read({ ...query, resolution: 'raw', bucketMs: DAY_MS });
    expect(raw.groups[0]?.statistics.count).toBe(7 * 288 * 3);
  });
});

it('rows of windows from before an aggregate was configured are not taken for all', async () => {
  const climate = await climateOfTest();
  climate.start();
  // It came late, so only its own window has a row.
  const late = { device: 'a', site: 'north', atMs: START_MS - HOUR_MS, v: 5 };
  await climate.write([late, { ...late, atMs: START_MS + 1_000, v: 7 }]);
  climate.pass(200_000);
  await computed(climate);
  await climate.forget([{ device: 'a', site: 'north', atMs: START_MS - HOUR_MS + minutes(2), v: 6 }]);
  const query = { ...QUERY, fromMs: START_MS - 2 * HOUR_MS, toMs: START_MS + HOUR_MS, bucketMs: minutes(1) };
  const answer = await climate.reader.read(query);
  expectSame(answer, expectedSeries(climate.values.values(), query, answer.timesMs), query);
  // A rebuild computes what was missing, and from then on rows are read.
  await climate.rebuild(START_MS - 2 * HOUR_MS, START_MS + HOUR_MS);
  await computed(climate);
  const rebuilt = await climate.reader.read(query);
  expectSame(rebuilt, expectedSeries(climate.values.values(), query, rebuilt.timesMs), query);
  expect(answer.resolutions.length).toBeGreaterThanOrEqual(1);
  expect(rebuilt.resolutions).toContain('1min');
});

it.each([
  [
    'a measurement',
    { measurement: 'climat' },
    'measurement: "climat" is not in the store; did you mean "climate"?',
  ],
  ['a field', { field: 'w2345' }, 'field: "w2345" is not in the store; there are v'],
  [
    'a resolution',
    { resolution: '2h' },
    'resolution: "climate" has no rows for "2h" with this field and these tags; there are auto, raw, 10s, 1min, 1d',
  ],
  [
    'a resolution whose rows do not have the tag apart',
    { resolution: '1h', by: 'device' },
    'resolution: "climate" has no rows for "1h" with this field and these tags; there are auto, raw, 10s, 1min, 1d',
  ],
])('%s that is not there is answered with those that are', async (_what, change, message) => {
  const climate = await climateOfTest();
  await climate.write([{ device: 'a', site: 'north', atMs: START_MS, v: 1 }]);
  const query = { ...QUERY, fromMs: START_MS - HOUR_MS, toMs: START_MS + HOUR_MS, bucketMs: HOUR_MS };
  await expect(climate.reader.read({ ...query, ...change })).rejects.toMatchObject({
    code: 'QUERY_NAMES_UNKNOWN',
    message,
  });
});
