import { expect, it } from 'vitest';
import { type FillOptions, fillWindows } from '../../src/influxql/fill-windows.js';
import { MIN_TIME_NS } from '../../src/influxql/split-condition.js';
import { TimeWindows } from '../../src/influxql/time-windows.js';

const windows = new TimeWindows(10n, 0n, undefined);

function filled(found: Readonly<Record<number, number | bigint>>, options: Partial<FillOptions> = {}) {
  const ascending = options.ascending ?? true;
  const values = Object.entries(found).map(([time, value]) => ({ timeNs: BigInt(time), value }));
  if (!ascending) values.reverse();
  return fillWindows(values, {
    fill: { kind: 'null' },
    windows,
    range: { minNs: 5n, maxNs: 52n },
    ascending,
    type: 'float',
    count: () => undefined,
    ...options,
  }).map(({ timeNs, value }) => [Number(timeNs), value]);
}

it('fills from the window of the start to that of the end', () => {
  expect(filled({ 10: 1, 40: 4 })).toEqual([
    [0, null],
    [10, 1],
    [20, null],
    [30, null],
    [40, 4],
    [50, null],
  ]);
});

it.each([
  ['none', { kind: 'none' }, [1, 4]],
  ['previous', { kind: 'previous' }, [null, 1, 1, 1, 4, 4]],
  ['linear', { kind: 'linear' }, [null, 1, 2, 3, 4, null]],
  ['a number', { kind: 'number', value: 7n }, [7, 1, 7, 7, 4, 7]],
] as const)('with %s', (_name, fill, expected) => {
  expect(filled({ 10: 1, 40: 4 }, { fill }).map(([, value]) => value)).toEqual(expected);
});

it('integers stay integers', () => {
  const range = { minNs: 0n, maxNs: 39n };
  const values = (options: Partial<FillOptions>) =>
    filled({ 0: 1n, 30: 3n }, { range, type: 'integer', ...options }).map(([, value]) => value);
  expect(values({ fill: { kind: 'number', value: 7.9 } })).toEqual([1n, 7n, 7n, 3n]);
  expect(values({ fill: { kind: 'linear' } })).toEqual([1n, 1n, 2n, 3n]);
});

it('texts and booleans are filled with an empty one', () => {
  const range = { minNs: 0n, maxNs: 19n };
  const fill = { kind: 'number', value: 7n } as const;
  expect(filled({ 10: 1 }, { range, fill, type: 'string' })[0]).toEqual([0, '']);
  expect(filled({ 10: 1 }, { range, fill, type: 'boolean' })[0]).toEqual([0, false]);
});

it('descending it goes the other way', () => {
  expect(filled({ 10: 1, 40: 4 }, { ascending: false, fill: { kind: 'previous' } })).toEqual([
    [50, null],
    [40, 4],
    [30, 4],
    [20, 4],
    [10, 1],
    [0, 1],
  ]);
});

it('begins with the first value where the range has no start, and counts what it puts in', () => {
  let count = 0;
  const range = { minNs: MIN_TIME_NS, maxNs: 52n };
  expect(filled({ 20: 2, 40: 4 }, { range, count: () => (count += 1) }).map(([time]) => time)).toEqual([
    20, 30, 40, 50,
  ]);
  expect(count).toBe(2);
  expect(filled({}, { range })).toEqual([]);
});
