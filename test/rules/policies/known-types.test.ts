import { expect, test } from 'vitest';
import { KnownTypes } from '../../../src/rules/policies/known-types.js';
import { SetClock } from '../../support/clock.js';
import { pointOf, seriesOf } from '../../support/points.js';

const conflict = (field: string, storedType: 'float' | 'int', hour?: bigint) => ({
  measurement: 'm',
  field,
  storedType,
  ...(hour !== undefined && { span: { fromNs: hour * 10n, toNs: hour * 10n + 10n } }),
});

function setUp() {
  const clock = new SetClock();
  return { clock, known: new KnownTypes(clock) };
}

test('a type is known for a minute from when it was last learned', () => {
  const { clock, known } = setUp();
  known.learn(conflict('v', 'float'));
  clock.elapsedMs += 59_999;
  expect(known.typeOf('m', 'v', 5n)).toEqual({ type: 'float', isCertain: true });
  known.learn(conflict('v', 'float'));
  clock.elapsedMs += 59_999;
  expect(known.typeOf('m', 'v', 5n)).toBeDefined();
  clock.elapsedMs += 1;
  expect(known.typeOf('m', 'v', 5n)).toBeUndefined();
});

test('what the store said of a time counts there only, and more than what it answered when asked', () => {
  const { known } = setUp();
  known.learnAsked('m', 'v', 'int');
  known.learn(conflict('v', 'float', 1n));
  expect(known.typeOf('m', 'v', 9n)).toEqual({ type: 'int', isCertain: false });
  expect(known.typeOf('m', 'v', 10n)).toEqual({ type: 'float', isCertain: true });
  expect(known.typeOf('m', 'v', 20n)).toEqual({ type: 'int', isCertain: false });
});

test('the newer type of one time replaces the older', () => {
  const { known } = setUp();
  known.learn(conflict('v', 'float', 1n));
  known.learn(conflict('v', 'int', 1n));
  expect(known.typeOf('m', 'v', 10n)?.type).toBe('int');
});

test('of many times the oldest is forgotten', () => {
  const { known } = setUp();
  for (let hour = 0n; hour < 30n; hour++) known.learn(conflict('v', 'float', hour));
  expect(known.typeOf('m', 'v', 0n)).toBeUndefined();
  expect(known.typeOf('m', 'v', 290n)).toBeDefined();
});

test('many fields do not fill the memory', () => {
  const { known } = setUp();
  for (let i = 0; i < 10_001; i++) known.learn(conflict(`f${i}`, 'float'));
  expect(known.typeOf('m', 'f0', 0n)).toBeUndefined();
  expect(known.typeOf('m', 'f10000', 0n)).toBeDefined();
});

test('all is forgotten when it is cleared', () => {
  const { known } = setUp();
  known.learn(conflict('v', 'float'));
  known.clear();
  expect(known.typeOf('m', 'v', 0n)).toBeUndefined();
  expect(known.mayDiffer(pointOf(seriesOf('m'), 0n, { v: 1n }))).toBe(false);
});

test('a point may differ when one of its fields has another type at some time', () => {
  const { known } = setUp();
  const may = (v: number | bigint, measurement = 'm') =>
    known.mayDiffer(pointOf(seriesOf(measurement), 0n, { other: 'x', v }));
  known.learn(conflict('v', 'float', 1n));
  expect([may(1), may(1n), may(1n, 'n')]).toEqual([false, true, false]);
  known.learn(conflict('v', 'int', 2n));
  expect([may(1), may(1n)]).toEqual([true, true]);
});
