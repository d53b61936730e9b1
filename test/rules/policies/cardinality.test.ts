import { describe, expect, test, vi } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import type { OverBudgetNotice } from '../../../src/rules/policies/cardinality.js';
import { cardinalityOf } from '../../../src/rules/policies/rule-policies.js';
import { CASE_RECEIVED_AT_NS, outcomeIn, ruleSetOf } from '../rule-outcome.js';

const DAY_NS = 86_400_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;

/** A fleet on `s/<device>` whose payloads name an identity `id`; numbers of the payload become fields. */
function fleet(cardinality: string) {
  const rules = ruleSetOf(`
consumer: { policies: { cardinality: ${cardinality} } }
rules:
  - name: fleet
    topic: s/+device
    measurement: m
    tags: { device: topic.device, id: payload.id }
`);
  let state = new StateTables();
  const notices: OverBudgetNotice[] = [];
  let atNs = CASE_RECEIVED_AT_NS;
  const send = (
    payload: Record<string, unknown>,
    { topic = 's/a', clientId = 'c', user = '', isReplay = false, laterNs = 1n } = {},
  ) => {
    atNs += laterNs;
    const record = { topic, clientId, user, receivedAtNs: atNs };
    return outcomeIn(rules, JSON.stringify(payload), record, {
      state: isReplay ? state.overlay() : state,
      isReplay,
      notice: (over) => notices.push(over),
    });
  };
  const restart = () => {
    const saved = JSON.parse(JSON.stringify(state.takeAll()));
    state = new StateTables();
    state.restore(saved);
  };
  const again = (payload: Record<string, unknown>, overlay: StateTables, laterNs: bigint) =>
    outcomeIn(
      rules,
      JSON.stringify(payload),
      { topic: 's/a', receivedAtNs: atNs + laterNs },
      { state: overlay, isReplay: true },
    );
  return { send, again, state: () => state, restart, notices, usage: () => cardinalityOf(state).usage(3) };
}

/** Sends `count` payloads with an identity of their own each. */
const flood = ({ send }: ReturnType<typeof fleet>, count: number, from = 0, clientId = 'bad') =>
  Array.from({ length: count }, (_, n) => send({ id: `${clientId}-${from + n}`, v: 1 }, { clientId }));

