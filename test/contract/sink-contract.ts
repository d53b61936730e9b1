import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import type { Point } from '../../src/sink/point.js';
import type { Sink } from '../../src/sink/sink.js';
import { pointOf, seriesOf } from '../support/points.js';
import { readChart } from '../support/read-chart.js';

export type StoredValue = number | bigint | string | boolean;

/** A stored point as the store returns it. Absent (null) fields and tags are omitted. */
export interface StoredRow {
  readonly tags: Readonly<Record<string, string>>;
  /** Int fields as bigint, float fields as number, unless the store keeps only floats. */
  readonly fields: Readonly<Record<string, StoredValue>>;
  readonly timestampNs: bigint;
}

/** What a store supports; the contract requires everything else of every store. */
export interface SinkCapabilities {
  /** It keeps string fields. */
  readonly strings: boolean;
  /** It keeps int64, float64 and booleans exactly; otherwise everything becomes a rounded float. */
  readonly types: boolean;
  /** It fixes a field's type at the first write and refuses others. */
  readonly typeConflicts: boolean;
  /** A second write of a point replaces the value of a field; otherwise the store chooses which value it keeps. */
  readonly overwrites: boolean;
  /** Smallest distance of two timestamps that stay apart. */
  readonly resolutionNs: bigint;
  /** It has a `reader`. */
  readonly query: boolean;
}

export const FULL_CAPABILITIES: SinkCapabilities = {
  strings: true,
  types: true,
  typeConflicts: true,
  overwrites: true,
  resolutionNs: 1n,
  query: true,
};

export interface SinkUnderTest {
  /** The sink, already open. */
  readonly sink: Sink;
  readonly capabilities: SinkCapabilities;
  /** Reads all points of a measurement, in any order; [] when the store does not know it. */
  readBack(measurement: string): Promise<readonly StoredRow[]>;
  /** Matches the store's message about a type conflict, which must be in the rejection's reason. */
  readonly conflictWords?: RegExp;
  /** Makes the store unreachable, and reachable again with its data. Absent when it cannot be unreachable. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
  /** Closes the sink and frees its resources. */
  stop(): Promise<void>;
}

const NS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;
/** Tag values that would end a query, or start another, if they were not quoted. */
const HOSTILE_TEXTS = [
  `' OR 1 = 1 --`,
  `"; DROP MEASUREMENT contract_only; --`,
  `x\\'`,
  `back\\slash`,
  `$tag {{x}} %s`,
  '/.*/',
  'Zürich 東京 🌧',
  `''`,
  ' ',
];
const HOSTILE_NAME = `a "tag", it's \\b`;
const never = () => new AbortController().signal;

/**
 * The contract of every sink (see src/sink/sink.ts), tested with a real store. `factory` is called once; each test
 * uses its own measurements.
 */
