import { describe, expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { outcomeIn, ruleOf } from '../rule-outcome.js';

function counted(gaps: string) {
  const rules = ruleOf(`fields: { v: payload.v }, policies: { gaps: ${gaps} }`);
  const state = new StateTables();
  return (counter: number | string, topic = 's/a/t') =>
    outcomeIn(rules, `{"n":${counter},"v":1}`, { topic }, { state }).notes;
}

describe('the counter of a device', () => {
  test('tells what was lost before the gateway, for each device on its own', () => {
    const send = counted('{ counter: payload.n }');
    expect([send(5), send(6), send(6), send(10)]).toEqual([{}, {}, {}, { 'lost-before-gateway': 3 }]);
    expect(send(100, 's/b/t')).toEqual({});
    expect(send(11)).toEqual({});
  });

  test('goes around at its largest number', () => {
    const send = counted('{ counter: payload.n, largest: 255 }');
    expect([send(254), send(255), send(0), send(3)]).toEqual([{}, {}, {}, { 'lost-before-gateway': 2 }]);
    expect([send(254), send(1)]).toEqual([{ 'lost-before-gateway': 250 }, { 'lost-before-gateway': 2 }]);
  });

  test('begins again when a device restarts, and that is no loss', () => {
    const send = counted('{ counter: payload.n }');
    expect([send(500), send(0), send(1)]).toEqual([{}, { 'counter-restarted': 1 }, {}]);
    expect(send(1_000_000)).toEqual({ 'counter-restarted': 1 });
  });

  test('is missed where it is not a whole number', () => {
    const send = counted('{ counter: payload.n }');
    for (const bad of ['1.5', '"x"', 'null', '""', '"  "', '"0x10"', '"1e3"'])
      expect(send(bad)).toMatchObject({ 'counter-missing': 1 });
    expect([send('"7"'), send(9)]).toEqual([{}, { 'lost-before-gateway': 1 }]);
  });

  test('a replay leaves it alone', () => {
    const rules = ruleOf('fields: { v: payload.v }, policies: { gaps: { counter: payload.n } }');
    const state = new StateTables();
    const send = (n: number, isReplay = false) =>
      outcomeIn(rules, `{"n":${n},"v":1}`, {}, { state, isReplay }).notes;
    expect([send(1), send(9, true), send(2)]).toEqual([{}, {}, {}]);
  });

  test('a message that has no value now has come, and is no loss', () => {
    const rules = ruleOf('fields: { v: payload.v }, policies: { gaps: { counter: payload.n } }');
    const state = new StateTables();
    const send = (payload: string) => outcomeIn(rules, payload, {}, { state });
    expect(send('{"n":1,"v":1}').notes).toEqual({});
    expect(send('{"n":2,"v":null}').outcome).toBe('filtered by r: no value');
    expect(send('{"n":3,"v":1}').notes).toEqual({});
  });

  test('a duplicate has come as well, whatever its counter is', () => {
    const rules = ruleOf(
      'fields: { v: payload.v }, policies: { duplicates: { key: payload.id }, gaps: { counter: payload.n } }',
    );
    const state = new StateTables();
    const send = (id: number, n: number) => outcomeIn(rules, `{"id":${id},"n":${n},"v":1}`, {}, { state });
    expect(send(1, 1).outcome).toBe('written');
    expect(send(1, 2).outcome).toBe('filtered by r: duplicate');
    expect(send(2, 3)).toMatchObject({ outcome: 'written', notes: {} });
  });
});