describe('[security 43] a budget of series', () => {
  test('parks the records of new series, names client, tag and setting, and lets known ones through', () => {
    const one = fleet('{ series: 4, clientShare: 100 }');
    expect(flood(one, 4).map(({ outcome }) => outcome)).toEqual(Array(4).fill('written'));
    const [over] = flood(one, 1, 4);
    expect(over).toMatchObject({
      outcome: 'parked as too-many-series',
      reason: '"m" has 4 series already (policies.cardinality.series)',
    });
    expect(one.notices).toMatchObject([
      { budget: 'series', measurement: 'm', name: 'id', sender: 'bad', limit: 4 },
    ]);
    expect(one.send({ id: 'bad-2', v: 2 }).outcome).toBe('written');
  });

  test('leaves room for others when one client has used up its share', () => {
    const one = fleet('{ series: 10 }');
    const outcomes = flood(one, 20).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(5);
    expect(one.notices[0]).toMatchObject({ budget: 'client-series', sender: 'bad', limit: 5 });
    expect(one.send({ id: 'new', v: 1 }, { clientId: 'honest', topic: 's/b' }).outcome).toBe('written');
  });

  test.each([
    ['omit', 'm,device=a v=1', { 'tag-over-budget': 1 }],
    ['demote', 'm,device=a v=1,id_value="bad-3"', { 'tag-demoted': 1 }],
  ])('%s: the tag that makes so many series leaves it, and all else is written', (otherwise, line, notes) => {
    const one = fleet(`{ tagValues: 3, otherwise: ${otherwise} }`);
    flood(one, 3);
    const [over] = flood(one, 1, 3);
    expect(over!.lines[0]).toContain(line);
    expect(over).toMatchObject({ outcome: 'written', notes });
    // A value that is known keeps its tag.
    expect(one.send({ id: 'bad-1', v: 1 }).lines[0]).toContain('id=bad-1');
  });

  test('forgets a series that was not seen for long', () => {
    const one = fleet('{ series: 3, clientShare: 100, forgetAfter: 2d }');
    flood(one, 3);
    one.send({ id: 'bad-0', v: 1 }, { laterNs: 2n * DAY_NS });
    expect(flood(one, 1, 9)[0]!.outcome).toBe('parked as too-many-series');
    one.send({ id: 'bad-0', v: 1 }, { laterNs: DAY_NS });
    expect(flood(one, 2, 9).map(({ outcome }) => outcome)).toEqual(['written', 'written']);
    expect(flood(one, 1, 20)[0]!.outcome).toBe('parked as too-many-series');
    expect(one.send({ id: 'bad-0', v: 1 }).outcome).toBe('written');
  });

  test('a replay adds nothing, and is parked again while there is no room', () => {
    const one = fleet('{ series: 2, clientShare: 100 }');
    expect(one.send({ id: 'x', v: 1 }, { isReplay: true }).outcome).toBe('written');
    expect(flood(one, 2).map(({ outcome }) => outcome)).toEqual(['written', 'written']);
    expect(one.send({ id: 'x', v: 1 }, { isReplay: true }).outcome).toBe('parked as too-many-series');
    expect(one.send({ id: 'bad-1', v: 1 }, { isReplay: true }).outcome).toBe('written');
  });

  test('false counts nothing', () => {
    const rules = ruleSetOf(`
consumer: { policies: { cardinality: { series: 1 } } }
rules:
  - { name: free, topic: "f/#", measurement: m, tags: { id: payload.id }, policies: { cardinality: false } }
  - { name: own, topic: "o/#", measurement: m, tags: { id: payload.id }, policies: { cardinality: { series: 2, clientShare: 100 } } }
`);
    const state = new StateTables();
    const send = (topic: string, id: number) =>
      outcomeIn(rules, `{"id":"${id}","v":1}`, { topic }, { state }).outcome;
    expect([1, 2, 3, 4].map((id) => send('f/x', id))).toEqual(Array(4).fill('written'));
    expect([1, 2, 3].map((id) => send('o/x', id))).toEqual([
      'written',
      'written',
      'parked as too-many-series',
    ]);
  });
});

describe('a budget of fields', () => {
  const names = (count: number, prefix = 'f') =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, n]));

  test('one message with hundreds of new names is parked whole and adds none of them', () => {
    const one = fleet('{ newFields: 20 }');
    one.send({ v: 1 }, { clientId: 'honest' });
    expect(one.send(names(30), { clientId: 'bad' })).toMatchObject({
      outcome: 'parked as too-many-fields',
      reason: expect.stringContaining('may add 20 fields in an hour (policies.cardinality.newFields)'),
    });
    expect(one.usage()[0]!.fields).toBe(1);
    expect(one.send({ v: 2 }, { clientId: 'honest' }).outcome).toBe('written');
    expect(one.send(names(20), { clientId: 'bad' }).outcome).toBe('written');
    expect(one.send({ other: 1 }, { clientId: 'bad' }).outcome).toBe('parked as too-many-fields');
    expect(one.send({ other: 1 }, { clientId: 'honest' }).outcome).toBe('written');
    expect(one.send(names(5, 'g'), { clientId: 'bad', laterNs: HOUR_NS }).outcome).toBe('written');
  });

  test('omit leaves out the new fields and writes the others', () => {
    const one = fleet('{ fields: 2, clientShare: 100, otherwise: omit }');
    expect(one.send({ a: 1, b: 2, c: 3, d: 4 })).toMatchObject({
      outcome: 'written',
      lines: [expect.stringMatching(/ a=1,b=2 /)],
      notes: { 'field-over-budget': 2 },
    });
    expect(one.send({ c: 3 }).outcome).toBe('parked as too-many-fields');
  });

  test('one client cannot use up the fields of all', () => {
    const one = fleet('{ fields: 10, newFields: 100 }');
    expect(one.send(names(5), { clientId: 'bad' }).outcome).toBe('written');
    expect(one.send({ x: 1 }, { clientId: 'bad' })).toMatchObject({
      reason: expect.stringContaining('(policies.cardinality.clientShare)'),
    });
    expect(one.send({ x: 1 }, { clientId: 'honest' }).outcome).toBe('written');
  });

  test('fields that the rule names have no budget', () => {
    const rules = ruleSetOf(`
consumer: { policies: { cardinality: { fields: 1, newFields: 1 } } }
rules: [{ name: r, topic: "#", measurement: m, fields: { a: payload.a, b: payload.b, c: payload.c } }]
`);
    expect(outcomeIn(rules, '{"a":1,"b":2,"c":3}').outcome).toBe('written');
  });
});

