import { describe, expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { outcomeIn, ruleOf } from '../rule-outcome.js';

const AT_S = '"t":1773000310';
const RULE = 'tags: { id: payload.id }, time: { path: t, unit: s }, fields: { v: payload.v }';

function sender(policies: string, rule = RULE) {
  const rules = ruleOf(`${rule}, policies: ${policies}`);
  const state = new StateTables();
  return (payload: string) => outcomeIn(rules, payload, {}, { state });
}

const timeOf = ({ lines }: { readonly lines: readonly string[] }) => BigInt(lines[0]!.split(' ').at(-1)!);

describe('two readings of one series at one time', () => {
  test('are counted when they differ, and the later one is what stays', () => {
    const send = sender('{ collision: keep-last }');
    expect(send(`{"id":"a","v":1,${AT_S}}`).notes).toEqual({});
    expect(send(`{"id":"b","v":2,${AT_S}}`).notes).toEqual({});
    expect(send(`{"id":"a","v":1,${AT_S}}`).notes).toEqual({});
    expect(send(`{"id":"a","v":2,${AT_S}}`)).toMatchObject({ outcome: 'written', notes: { collision: 1 } });
    expect(send('{"id":"a","v":3,"t":1773000311}').notes).toEqual({});
  });

  test('both stay with spread, within the second, and a reading that is sent again is the same point', () => {
    const send = sender('{ collision: spread }');
    const from = 1_773_000_310_000_000_000n;
    const times = [1, 2, 3, 4, 5].map((v) => timeOf(send(`{"id":"a","v":${v},${AT_S}}`)));
    expect(new Set(times).size).toBe(5);
    for (const time of times) expect(time >= from && time < from + 1_000_000_000n).toBe(true);
    expect(timeOf(send(`{"id":"a","v":3,${AT_S}}`))).toBe(times[2]);
    expect(timeOf(sender('{ collision: spread }')(`{"id":"a","v":3,${AT_S}}`))).toBe(times[2]);
  });

  test.each([
    ['ms', 'time: { path: t, unit: ms }', '1773000310123', 1_773_000_310_123_000_000n, 1_000_000n],
    [
      'a text of seconds',
      'time: { path: t, unit: rfc3339 }',
      '"2026-03-08T20:05:10Z"',
      1_773_000_310_000_000_000n,
      1_000_000_000n,
    ],
    [
      'a text of tenths',
      'time: { path: t, unit: rfc3339 }',
      '"2026-03-08T20:05:10.5Z"',
      1_773_000_310_500_000_000n,
      100_000_000n,
    ],
    [
      'seconds with decimals',
      'time: { path: t, unit: s }',
      '1773000310.25',
      1_773_000_310_250_000_000n,
      10_000_000n,
    ],
    ['ns', 'time: { path: t, unit: ns }', '1773000310123456789', 1_773_000_310_123_456_789n, 1n],
    ['auto', 'time: auto', '1773000310', 1_773_000_310_000_000_000n, 1_000_000_000n],
  ])('a time in %s is moved within its precision only', (_what, time, written, from, precision) => {
    const key = time === 'time: auto' ? 'time' : 't';
    const send = sender('{ collision: spread }', `${time}, fields: { v: payload.v }`);
    const times = Array.from({ length: 50 }, (_, v) => timeOf(send(`{"v":${v},"${key}":${written}}`)));
    for (const one of times) expect(one >= from && one < from + precision).toBe(true);
    if (precision > 1_000n) expect(new Set(times).size).toBeGreaterThan(45);
  });

  test('the receive time is nobody else’s, and stays as it is', () => {
    const send = sender('{ collision: spread }', 'fields: { v: payload.v }');
    expect(timeOf(send('{"v":1}'))).toBe(1_773_000_312_500_000_000n);
    const replaced = sender('{ collision: spread }', 'time: { path: t, unit: s }, fields: { v: payload.v }');
    expect(timeOf(replaced('{"v":1}'))).toBe(1_773_000_312_500_000_000n);
  });
});
