import { describe, expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { CASE_RECEIVED_AT_NS, outcomeIn, ruleOf } from '../rule-outcome.js';

function sender(duplicates: string) {
  const rules = ruleOf(`fields: { v: payload.v }, policies: { duplicates: ${duplicates} }`);
  let state = new StateTables();
  const send = (payload: string, atS = 0, isReplay = false) =>
    outcomeIn(
      rules,
      payload,
      { receivedAtNs: CASE_RECEIVED_AT_NS + BigInt(atS) * 1_000_000_000n },
      { state, isReplay },
    );
  const restart = () => {
    const saved = JSON.parse(JSON.stringify(state.takeAll()));
    state = new StateTables();
    state.restore(saved);
  };
  return { send, restart, state: () => state };
}

describe('messages that were sent again', () => {
  test('are filtered within the window, also after a restart, and not behind it', () => {
    const { send, restart } = sender('{ key: payload.id, within: 60s }');
    expect(send('{"id":1,"v":1}').outcome).toBe('written');
    expect(send('{"id":1,"v":1}', 59).outcome).toBe('filtered by r: duplicate');
    expect(send('{"id":2,"v":1}', 59).outcome).toBe('written');
    restart();
    expect(send('{"id":2,"v":1}', 100).outcome).toBe('filtered by r: duplicate');
    expect(send('{"id":1,"v":1}', 100).outcome).toBe('written');
  });

  test('a message that a budget has parked is none that was taken: sent again, it is judged again', () => {
    const policies =
      'policies: { duplicates: { key: payload.id }, cardinality: { tagValues: 1, otherwise: park } }';
    const rules = ruleOf(`tags: { tag: payload.tag }, fields: { v: payload.v }, ${policies}`);
    const state = new StateTables();
    const send = (payload: string) =>
      outcomeIn(rules, payload, { receivedAtNs: CASE_RECEIVED_AT_NS }, { state }).outcome;
    expect(send('{"id":1,"tag":"a","v":1}')).toBe('written');
    expect(send('{"id":2,"tag":"b","v":1}')).toContain('too-many-series');
    expect(send('{"id":2,"tag":"b","v":1}')).toContain('too-many-series');
    expect(send('{"id":1,"tag":"a","v":1}')).toBe('filtered by r: duplicate');
  });

  test('several references are one key, and a text is told from another split of it', () => {
    const { send } = sender('{ key: [payload.a, payload.b] }');
    expect(send('{"a":"x","b":"yz","v":1}').outcome).toBe('written');
    expect(send('{"a":"xy","b":"z","v":1}').outcome).toBe('written');
    expect(send('{"a":"x","b":"yz","v":2}').outcome).toBe('filtered by r: duplicate');
  });

  test('one without a key is taken, and counted', () => {
    const { send } = sender('{ key: payload.id }');
    expect(send('{"v":1}')).toMatchObject({ outcome: 'written', notes: { 'duplicate-key-missing': 1 } });
  });

  test('a message that was parked is no first one, and its replay is not held back', () => {
    const { send } = sender('{ key: payload.id }');
    expect(send('{"id":1,"v":"x"}').outcome).toBe('written');
    const strict = ruleOf(
      'fields: { v: { path: payload.v, type: float } }, policies: { duplicates: { key: payload.id } }',
    );
    const state = new StateTables();
    const parked = () => outcomeIn(strict, '{"id":1,"v":"x"}', {}, { state }).outcome;
    expect([parked(), parked()]).toEqual(Array(2).fill('parked as field-wrong-type'));
    expect(outcomeIn(strict, '{"id":1,"v":1}', {}, { state }).outcome).toBe('written');
    expect(outcomeIn(strict, '{"id":1,"v":1}', {}, { state: state.overlay(), isReplay: true }).outcome).toBe(
      'written',
    );
  });

  test('one over a budget was not written either', () => {
    const rules = ruleOf(
      'tags: { d: payload.d }, policies: { duplicates: { key: payload.id }, cardinality: { series: 1, clientShare: 100 } }',
    );
    const state = new StateTables();
    const send = (payload: string) => outcomeIn(rules, payload, {}, { state }).outcome;
    expect(send('{"d":"a","id":1,"v":1}')).toBe('written');
    expect(send('{"d":"b","id":2,"v":1}')).toBe('parked as too-many-series');
    expect(send('{"d":"b","id":2,"v":1}')).toBe('parked as too-many-series');
  });

  test('the keys are bounded: with more of them the window is shorter, and that is counted', () => {
    const { send, state } = sender('{ key: payload.id, maxKeys: 100 }');
    const notes: Record<string, number>[] = [];
    for (let id = 0; id < 1_000; id += 1) notes.push(send(`{"id":${id},"v":1}`).notes);
    expect(notes.filter((one) => one['duplicate-window-short'] === 1).length).toBeGreaterThan(10);
    const kept = state()
      .takeAll()
      .map(([, , value]) => JSON.stringify(value))
      .join('');
    expect(kept.length).toBeLessThan(4_000);
    expect(send('{"id":999,"v":1}').outcome).toBe('filtered by r: duplicate');
  });

  test('an empty key is none, and 0 is one', () => {
    const { send } = sender('{ key: payload.id }');
    for (const id of ['""', 'null']) {
      const sent = [1, 2].map(() => send(`{"id":${id},"v":1}`));
      for (const one of sent)
        expect(one).toMatchObject({ outcome: 'written', notes: { 'duplicate-key-missing': 1 } });
    }
    expect([send('{"id":0,"v":1}'), send('{"id":0,"v":1}')].map(({ outcome }) => outcome)).toEqual([
      'written',
      'filtered by r: duplicate',
    ]);
  });

  test('clocks of several gateways on one stream that differ a little cost no key', () => {
    const { send } = sender('{ key: payload.id, within: 60s }');
    for (const [id, atS] of [
      [1, 0],
      [2, 50],
      [3, 61],
      [4, 60],
      [5, 59],
    ])
      send(`{"id":${id},"v":1}`, atS);
    expect([2, 3, 4, 5].map((id) => send(`{"id":${id},"v":1}`, 62).outcome)).toEqual(
      Array(4).fill('filtered by r: duplicate'),
    );
  });

  test('a clock that was set back by more than the window does not keep the keys for ever', () => {
    const { send } = sender('{ key: payload.id, within: 60s }');
    expect(send('{"id":1,"v":1}', 100_000).outcome).toBe('written');
    expect(send('{"id":2,"v":1}', 0).outcome).toBe('written');
    expect(send('{"id":2,"v":1}', 59).outcome).toBe('filtered by r: duplicate');
    expect(send('{"id":2,"v":1}', 200).outcome).toBe('written');
  });
});