test('what is known decides alike after a restart', () => {
  const before = fleet('{ series: 6, fields: 8, newFields: 5 }');
  const after = fleet('{ series: 6, fields: 8, newFields: 5 }');
  const messages = Array.from({ length: 60 }, (_, n) => ({
    payload: { id: `${n % 9}`, [`f${n % 7}`]: n },
    clientId: `c${n % 3}`,
  }));
  for (const { payload, clientId } of messages) {
    const wanted = before.send(payload, { clientId });
    expect(after.send(payload, { clientId })).toEqual(wanted);
    after.restart();
  }
});

describe('the share of a user', () => {
  test('is used up however often its client takes another id, and leaves the others theirs [access 11]', () => {
    const one = fleet('{ series: 10 }');
    const outcomes = Array.from({ length: 20 }, (_, n) =>
      one.send({ id: `x-${n}`, v: 1 }, { clientId: `c-${n}`, user: 'bad' }),
    );
    expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(5);
    expect(outcomes[5]!.reason).toBe(
      'the user "bad" has added 5 series to "m" already, 50 % of all that it may have (policies.cardinality.clientShare)',
    );
    expect(one.send({ id: 'new', v: 1 }, { clientId: 'c-1', user: 'honest' }).outcome).toBe('written');
    expect(one.send({ id: 'other', v: 1 }, { clientId: 'bad' }).outcome).toBe('written');
    expect(one.usage()).toMatchObject([
      {
        clients: [
          { user: 'bad', series: 5 },
          { user: 'honest', series: 1 },
          { client: 'bad', series: 1 },
        ],
        fieldClients: [{ user: 'bad', fields: 1 }],
      },
    ]);
  });

  test('holds for new fields in an hour, also across a restart [access 11]', () => {
    const one = fleet('{ newFields: 3 }');
    const invent = (n: number) => one.send({ [`f${n}`]: n }, { clientId: `c-${n}`, user: 'bad' });
    for (let n = 0; n < 3; n += 1) expect(invent(n).outcome).toBe('written');
    one.restart();
    expect(invent(3)).toMatchObject({
      outcome: 'parked as too-many-fields',
      reason: expect.stringContaining('the user "bad" may add 3 fields in an hour') as unknown,
    });
  });
});

test('the use of each measurement is listed with its top tags and clients', () => {
  const one = fleet('{}');
  flood(one, 5, 0, 'bad');
  flood(one, 2, 0, 'good');
  expect(one.usage()).toEqual([
    {
      measurement: 'm',
      series: 7,
      fields: 1,
      tags: [
        { tag: 'id', values: 7 },
        { tag: 'device', values: 1 },
      ],
      clients: [
        { client: 'bad', series: 5 },
        { client: 'good', series: 2 },
      ],
      fieldClients: [{ client: 'bad', fields: 1 }],
    },
  ]);
});

