import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SluiceError } from '../../src/lib/errors.js';
import type { Point } from '../../src/sink/point.js';
import type { Sink } from '../../src/sink/sink.js';
import { MAX_TOP_CHARACTERS, MAX_TOP_VALUES } from '../../src/sink/top-values.js';
import type {
  FoldedGroup,
  FoldField,
  FoldQuery,
  StoredRow,
  WindowReader,
} from '../../src/sink/window-reader.js';
import { pointOf, seriesOf } from '../support/points.js';
import { anyQuestion, anyWrites } from './window-questions.js';
import { expectGroups, expectRows, ReferenceStore, type SeriesKey, tagsText } from './window-reference.js';

export interface WindowReaderUnderTest {
  /** The sink, already open; it has `windows`. */
  readonly sink: Sink;
  /** The order of series that `first` and `last` are taken from when they have one time; by default that of the tags as JSON. */
  readonly seriesKey?: SeriesKey;
  /** Closes the sink and frees its resources. */
  stop(): Promise<void>;
}

const NS_PER_MS = 1_000_000n;
const MINUTE_MS = 60_000;
const MINUTE_NS = 60_000_000_000n;
/** No backslash before a blank: InfluxDB and its relatives read that in two ways, so no point has it. */
const HOSTILE_TEXT = `' OR 1 = 1 --; "x" \\/.*/ Zürich 🌧`;
const never = () => new AbortController().signal;

/** A field with nothing beside what is always taken. */
export function plain(name: string): FoldField {
  return { name, shape: false, steps: false, quantiles: false };
}

/** A field with everything that can be asked for. */
export function everything(name: string): FoldField {
  return { name, shape: true, steps: true, quantiles: true, top: true, histogram: [0, 10, 20] };
}

/**
 * The contract of every reader of windows (see src/sink/window-reader.ts), tested with a real store. `factory` is called
 * once; each test uses its own measurements. Every answer is compared with `ReferenceStore`, which shares no code with it.
 */