export function sinkContract(name: string, factory: () => Promise<SinkUnderTest>): void {
  describe(`${name} keeps the sink contract`, { timeout: 60_000 }, () => {
    let under: SinkUnderTest;
    let sink: Sink;
    let able: SinkCapabilities;
    // A recent whole minute: stores have retention windows, and buckets start at whole minutes.
    const baseMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
    const baseNs = BigInt(baseMs) * NS_PER_MS;

    beforeAll(async () => {
      under = await factory();
      sink = under.sink;
      able = under.capabilities;
    }, 60_000);
    afterAll(async () => {
      await under?.stop();
    }, 60_000);

    const atMs = (offsetMs: number) => baseNs + BigInt(offsetMs) * NS_PER_MS;
    const writeAll = async (points: readonly Point[]) => {
      expect(await sink.write(points, never())).toEqual([]);
    };
    const expectStored = async (measurement: string, points: readonly Point[]) => {
      expect(sorted(await under.readBack(measurement))).toEqual(sorted(rowsOf(points, able)));
    };

    const minute = (measurement: string) => ({
      measurement,
      field: 'value',
      fromMs: baseMs,
      toMs: baseMs + MINUTE_MS,
      bucketMs: MINUTE_MS,
      maxGroups: 50,
    });

    test('an empty array resolves with no rejection', async () => {
      expect(await sink.write([], never())).toEqual([]);
    });

    test('points of every type read back as they were written', async () => {
      const city = seriesOf('contract_types', { city: 'Pune', device: 'CITIPUN' });
      const bare = seriesOf('contract_types');
      const values: Record<string, string> = able.strings ? { text: 'wet' } : {};
      const points = [
        pointOf(city, atMs(0), { float: 23.25, int: 42n, yes: true, ...values }),
        pointOf(city, atMs(1), { float: -0.1, int: -42n, yes: false }),
        pointOf(city, atMs(2), { float: 1024.5, int: 0n }),
        pointOf(bare, atMs(0), { float: 7 }),
      ];
      await writeAll(points);
      await expectStored('contract_types', points);
    });

    test('minus zero is stored as zero', async () => {
      await writeAll([pointOf(seriesOf('contract_zero'), atMs(0), { value: -0 })]);
      const rows = await under.readBack('contract_zero');
      expect(rows).toHaveLength(1);
      expect(Object.is(rows[0]?.fields.value, 0)).toBe(true);
    });

    test('floats keep every digit, from the smallest to the largest', async ({ skip }) => {
      if (!able.types) skip('the store rounds floats that lie far apart');
      const series = seriesOf('contract_floats', { device: 'a' });
      const values = [1e21, 5e-7, 0.1 + 0.2, -1 / 3, 1.7976931348623157e308, 2.2250738585072014e-308];
      const points = values.map((value, i) => pointOf(series, atMs(i), { value }));
      await writeAll(points);
      await expectStored('contract_floats', points);
    });

    test('integers beyond 2^53 and negative ones keep every digit', async ({ skip }) => {
      if (!able.types) skip('the store keeps floats only');
      const series = seriesOf('contract_int64', { device: 'meter' });
      const values = [
        9_007_199_254_740_993n,
        -9_007_199_254_740_993n,
        9_223_372_036_854_775_807n,
        -9_223_372_036_854_775_808n,
      ];
      const points = values.map((value, i) => pointOf(series, atMs(i), { value }));
      await writeAll(points);
      await expectStored('contract_int64', points);
    });

    test('writing the same points again adds nothing', async () => {
      const series = seriesOf('contract_again', { device: 'a' });
      const points = Array.from({ length: 50 }, (_, i) => pointOf(series, atMs(i), { value: i }));
      await writeAll(points);
      await writeAll(points);
      await writeAll(points.slice(10, 20));
      await expectStored('contract_again', points);
    });

    test('writing a point again overwrites the fields it names and leaves the others', async ({ skip }) => {
      if (!able.overwrites) skip('the store chooses between values of one timestamp');
      const series = seriesOf('contract_merge', { device: 'a' });
      await writeAll([pointOf(series, atMs(0), { kept: 1, changed: 2 })]);
      await writeAll([pointOf(series, atMs(0), { changed: 3, added: 4 })]);
      await expectStored('contract_merge', [pointOf(series, atMs(0), { kept: 1, changed: 3, added: 4 })]);
    });

    test('the last of two points with one identity in a batch wins, field by field', async ({ skip }) => {
      if (!able.overwrites) skip('the store chooses between values of one timestamp');
      const series = seriesOf('contract_last', { device: 'a' });
      await writeAll([
        pointOf(series, atMs(0), { first: 1, both: 1 }),
        pointOf(series, atMs(0), { both: 2, second: 2 }),
      ]);
      await expectStored('contract_last', [pointOf(series, atMs(0), { first: 1, both: 2, second: 2 })]);
    });

    test('points of one series reach the store in array order, also across many chunks', async ({ skip }) => {
      if (!able.overwrites) skip('the store chooses between values of one timestamp');
      const devices = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      const all = devices.map((device) => seriesOf('contract_order', { device }));
      const points: Point[] = [];
      // Every revision overwrites the previous one: the remaining value shows which came last.
      for (let revision = 0; revision < 2_000; revision++) {
        for (const series of all) points.push(pointOf(series, atMs(0), { revision }));
      }
      await writeAll(points);
      await expectStored('contract_order', points.slice(-devices.length));
    });

    test('only the one point of a wrong type among 5,000 is rejected, with the message of the store', async ({
      skip,
    }) => {
      if (!able.typeConflicts) skip('the store has no type conflicts');
      const series = seriesOf('contract_conflict', { device: 'a' });
      await writeAll([pointOf(series, atMs(0), { value: 1.5 })]);
      const points = Array.from({ length: 5_000 }, (_, i) =>
        pointOf(series, atMs(i + 1), i === 3_210 ? { value: 'not a number' } : { value: i / 2 }),
      );
      const rejections = await sink.write(points, never());
      expect(rejections.map(({ index, code }) => ({ index, code }))).toEqual([
        { index: 3_210, code: 'store-refused' },
      ]);
      expect(rejections[0]?.reason).toMatch(under.conflictWords ?? /./);
      expect(rejections[0]?.conflict).toMatchObject({
        measurement: 'contract_conflict',
        field: 'value',
        storedType: 'float',
      });
      await expectStored('contract_conflict', [
        pointOf(series, atMs(0), { value: 1.5 }),
        ...points.filter((_, i) => i !== 3_210),
      ]);
    });

    test('rejected points at both ends and side by side have the right indices', async ({ skip }) => {
      if (!able.typeConflicts) skip('the store has no type conflicts');
      const series = seriesOf('contract_conflicts', { device: 'a' });
      await writeAll([pointOf(series, atMs(0), { value: 1 })]);
      const bad = [0, 40, 41, 99];
      const points = Array.from({ length: 100 }, (_, i) =>
        pointOf(series, atMs(i + 1), bad.includes(i) ? { value: true } : { value: i }),
      );
      const rejections = await sink.write(points, never());
      expect(rejections.map(({ index }) => index).sort((a, b) => a - b)).toEqual(bad);
      expect(await under.readBack('contract_conflicts')).toHaveLength(97);
    });

    test('each point with a type that the store does not take names a field, the others are written', async ({
      skip,
    }) => {
      if (!able.typeConflicts) skip('the store has no type conflicts');
      const measurement = 'contract "types", all=of them';
      const series = seriesOf(measurement, { device: 'a' });
      await writeAll([pointOf(series, atMs(0), { 'v "x", y': 1, text: 'a', yes: true, n: 1n })]);
      const points = [
        pointOf(series, atMs(1), { 'v "x", y': 2n }),
        pointOf(series, atMs(2), { 'v "x", y': 2 }),
        pointOf(series, atMs(3), { text: 3 }),
        pointOf(series, atMs(4), { yes: 'no', other: 1 }),
        pointOf(series, atMs(5), { other: 2 }),
        pointOf(series, atMs(6), { n: 1.5 }),
      ];
      const rejections = await sink.write(points, never());
      expect(
        rejections.map(({ index, conflict }) => [
          index,
          conflict?.measurement,
          conflict?.field,
          conflict?.storedType,
        ]),
      ).toEqual([
        [0, measurement, 'v "x", y', 'float'],
        [2, measurement, 'text', 'string'],
        [3, measurement, 'yes', 'boolean'],
        [5, measurement, 'n', 'int'],
      ]);
      for (const { conflict } of rejections) {
        if (conflict?.span === undefined) continue;
        expect(conflict.span.fromNs).toBeLessThanOrEqual(atMs(1));
        expect(conflict.span.toNs).toBeGreaterThan(atMs(6));
      }
      expect(await under.readBack(measurement)).toHaveLength(3);
    });

    test('when a new field comes with two types in one call, the store takes one and names it', async ({
      skip,
    }) => {
      if (!able.typeConflicts) skip('the store has no type conflicts');
      const series = seriesOf('contract_two_types', { device: 'a' });
      const points = [
        pointOf(series, atMs(0), { value: 1n }),
        pointOf(series, atMs(1), { value: 1.5 }),
        pointOf(series, atMs(2), { value: 2n }),
      ];
      const rejections = await sink.write(points, never());
      expect(rejections).toMatchObject([
        { index: 1, conflict: { measurement: 'contract_two_types', field: 'value', storedType: 'int' } },
      ]);
      expect(await under.readBack('contract_two_types')).toHaveLength(2);
    });

    test('a name reserved by the store rejects only its point', async () => {
      const points = [
        pointOf(seriesOf('contract_reserved', { device: 'a' }), atMs(0), { value: 1 }),
        pointOf(seriesOf('contract_reserved', { device: 'a' }), atMs(1), { time: 1 }),
        pointOf(seriesOf('contract_reserved', { time: 'noon' }), atMs(2), { value: 1 }),
        pointOf(seriesOf('contract_reserved', { device: 'a' }), atMs(3), { value: 2 }),
      ];
      const rejections = await sink.write(points, never());
      expect(rejections.map(({ index, code }) => ({ index, code }))).toEqual([
        { index: 1, code: 'not-expressible' },
        { index: 2, code: 'not-expressible' },
      ]);
      expect(rejections[0]?.reason).toContain('time');
      expect(await under.readBack('contract_reserved')).toHaveLength(2);
    });

    test('tags with any script, spaces, commas, equals signs and quotes stay apart', async () => {
      const values = [
        'Pune',
        'पुणे',
        '東京 駅',
        'a b',
        'a,b',
        'a=b',
        'a"b',
        "a'b",
        'a\\b',
        'C:\\x y,z=1',
        '🌡️ roof',
        '#1',
      ];
      const points = values.map((site, i) =>
        pointOf(seriesOf('contract_tags', { site, 'key, with = all': `v ${i}` }), atMs(0), { value: i }),
      );
      await writeAll(points);
      await expectStored('contract_tags', points);
    });

    test('strings keep quotes, backslashes, commas and any script', async ({ skip }) => {
      if (!able.strings) skip('the store keeps no strings');
      const values = ['', ' ', 'a"b', 'a\\b', 'ends in \\', '\\"', 'a,b=c d', 'पुणे 🌡️', "it's"];
      const series = seriesOf('contract_strings', { device: 'a' });
      const points = values.map((text, i) => pointOf(series, atMs(i), { text, n: i }));
      await writeAll(points);
      await expectStored('contract_strings', points);
    });

    test('field names with spaces, commas, equals signs and any script stay apart, also when they differ only in case', async () => {
      const series = seriesOf('contract names, all=of them', { device: 'a' });
      const points = [
        pointOf(series, atMs(0), { 'a b': 1, 'c,d': 2, 'e=f': 3, तापमान: 4, Temp: 5, temp: 6 }),
      ];
      await writeAll(points);
      await expectStored('contract names, all=of them', points);
    });

    test('timestamps one step apart stay apart', async () => {
      const series = seriesOf('contract_steps', { device: 'a' });
      const points = Array.from({ length: 20 }, (_, i) =>
        pointOf(series, baseNs + 123_000_000n + BigInt(i) * able.resolutionNs, { value: i }),
      );
      await writeAll(points);
      await expectStored('contract_steps', points);
    });

    test('a field and a tag that appear later join the measurement', async () => {
      const old = seriesOf('contract_grows', { device: 'a' });
      const grown = seriesOf('contract_grows', { device: 'a', room: 'kitchen' });
      const points = [
        pointOf(old, atMs(0), { value: 1 }),
        pointOf(old, atMs(1), { value: 2, humidity: 50 }),
        pointOf(grown, atMs(0), { value: 3 }),
        pointOf(old, atMs(2), { value: 4 }),
      ];
      for (const point of points) await writeAll([point]);
      await expectStored('contract_grows', points);
    });

    test('a batch of many measurements and series is stored completely', async () => {
      const points = Array.from({ length: 6_000 }, (_, i) =>
        pointOf(seriesOf(`contract_wide_${i % 3}`, { device: `d${i % 100}` }), atMs(i), { value: i }),
      );
      await writeAll(points);
      for (const m of [0, 1, 2]) {
        expect(await under.readBack(`contract_wide_${m}`)).toHaveLength(2_000);
      }
    });

    test('counters add up: every point is written or rejected', async () => {
      const before = sink.counters();
      const series = seriesOf('contract_counters', { device: 'a' });
      await sink.write(
        [
          pointOf(series, atMs(0), { value: 1 }),
          pointOf(series, atMs(1), { time: 1 }),
          pointOf(series, atMs(2), { value: 1 }),
        ],
        never(),
      );
      const after = sink.counters();
      expect(after.pointsWritten - before.pointsWritten).toBe(2);
      expect(after.pointsRefused - before.pointsRefused).toBe(1);
      expect(after.busyMs).toBeGreaterThanOrEqual(before.busyMs);
    });

    test('an aborted signal rejects with SINK_ABORTED and the same points can be written afterwards', async ({
      skip,
    }) => {
      if (under.outage === undefined) skip('the store cannot be unreachable');
      const outage = under.outage as NonNullable<SinkUnderTest['outage']>;
      const points = [pointOf(seriesOf('contract_abort', { device: 'a' }), atMs(0), { value: 1 })];
      await outage.begin();
      const stop = new AbortController();
      const writing = sink.write(points, stop.signal).catch((thrown: unknown) => thrown);
      await expect.poll(() => sink.status().state, { timeout: 20_000 }).toBe('retrying');
      expect(sink.status().detail).not.toBe('');
      expect(sink.contact().trouble).toMatch(/^(no-answer|unavailable)$/);
      stop.abort();
      const thrown = await writing;
      expect(thrown).toBeInstanceOf(SluiceError);
      expect((thrown as SluiceError).code).toBe('SINK_ABORTED');
      await outage.end();
      await writeAll(points);
      expect(sink.status()).toEqual({ state: 'healthy', detail: '' });
      expect(sink.contact().trouble).toBeUndefined();
      expect(sink.contact().lastAnswerMs).toBeGreaterThan(0);
      await expectStored('contract_abort', points);
    });

    test('points given during an outage are stored when it ends', async ({ skip }) => {
      if (under.outage === undefined) skip('the store cannot be unreachable');
      const outage = under.outage as NonNullable<SinkUnderTest['outage']>;
      const series = seriesOf('contract_outage', { device: 'a' });
      const points = Array.from({ length: 10 }, (_, i) => pointOf(series, atMs(i), { value: i }));
      await outage.begin();
      const writing = sink.write(points, never());
      await expect.poll(() => sink.status().state, { timeout: 20_000 }).toBe('retrying');
      await outage.end();
      expect(await writing).toEqual([]);
      await expectStored('contract_outage', points);
    });

    test('the reader names the measurements with their tags and typed fields', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      await writeAll([
        pointOf(seriesOf('contract_reader_names', { city: 'Pune', device: 'a' }), atMs(0), {
          f: 1.5,
          i: 1n,
          s: 'x',
          b: true,
        }),
      ]);
      const found = (await sink.reader?.measurements())?.find((m) => m.name === 'contract_reader_names');
      expect(found).toBeDefined();
      expect([...(found?.tags ?? [])].sort()).toEqual(['city', 'device']);
      expect([...(found?.fields ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
        { name: 'b', type: 'boolean' },
        { name: 'f', type: 'float' },
        { name: 'i', type: 'int' },
        { name: 's', type: 'string' },
      ]);
    });

    test('the reader gives the mean of each bucket, split by a tag and over all', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      const measurement = `contract "reader", it's = odd`;
      const a = seriesOf(measurement, { 'which city': 'Pune' });
      const b = seriesOf(measurement, { 'which city': `Mumbai "x" it's` });
      await writeAll([
        pointOf(a, atMs(0), { 'temp "C"': 10 }),
        pointOf(a, atMs(500), { 'temp "C"': 20 }),
        pointOf(a, atMs(2_000), { 'temp "C"': 30 }),
        pointOf(b, atMs(1_000), { 'temp "C"': 40 }),
        pointOf(b, atMs(3_000), { 'temp "C"': 99 }),
      ]);
      const query = {
        measurement,
        field: 'temp "C"',
        fromMs: baseMs,
        toMs: baseMs + 3_000,
        bucketMs: 1_000,
        maxGroups: 10,
      };
      const split = await readChart(sink.reader, { ...query, by: 'which city' });
      const valueAt = (group: string, offsetMs: number) => {
        const at = split?.timesMs.indexOf(baseMs + offsetMs) ?? -1;
        const values = split?.groups.find((g) => g.name === group)?.values;
        return at < 0 ? null : (values?.[at] ?? null);
      };
      expect(split?.groups.map((g) => g.name).sort()).toEqual([`Mumbai "x" it's`, 'Pune']);
      expect([0, 1_000, 2_000].map((ms) => valueAt('Pune', ms))).toEqual([15, null, 30]);
      expect([0, 1_000, 2_000].map((ms) => valueAt(`Mumbai "x" it's`, ms))).toEqual([null, 40, null]);
      // [fromMs, toMs): a point at toMs belongs to the next query.
      expect(split?.timesMs).not.toContain(baseMs + 3_000);
      expect(split?.timesMs).toEqual([...(split?.timesMs ?? [])].sort((x, y) => x - y));
      for (const group of split?.groups ?? []) expect(group.values).toHaveLength(split?.timesMs.length ?? -1);

      const together = await readChart(sink.reader, query);
      expect(together?.groups).toHaveLength(1);
      expect(together?.groups[0]?.name).toBe('');
      const filled = together?.groups[0]?.values.filter((v) => v !== null);
      expect(filled).toEqual([15, 40, 30]);

      const one = await readChart(sink.reader, { ...query, by: 'which city', maxGroups: 1 });
      expect(one?.groups).toHaveLength(1);
    });

    test('the reader returns series without the split tag under the empty name', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      await writeAll([
        pointOf(seriesOf('contract_reader_bare'), atMs(0), { value: 1n }),
        pointOf(seriesOf('contract_reader_bare', { room: 'hall' }), atMs(0), { value: 3n }),
      ]);
      const answer = await readChart(sink.reader, {
        measurement: 'contract_reader_bare',
        field: 'value',
        by: 'room',
        fromMs: baseMs,
        toMs: baseMs + MINUTE_MS,
        bucketMs: MINUTE_MS,
        maxGroups: 5,
      });
      const means = (answer?.groups ?? []).map((g) => [g.name, g.values.find((v) => v !== null)]);
      expect(means.sort()).toEqual([
        ['', 1],
        ['hall', 3],
      ]);
    });

    test('the reader keeps the groups with the most values, the largest first', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      // Sorted by name they would be in the opposite order.
      const sizes = { 'a small': 1, 'b middle': 3, 'c large': 5 };
      await writeAll(
        Object.entries(sizes).flatMap(([device, count]) =>
          Array.from({ length: count }, (_, i) =>
            pointOf(seriesOf('contract_reader_sizes', { device }), atMs(i), { value: i }),
          ),
        ),
      );
      const answer = await readChart(sink.reader, {
        ...minute('contract_reader_sizes'),
        by: 'device',
        maxGroups: 2,
      });
      expect(answer?.groups).toEqual([
        { name: 'c large', values: [2] },
        { name: 'b middle', values: [1] },
      ]);
    });

    test('the reader restricts a chart to some values of a tag, however they are spelt', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      await writeAll([
        pointOf(seriesOf('contract_only'), atMs(0), { value: 100 }),
        ...HOSTILE_TEXTS.map((text, i) =>
          pointOf(seriesOf('contract_only', { [HOSTILE_NAME]: text, room: 'hall' }), atMs(i), { value: i }),
        ),
      ]);
      const means = async (values: readonly string[], by?: string) => {
        const answer = await readChart(sink.reader, {
          ...minute('contract_only'),
          ...(by === undefined ? {} : { by }),
          only: { tag: HOSTILE_NAME, values },
        });
        return Object.fromEntries((answer?.groups ?? []).map((group) => [group.name, group.values[0]]));
      };
      for (const [i, text] of HOSTILE_TEXTS.entries()) {
        expect([text, await means([text], HOSTILE_NAME)]).toEqual([text, { [text]: i }]);
        expect([text, await means([text])]).toEqual([text, { '': i }]);
      }
      expect(await means(HOSTILE_TEXTS.slice(0, 3), 'room')).toEqual({ hall: 1 });
      expect(await means([''], 'room')).toEqual({ '': 100 });
      expect(await means(['', String(HOSTILE_TEXTS[4])], 'room')).toEqual({ '': 100, hall: 4 });
      expect(await means(['never written'])).toEqual({});
      expect(await means([])).toEqual({});
    });

    test('a field is not a tag: no point has a tag of that name', async ({ skip }) => {
      if (!able.query || !able.strings) skip('the store cannot be queried, or keeps no strings');
      await writeAll([pointOf(seriesOf('contract_only_field'), atMs(0), { value: 5, mode: 'auto' })]);
      const only = async (tag: string, value: string) =>
        (await readChart(sink.reader, { ...minute('contract_only_field'), only: { tag, values: [value] } }))
          ?.groups;
      expect(await only('mode', 'auto')).toEqual([]);
      expect(await only('no such tag', 'auto')).toEqual([]);
      expect(await only('no such tag', '')).toEqual([{ name: '', values: [5] }]);
    });

    test('the reader returns when each group was last seen, the newest first', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      const at = (tags: Record<string, string>, ms: number, values: Record<string, number>) =>
        pointOf(seriesOf('contract_last_seen', tags), atMs(ms), values);
      await writeAll([
        at({ device: 'a', city: 'x' }, 1_000, { v: 1 }),
        at({ device: 'a', city: 'y' }, 5_000, { w: 1 }),
        at({ device: 'b' }, 9_000, { v: 1 }),
        at({ device: 'c' }, 7_000, { v: 1 }),
        at({ city: 'x' }, 3_000, { v: 1 }),
        // Written later, but with an earlier timestamp.
        at({ device: 'b' }, 2_000, { v: 1 }),
      ]);
      const query = { measurement: 'contract_last_seen', by: 'device', fromMs: baseMs, maxGroups: 9 };
      const all = [
        { name: 'b', atMs: baseMs + 9_000 },
        { name: 'c', atMs: baseMs + 7_000 },
        { name: 'a', atMs: baseMs + 5_000 },
        { name: '', atMs: baseMs + 3_000 },
      ];
      expect(await sink.reader?.lastSeen(query)).toEqual(all);
      expect(await sink.reader?.lastSeen({ ...query, maxGroups: 2 })).toEqual(all.slice(0, 2));
      expect(await sink.reader?.lastSeen({ ...query, fromMs: baseMs + 5_000 })).toEqual(all.slice(0, 3));
      expect(await sink.reader?.lastSeen({ ...query, fromMs: baseMs + 9_001 })).toEqual([]);
      const { by: _by, ...whole } = query;
      expect(await sink.reader?.lastSeen(whole)).toEqual([{ name: '', atMs: baseMs + 9_000 }]);
      expect(await sink.reader?.lastSeen({ ...query, by: 'no such tag' })).toEqual([
        { name: '', atMs: baseMs + 9_000 },
      ]);
      expect(await sink.reader?.lastSeen({ ...query, measurement: 'contract_never_written' })).toEqual([]);
    });

    test('the reader returns when the numbers of each group have left a range', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      const values = (device: string, numbers: readonly number[]) =>
        numbers.map((value, second) =>
          pointOf(seriesOf('contract_left', { device }), atMs(second * 1_000), { value, other: 5 }),
        );
      await writeAll([
        ...values('above', [5, 9, 8, 8.0001, 20]),
        ...values('below', [2, -1, 1.9]),
        ...values('inside', [1, 9, 5]),
        ...values('never inside', [9, 9]),
        pointOf(seriesOf('contract_left', { device: 'below' }), atMs(9_000), { other: 5 }),
      ]);
      const query = {
        measurement: 'contract_left',
        field: 'value',
        by: 'device',
        names: ['above', 'below', 'inside', 'never inside', 'never written'],
        low: 2,
        high: 8,
        fromMs: baseMs,
      };
      const left = (change: object = {}) => sink.reader?.leftRange({ ...query, ...change });
      const all = new Map([
        ['above', baseMs + 3_000],
        ['below', baseMs + 1_000],
      ]);
      expect(await left()).toEqual(all);
      expect(await left({ names: ['below', 'inside'] })).toEqual(new Map([['below', baseMs + 1_000]]));
      expect(await left({ fromMs: baseMs + 1_000 })).toEqual(new Map([['above', baseMs + 3_000]]));
      expect(await left({ low: -1e-7, high: 8.00005 })).toEqual(new Map([['above', baseMs + 3_000]]));
      expect(await left({ low: -1e21, high: 1e21 })).toEqual(new Map());
      expect(await left({ names: [] })).toEqual(new Map());
      expect(await left({ field: 'no such field' })).toEqual(new Map());
      expect(await left({ measurement: 'contract_never_written' })).toEqual(new Map());
    });

    test('the reader returns the newest value of each field, of any type, also when it is older than the newest point', async ({
      skip,
    }) => {
      if (!able.query || !able.types) skip('the store cannot be queried, or keeps only floats');
      const a = seriesOf('contract_newest', { device: 'a' });
      const points = [
        pointOf(a, atMs(0), { float: 1, int: 7n, text: 'old', yes: true, 'odd "name" \\x': 1 }),
        pointOf(a, atMs(1_000), { float: 2.5, text: `it's "wet" \\ déjà` }),
        pointOf(a, atMs(2_000), { yes: false }),
        pointOf(seriesOf('contract_newest', { device: 'b' }), atMs(500), { int: -(2n ** 53n) }),
        pointOf(seriesOf('contract_newest'), atMs(0), { float: 9 }),
      ];
      await writeAll(points);
      const query = {
        measurement: 'contract_newest',
        by: 'device',
        fromMs: baseMs,
        names: ['a', 'b', '', 'never written'],
        maxFields: 20,
      };
      const answered = async (change: object = {}) => {
        const answer = await sink.reader?.newest({ ...query, ...change });
        const groups = answer?.groups.map(({ name, values }) => [
          name,
          Object.fromEntries(values.map(({ field, value }) => [field, value])),
        ]);
        return { moreFields: answer?.moreFields, groups: Object.fromEntries(groups ?? []) };
      };
      const all = {
        moreFields: false,
        groups: {
          a: { float: 2.5, int: 7, text: `it's "wet" \\ déjà`, yes: false, 'odd "name" \\x': 1 },
          b: { int: -(2 ** 53) },
          '': { float: 9 },
        },
      };
      expect(await answered()).toEqual(all);
      await writeAll(points);
      expect(await answered()).toEqual(all);
      expect(await answered({ names: ['b'] })).toEqual({ moreFields: false, groups: { b: all.groups.b } });
      expect(await answered({ fromMs: baseMs + 1_000, names: ['a'] })).toEqual({
        moreFields: false,
        groups: { a: { float: 2.5, text: `it's "wet" \\ déjà`, yes: false } },
      });
      expect(await answered({ maxFields: 2, names: ['a'] })).toEqual({
        moreFields: true,
        groups: { a: { float: 2.5, int: 7 } },
      });
      expect(await answered({ by: undefined, names: [''] })).toMatchObject({
        groups: { '': { float: 2.5, int: -(2 ** 53), yes: false } },
      });
      expect(await answered({ names: [] })).toMatchObject({ groups: {} });
      expect(await answered({ measurement: 'contract_never_written' })).toMatchObject({ groups: {} });
    });

    test('groups whose names look like queries get their own newest values', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      const measurement = 'contract "newest\' names';
      const field = `value ${HOSTILE_NAME}`;
      const point = (text: string, ms: number, value: number) =>
        pointOf(seriesOf(measurement, { [HOSTILE_NAME]: text }), atMs(ms), { [field]: value });
      await writeAll(HOSTILE_TEXTS.map((text, i) => point(text, i, i)));
      const split = { measurement, by: HOSTILE_NAME, fromMs: baseMs };
      const lastSeen = await sink.reader?.lastSeen({ ...split, maxGroups: 99 });
      expect(lastSeen?.map(({ name }) => name)).toEqual([...HOSTILE_TEXTS].reverse());
      const newest = await sink.reader?.newest({
        ...split,
        names: [...HOSTILE_TEXTS, 'x\r\0y'],
        maxFields: 9,
      });
      expect(new Map(newest?.groups.map(({ name, values }) => [name, values[0]?.value]))).toEqual(
        new Map(HOSTILE_TEXTS.map((text, i) => [text, i])),
      );
      await writeAll(HOSTILE_TEXTS.map((text) => point(text, 90_000, 1_000)));
      const names = [...HOSTILE_TEXTS, 'x\r\0y'];
      const left = await sink.reader?.leftRange({ ...split, field, names, low: 0, high: 999 });
      expect(left).toEqual(new Map(HOSTILE_TEXTS.map((text) => [text, baseMs + 90_000])));
    });

    test('the reader names what it knows in place of an unknown measurement or field', async ({ skip }) => {
      if (!able.query) skip('the store cannot be queried');
      await writeAll([pointOf(seriesOf('contract_known'), atMs(0), { value: 1 })]);
      const asked = (change: object) => readChart(sink.reader, { ...minute('contract_known'), ...change });
      await expect(asked({ measurement: 'contract_knwon' })).rejects.toMatchObject({
        code: 'QUERY_NAMES_UNKNOWN',
        message: 'measurement: "contract_knwon" is not in the store; did you mean "contract_known"?',
      });
      await expect(asked({ field: 'valu' })).rejects.toMatchObject({
        code: 'QUERY_NAMES_UNKNOWN',
        message: 'field: "valu" is not in the store; did you mean "value"?',
      });
    });
  });
}

/** Returns what a store with these capabilities contains after `points`: one row per identity; later fields win. */
function rowsOf(points: readonly Point[], able: SinkCapabilities): StoredRow[] {
  const rows = new Map<string, StoredRow>();
  for (const { series, timestampNs, fields } of points) {
    const tags = Object.fromEntries(series.tags.map((tag) => [tag.name, tag.value]));
    const key = JSON.stringify([series.tags, String(timestampNs)]);
    const stored = fields.map(({ name, value }) => [name, able.types ? value : Number(value)] as const);
    const before = rows.get(key)?.fields ?? {};
    rows.set(key, { tags, timestampNs, fields: { ...before, ...Object.fromEntries(stored) } });
  }
  return [...rows.values()];
}

function sorted(rows: readonly StoredRow[]): StoredRow[] {
  const key = (row: StoredRow) =>
    `${row.timestampNs.toString().padStart(24, '0')} ${JSON.stringify(Object.entries(row.tags).sort())}`;
  const keyed = rows.map((row) => [key(row), row] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row);
}