test('a replay on a later day counts the series that it sees again once', () => {
  const one = fleet('{ series: 4, clientShare: 100 }');
  flood(one, 2);
  const state = one.state().overlay();
  const outcomes = [0, 1, 2].map((n) => one.again({ id: `bad-${n}`, v: 2 }, state, DAY_NS).outcome);
  expect(outcomes).toEqual(Array(3).fill('written'));
});

test('a tag over a budget is no field where its name is taken, and does not count as one', () => {
  for (const keys of [
    'tags: { id: payload.id }, fields: { v: payload.v, id_value: payload.v }',
    'tags: { id: payload.id, id_value: { value: x } }, fields: { v: payload.v }',
  ]) {
    const rules = ruleSetOf(`
consumer: { policies: { cardinality: { tagValues: 1, otherwise: demote } } }
rules: [{ name: r, topic: "#", measurement: m, ${keys} }]
`);
    const state = new StateTables();
    outcomeIn(rules, '{"id":"a","v":1}', {}, { state });
    const { lines, notes } = outcomeIn(rules, '{"id":"c","v":1}', {}, { state });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('"c"');
    expect(notes).toEqual({ 'tag-over-budget': 1 });
  }
});

test('after a clock was set back, what is forgotten is so for every rule, with and without a restart', () => {
  const rules = () =>
    ruleSetOf(`
consumer: { policies: { cardinality: { series: 2, clientShare: 100, forgetAfter: 1d } } }
rules:
  - { name: one, topic: one/+device, measurement: m, tags: { device: topic.device } }
  - { name: other, topic: other/+device, measurement: m, tags: { device: topic.device } }
`);
  const outcomes = (restarts: boolean) => {
    let state = new StateTables();
    let inForce = rules();
    return [
      ['one/a', 10],
      ['other/a', 5],
      ['one/b', 10],
      ['one/c', 10],
      ['one/a', 10],
      ['one/d', 10],
    ].map(([topic, day]) => {
      if (restarts) {
        const saved = state.takeAll();
        state = new StateTables();
        state.restore(saved);
        inForce = rules();
      }
      const record = {
        topic: String(topic),
        receivedAtNs: CASE_RECEIVED_AT_NS + BigInt(day as number) * DAY_NS,
      };
      return outcomeIn(inForce, '{"v":1}', record, { state }).outcome;
    });
  };
  expect(outcomes(false)).toEqual(outcomes(true));
  expect(outcomes(true)).toContain('parked as too-many-series');
});

describe('all that is known is looked at', () => {
  const looks = (one: ReturnType<typeof fleet>) => {
    const series = one.state().table('series/m');
    return vi.spyOn(series, 'entries');
  };

  test('once a day by the consumer, also where records of two days mix, and again after a clock was far ahead', () => {
    const one = fleet('{ series: 2, clientShare: 100 }');
    flood(one, 2);
    const looked = looks(one);
    const over = (laterNs: bigint) => one.send({ id: 'over', v: 1 }, { laterNs }).outcome;
    for (let n = 0; n < 5; n++) {
      expect(over(DAY_NS)).toBe('parked as too-many-series');
      expect(over(-DAY_NS)).toBe('parked as too-many-series');
    }
    expect(looked).toHaveBeenCalledTimes(1);
    over(20n * DAY_NS);
    over(-20n * DAY_NS);
    expect(looked).toHaveBeenCalledTimes(3);
  });

  test('never for an explanation', () => {
    const one = fleet('{ series: 2, clientShare: 100 }');
    flood(one, 2);
    const looked = looks(one);
    const outcomes = [DAY_NS, 2n * DAY_NS].map(
      (laterNs) => one.again({ id: 'over', v: 1 }, one.state().overlay(), laterNs).outcome,
    );
    expect(outcomes).toEqual(Array(2).fill('parked as too-many-series'));
    expect(looked).not.toHaveBeenCalled();
  });
});
