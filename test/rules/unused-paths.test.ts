import { expect, test } from 'vitest';
import { unusedPaths } from '../../src/rules/unused-paths.js';

const unused = (
  payload: Parameters<typeof unusedPaths>[0],
  used: readonly string[],
  elements: readonly string[] = [],
) => unusedPaths(payload, new Set(used), new Set(elements));

test('the largest parts that nobody has read', () => {
  const payload = { t: 1, radio: { rssi: -80, snr: 1 }, list: [1, 2], deep: { a: { b: 1, c: 2 }, d: 3 } };
  expect(unused(payload, ['payload.t', 'payload.deep.a.b'])).toEqual([
    'payload.radio',
    'payload.list',
    'payload.deep.a.c',
    'payload.deep.d',
  ]);
});

test('a key that was read as a whole is used with all in it, and odd keys are quoted', () => {
  expect(
    unused({ a: { b: 1 }, 'odd key': { x: 1, 'y.z': 2 } }, ['payload.a', 'payload["odd key"].x']),
  ).toEqual(['payload["odd key"]["y.z"]']);
});

test('an index that was read leaves the others; elements of one list are named together', () => {
  expect(unused([1, 2], ['payload[0]'])).toEqual(['payload[1]']);
  const payload = {
    list: [
      { t: 1, x: 1 },
      { t: 2, x: 2 },
    ],
  };
  const paths = ['payload.list[0]', 'payload.list[1]'];
  expect(
    unused(
      payload,
      paths.map((path) => `${path}.t`),
      paths,
    ),
  ).toEqual(['payload.list[*].x']);
});

test('nothing is named of a payload that has no keys, and at most a hundred of one that has many', () => {
  expect(unused(5, [])).toEqual([]);
  expect(unused({}, [])).toEqual([]);
  expect(unused({ a: 1 }, [])).toEqual(['payload.a']);
  expect(unused(Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at])), [])).toHaveLength(
    100,
  );
});