export function windowReaderContract(name: string, factory: () => Promise<WindowReaderUnderTest>): void {
  describe(`${name} keeps the contract of a reader of windows`, { timeout: 60_000 }, () => {
    let under: WindowReaderUnderTest;
    let reader: WindowReader;
    let reference: ReferenceStore;
    // A recent whole minute: stores have retention windows.
    const baseMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
    const fromNs = BigInt(baseMs) * NS_PER_MS;
    const toNs = fromNs + MINUTE_NS;

    beforeAll(async () => {
      under = await factory();
      reference = new ReferenceStore(under.seriesKey ?? tagsText);
      if (under.sink.windows === undefined) throw new Error('the sink has no windows');
      reader = under.sink.windows;
    }, 60_000);
    afterAll(async () => {
      await under?.stop();
    }, 60_000);

    const atS = (seconds: number) => fromNs + BigInt(Math.round(seconds * 1e9));
    const write = async (...points: readonly Point[]) => {
      expect(await under.sink.write(points, never())).toEqual([]);
      reference.write(points);
    };
    const query = (measurement: string, fields: readonly FoldField[], more: Partial<FoldQuery> = {}) => ({
      measurement,
      fromNs,
      toNs,
      fields,
      lookbackMs: 0,
      ...more,
    });
    const folded = (asked: FoldQuery) => collected(reader.fold(asked, never()));
    /** Compares with the reference, and returns the groups for what a test says of them itself. */
    const expectFold = async (asked: FoldQuery): Promise<readonly FoldedGroup[]> => {
      const groups = await folded(asked);
      expectGroups(groups, reference.fold(asked));
      return groups;
    };
    const rowsOf = (measurement: string, fields: readonly string[], more: Partial<FoldQuery> = {}) => {
      const { lookbackMs: _, ...asked } = { ...query(measurement, [], more), fields };
      return { asked, read: () => collected(reader.rows(asked, never())) };
    };
    const expectRead = async (...args: Parameters<typeof rowsOf>): Promise<readonly StoredRow[]> => {
      const { asked, read } = rowsOf(...args);
      const rows = await read();
      expectRows(rows, reference.rows(asked));
      return rows;
    };

    test('a float field of one series has its count, sum, mean, m2, min, max, first and last', async () => {
      const series = seriesOf('window_float', { device: 'a' });
      const values = [20.5, -3, 7.25, 8];
      await write(...values.map((v, i) => pointOf(series, atS(i), { v })));
      const [group] = await expectFold(query('window_float', [plain('v')]));
      expect(group?.tags).toEqual([{ name: 'device', value: 'a' }]);
      expect(group?.fields.get('v')).toMatchObject({
        count: 4,
        numbers: { sum: 32.75, mean: 8.1875, min: -3, max: 20.5, first: 20.5, last: 8 },
      });
    });

    test('a span has its start and not its end, to the nanosecond', async () => {
      const series = seriesOf('window_span');
      const timesNs = [fromNs - 1n, fromNs, fromNs + 1n, toNs - 1n, toNs];
      await write(...timesNs.map((timeNs, i) => pointOf(series, timeNs, { v: i })));
      const [group] = await expectFold(query('window_span', [plain('v')]));
      expect(group?.fields.get('v')).toMatchObject({ count: 3, numbers: { min: 1, max: 3 } });
      const rows = await expectRead('window_span', ['v']);
      expect(rows.map(({ timestampNs }) => timestampNs)).toEqual(timesNs.slice(1, 4));
      await expectFold(query('window_span', [everything('v')], { fromNs: fromNs + 1n, toNs: fromNs + 2n }));
    });

    test('an empty span and one that ends before it starts have nothing', async () => {
      await write(pointOf(seriesOf('window_empty'), fromNs, { v: 1 }));
      for (const more of [{ toNs: fromNs }, { toNs: fromNs - 1n }, { fromNs: fromNs + 1n }]) {
        expect(await folded(query('window_empty', [everything('v')], more))).toEqual([]);
        expect(await rowsOf('window_empty', ['v'], more).read()).toEqual([]);
      }
    });

    test('a measurement or a field that does not exist gives nothing', async () => {
      await write(pointOf(seriesOf('window_known', { device: 'a' }), fromNs, { v: 1 }));
      expect(await folded(query('window_unknown', [everything('v')]))).toEqual([]);
      expect(await folded(query('window_known', [everything('w')]))).toEqual([]);
      expect(await folded(query('window_known', []))).toEqual([]);
      await expectFold(query('window_known', [plain('w'), plain('v')]));
      expect(await rowsOf('window_unknown', ['v']).read()).toEqual([]);
      expect(await rowsOf('window_known', ['w']).read()).toEqual([]);
      expect(await rowsOf('window_known', []).read()).toEqual([]);
      await expectRead('window_known', ['w', 'v']);
    });

    test('points are grouped by some tags, by series, and by none; a missing tag is left out', async () => {
      const tagSets: TagSets = [
        { site: 'x', device: 'a', kind: 'k' },
        { site: 'x', device: 'b' },
        { site: 'y', device: 'a' },
        { device: 'a' },
        {},
      ];
      await write(
        ...tagSets.flatMap((tags, i) => [
          pointOf(seriesOf('window_by', tags), atS(i), { v: i }),
          pointOf(seriesOf('window_by', tags), atS(i + 10), { v: i * 2 }),
        ]),
      );
      const fields = [everything('v')];
      expect(await expectFold(query('window_by', fields))).toHaveLength(5);
      const bySite = await expectFold(query('window_by', fields, { by: ['site'] }));
      expect(bySite.map(({ tags }) => tagsText(tags)).sort()).toEqual([
        '[["site","x"]]',
        '[["site","y"]]',
        '[]',
      ]);
      expect(await expectFold(query('window_by', fields, { by: ['site', 'device'] }))).toHaveLength(5);
      expect(await expectFold(query('window_by', fields, { by: ['device', 'site'] }))).toHaveLength(5);
      expect(await expectFold(query('window_by', fields, { by: ['unknown', 'kind'] }))).toHaveLength(2);
      expect(await expectFold(query('window_by', fields, { by: [] }))).toHaveLength(1);
    });

    test('only some groups are read; the empty text is a missing tag', async () => {
      const tagSets: TagSets = [
        { site: 'x', device: 'a' },
        { site: 'x', device: 'b' },
        { site: 'y' },
        { device: 'b' },
        {},
      ];
      await write(...tagSets.map((tags, i) => pointOf(seriesOf('window_only', tags), atS(i), { v: i })));
      const filters = [
        { tags: ['device'], values: [['b']] },
        { tags: ['device'], values: [['']] },
        {
          tags: ['site', 'device'],
          values: [
            ['x', 'b'],
            ['y', ''],
            ['none', 'none'],
          ],
        },
        { tags: ['device', 'site'], values: [['', '']] },
        { tags: ['unknown'], values: [['']] },
        { tags: ['unknown'], values: [['a']] },
        { tags: ['device'], values: [] },
      ];
      for (const only of filters) {
        for (const by of [undefined, ['device'], ['site']]) {
          await expectFold(query('window_only', [everything('v')], { only, ...(by && { by }) }));
        }
        await expectRead('window_only', ['v'], { only });
      }
      expect(await folded(query('window_only', [plain('v')], { only: filters[2]! }))).toHaveLength(2);
    });

    test('of several series with one time, first and last are those of the greatest, also when another field is missing', async () => {
      const devices = ['b', 'a', 'd', 'c', 'B', 'ä'];
      const all = devices.map((device) => seriesOf('window_ties', { device, site: 'x' }));
      await write(
        ...all.map((series, i) => pointOf(series, atS(1), { v: i, other: i })),
        ...all.map((series, i) => pointOf(series, atS(2), { v: i + 10 })),
        ...all.slice(0, 3).map((series, i) => pointOf(series, atS(2), { other: i + 20 })),
      );
      for (const by of [['site'], []]) {
        await expectFold(query('window_ties', [plain('v'), plain('other')], { by }));
      }
    });

    test('a point that is written again counts once, with its new value', async () => {
      const series = seriesOf('window_again', { device: 'a' });
      await write(pointOf(series, atS(1), { v: 1, w: 5 }), pointOf(series, atS(2), { v: 2 }));
      await write(pointOf(series, atS(1), { v: 7 }));
      await write(pointOf(series, atS(1), { v: 7 }), pointOf(series, atS(1), { w: 6 }));
      const [group] = await expectFold(query('window_again', [everything('v'), everything('w')]));
      expect(group?.fields.get('v')).toMatchObject({ count: 2, numbers: { first: 7, last: 2, sum: 9 } });
      await expectRead('window_again', ['v', 'w']);
    });

    test('ints are taken as doubles, booleans have trueCount, texts only count', async () => {
      const series = seriesOf('window_types', { device: 'a' });
      await write(
        pointOf(series, atS(0), { int: 5n, yes: true, text: 'on' }),
        pointOf(series, atS(1), { int: -2n, yes: true, text: 'off' }),
        pointOf(series, atS(2), { int: 9_007_199_254_740_992n, yes: false, text: 'off' }),
        pointOf(series, atS(3), { int: 0n }),
      );
      const names = ['int', 'yes', 'text'];
      const [group] = await expectFold(query('window_types', names.map(plain)));
      expect(group?.fields.get('yes')).toEqual({ count: 3, trueCount: 2 });
      expect(group?.fields.get('text')).toEqual({ count: 3 });
      const [stepped] = await expectFold(query('window_types', names.map(everything)));
      expect(stepped?.fields.get('text')).toMatchObject({
        count: 3,
        steps: { changes: 1, increase: 0, seconds: 0 },
      });
      await expectRead('window_types', names);
    });

    test('a field that a point does not have is no value', async () => {
      const [a, b] = ['a', 'b'].map((device) => seriesOf('window_null', { device }));
      await write(
        pointOf(a!, atS(0), { v: 1 }),
        pointOf(a!, atS(1), { w: 2 }),
        pointOf(a!, atS(2), { v: 3 }),
        pointOf(b!, atS(3), { w: 4 }),
        pointOf(b!, atS(90), { v: 5 }),
      );
      expect(await expectFold(query('window_null', [everything('v')]))).toHaveLength(1);
      const groups = await expectFold(query('window_null', [everything('v'), everything('w')]));
      expect(groups.map(({ fields }) => [...fields.keys()].sort()).sort()).toEqual([['v', 'w'], ['w']]);
      expect(await expectRead('window_null', ['v'])).toHaveLength(2);
    });

    test('values far from zero keep their variance', async () => {
      const series = seriesOf('window_far', { device: 'a' });
      const values = Array.from({ length: 200 }, (_, i) => 1e9 + ((i * 37) % 100) / 128);
      await write(...values.map((v, i) => pointOf(series, atS(i / 4), { v })));
      const mean = values.reduce((sum, v) => sum + (v - 1e9), 0) / values.length;
      const m2 = values.reduce((sum, v) => sum + (v - 1e9 - mean) ** 2, 0);
      const [group] = await folded(query('window_far', [plain('v')]));
      expect(Math.abs((group?.fields.get('v')?.numbers?.m2 ?? 0) / m2 - 1)).toBeLessThan(1e-6);
    });

    test('the largest doubles do not make a window fail', async () => {
      const a = seriesOf('window_huge', { device: 'a' });
      const b = seriesOf('window_huge', { device: 'b' });
      await write(
        pointOf(a, atS(0), { v: 1e308 }),
        pointOf(a, atS(1), { v: -1e308 }),
        pointOf(a, atS(2), { v: 1.7e308 }),
        pointOf(b, atS(2), { v: 2 }),
      );
      const groups = await folded(query('window_huge', [everything('v')]));
      const numbers = groups.find(({ tags }) => tags[0]?.value === 'a')?.fields.get('v')?.numbers;
      expect(numbers).toMatchObject({ min: -1e308, max: 1.7e308, first: 1e308, last: 1.7e308 });
      expectGroups(
        groups.filter(({ tags }) => tags[0]?.value === 'b'),
        reference.fold(
          query('window_huge', [everything('v')], { only: { tags: ['device'], values: [['b']] } }),
        ),
      );
    });

    test('steps are taken in each series, from the last value before the span if it is near enough', async () => {
      const [a, b] = ['a', 'b'].map((device) => seriesOf('window_steps', { device, site: 'x' }));
      await write(
        pointOf(a!, atS(-50), { v: 90 }),
        pointOf(a!, atS(-20), { v: 100 }),
        pointOf(a!, atS(-10), { other: 1 }),
        pointOf(b!, atS(-40), { v: 7 }),
        pointOf(a!, atS(10), { v: 110 }),
        pointOf(a!, atS(20), { v: 110 }),
        pointOf(a!, atS(30), { v: 5 }),
        pointOf(a!, atS(70), { v: 900 }),
        pointOf(b!, atS(15), { v: 8 }),
      );
      const fields = [everything('v')];
      const [all] = await expectFold(query('window_steps', fields, { by: ['site'], lookbackMs: 60_000 }));
      expect(all?.fields.get('v')?.steps).toEqual({
        changes: 3,
        increase: 10 + 0 + 5 + 1,
        weightedSum: 110 * 10 + 110 * 10 + 5 * 30 + 8 * 45,
        seconds: 50 + 45,
      });
      for (const lookbackMs of [0, 19_999, 20_000, 40_000]) {
        await expectFold(query('window_steps', fields, { lookbackMs }));
        await expectFold(query('window_steps', fields, { by: [], lookbackMs }));
      }
    });

    test('a histogram counts from each bound to the next', async () => {
      const series = seriesOf('window_histogram');
      const values = [-5, -0.001, 0, 9.999, 10, 19, 20, 1000];
      await write(...values.map((v, i) => pointOf(series, atS(i), { v })));
      const [group] = await expectFold(query('window_histogram', [everything('v')]));
      expect(group?.fields.get('v')?.numbers?.histogram).toEqual([2, 2, 2, 2]);
      const one = { ...plain('v'), histogram: [10] };
      expect(
        (await expectFold(query('window_histogram', [one])))[0]?.fields.get('v')?.numbers?.histogram,
      ).toEqual([4, 4]);
    });

    test('quantiles are within 1 %, for negative values and zero too', async () => {
      const series = seriesOf('window_quantiles');
      const values = Array.from({ length: 101 }, (_, i) => (i - 50) * Math.abs(i - 50));
      await write(...values.map((v, i) => pointOf(series, atS(i / 2), { v })));
      await expectFold(query('window_quantiles', [{ ...plain('v'), quantiles: true }]));
    });

    test('the most frequent values come with their counts, of several series together, the first of equals first', async () => {
      const [a, b] = ['a', 'b'].map((device) => seriesOf('window_top', { device, site: 'x' }));
      const states = ['off', 'on', 'on', 'error', 'off', 'on', 'é', 'Z'];
      await write(
        ...states.map((text, i) =>
          pointOf(a!, atS(i), { text, yes: text === 'on', v: i % 3, int: BigInt(i % 2) }),
        ),
        ...states.slice(0, 3).map((text, i) => pointOf(b!, atS(i), { text, v: 2.5 })),
        pointOf(a!, atS(-1), { text: 'before' }),
      );
      const fields = ['text', 'yes', 'v', 'int'].map((name) => ({ ...plain(name), top: true }));
      const [group] = await expectFold(query('window_top', fields, { by: ['site'], lookbackMs: 60_000 }));
      const top = (name: string) => [...(group?.fields.get(name)?.top?.counts ?? [])];
      expect(top('text')).toEqual([
        ['on', 5],
        ['off', 3],
        ['Z', 1],
        ['error', 1],
        ['é', 1],
      ]);
      expect(top('yes')).toEqual([
        [false, 5],
        [true, 3],
      ]);
      expect(top('v')).toEqual([
        [0, 3],
        [1, 3],
        [2.5, 3],
        [2, 2],
      ]);
      expect(top('int')).toEqual([
        [0, 4],
        [1, 4],
      ]);
    });

    test('of many values the most frequent are kept, and it is said that there are others', async () => {
      const series = seriesOf('window_top_many', { device: 'a' });
      const long = 'x'.repeat(MAX_TOP_CHARACTERS);
      const values = Array.from({ length: MAX_TOP_VALUES + 10 }, (_, i) => `value ${i}`);
      const texts = [...values, ...values.slice(-3), `${long}1`, `${long}2`, `${long}🌧`];
      await write(...texts.map((text, i) => pointOf(series, atS(i / 10), { text })));
      const fields = [{ ...plain('text'), top: true }];
      const [group] = await expectFold(query('window_top_many', fields));
      const top = group?.fields.get('text')?.top;
      expect([top?.counts.size, top?.isCut, top?.isExact]).toEqual([MAX_TOP_VALUES, true, true]);
      expect([...(top?.counts ?? [])].slice(0, 4)).toEqual([
        [long, 3],
        ['value 39', 2],
        ['value 40', 2],
        ['value 41', 2],
      ]);
    });

    test('names and values that would end a query are quoted', async () => {
      const measurement = `window_hostile ${HOSTILE_TEXT}`;
      const series = seriesOf(measurement, { [HOSTILE_TEXT]: HOSTILE_TEXT, device: 'a' });
      const other = seriesOf(measurement, { device: 'b' });
      const field = `f ${HOSTILE_TEXT}`;
      await write(pointOf(series, atS(0), { [field]: 1.5 }), pointOf(other, atS(0), { [field]: 2.5 }));
      const only = { tags: [HOSTILE_TEXT], values: [[HOSTILE_TEXT]] };
      expect(await expectFold(query(measurement, [everything(field)], { only }))).toHaveLength(1);
      expect(await expectFold(query(measurement, [everything(field)], { by: [HOSTILE_TEXT] }))).toHaveLength(
        2,
      );
      expect(await expectRead(measurement, [field], { only })).toHaveLength(1);
    });

    test('each series comes in the order of time, also when it was written in another', async () => {
      const all = ['a', 'b', 'c'].map((device) => seriesOf('window_order', { device }));
      for (const second of [30, 10, 20, 5, 50]) {
        await write(...all.map((series, i) => pointOf(series, atS(second + i), { v: second })));
      }
      await expectRead('window_order', ['v']);
      await expectFold(query('window_order', [everything('v')], { by: [] }));
    });

    test('thousands of groups all come', async () => {
      const points = Array.from({ length: 3_000 }, (_, i) =>
        pointOf(seriesOf('window_many', { device: `d${i}`, site: `s${i % 7}` }), atS(i / 100), { v: i }),
      );
      await write(...points);
      expect(await expectFold(query('window_many', [plain('v')]))).toHaveLength(3_000);
      expect(await expectFold(query('window_many', [everything('v')], { by: ['site'] }))).toHaveLength(7);
      expect(await expectRead('window_many', ['v'])).toHaveLength(3_000);
      const values = points.slice(0, 1_000).map(({ series }) => [series.tags[0]!.value]);
      const only = { tags: ['device'], values };
      expect(await expectFold(query('window_many', [plain('v')], { only }))).toHaveLength(1_000);
    });

    test('calls may overlap, and one that is stopped early ends nothing else', async () => {
      const all = ['a', 'b'].map((device) => seriesOf('window_overlap', { device }));
      await write(...all.map((series) => pointOf(series, atS(1), { v: 1 })));
      const asked = query('window_overlap', [everything('v')]);
      const early = (async () => {
        for await (const part of reader.fold(asked, never())) return part;
        return [];
      })();
      const answers = await Promise.all([
        folded(asked),
        expectRead('window_overlap', ['v']),
        folded(asked),
        early,
      ]);
      expect(answers.map((answer) => answer.length)).toEqual([2, 2, 2, 2]);
    });

    test('after its signal a call is rejected', async () => {
      await write(pointOf(seriesOf('window_signal'), atS(1), { v: 1 }));
      const signal = AbortSignal.abort();
      const failed = { code: 'SINK_QUERY_FAILED' };
      const { asked } = rowsOf('window_signal', ['v']);
      await expect(
        collected(reader.fold(query('window_signal', [plain('v')]), signal)),
      ).rejects.toMatchObject(failed);
      await expect(collected(reader.rows(asked, signal))).rejects.toMatchObject(failed);
      await expect(collected(reader.rows(asked, signal))).rejects.toBeInstanceOf(SluiceError);
    });

    test('any points, groups and spans give what plain loops over the points give', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(anyWrites, anyQuestion, async (writes, question) => {
          const measurement = `window_any_${run++}`;
          for (const points of writes) {
            await write(
              ...points.map(({ tags, offsetNs, values }) =>
                pointOf(seriesOf(measurement, tags), fromNs + offsetNs, values),
              ),
            );
          }
          const { by, only, fromOffsetNs, lengthNs, lookbackMs, fields } = question;
          const span = { fromNs: fromNs + fromOffsetNs, toNs: fromNs + fromOffsetNs + lengthNs };
          const more = { ...span, ...(only && { only }) };
          await expectFold(query(measurement, fields, { ...more, ...(by && { by }), lookbackMs }));
          await expectRead(
            measurement,
            fields.map(({ name }) => name),
            more,
          );
        }),
        { numRuns: 40 },
      );
    });
  });
}

type TagSets = readonly Readonly<Record<string, string>>[];

async function collected<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(...part);
  return all;
}
