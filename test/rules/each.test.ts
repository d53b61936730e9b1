import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleOf } from './rule-outcome.js';

const AT = '1773000312500000000';

interface Case {
  readonly what: string;
  readonly rule: string;
  readonly payload: string;
  readonly lines: readonly string[];
  readonly outcome?: string;
  readonly notes?: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  {
    what: 'a list of objects with a tag of each',
    rule: 'each: payload.sensors, tags: { sensor: element.id }, fields: { t: element.t }',
    payload: '{"sensors":[{"id":"a","t":1},{"id":"b","t":2}]}',
    lines: [`m,sensor=a t=1 ${AT}`, `m,sensor=b t=2 ${AT}`],
  },
  {
    what: 'an object whose keys are identities',
    rule: 'each: payload, tags: { sensor: key }, fields: { t: element.t }',
    payload: '{"attic":{"t":1},"cellar":{"t":2}}',
    lines: [`m,sensor=attic t=1 ${AT}`, `m,sensor=cellar t=2 ${AT}`],
  },
  {
    what: 'an object whose keys are times',
    rule: 'each: payload.values, time: { path: key, unit: s }, fields: { t: element }',
    payload: '{"values":{"1773000300":1,"1773000310":2}}',
    lines: ['m t=1 1773000300000000000', 'm t=2 1773000310000000000'],
  },
  {
    what: 'an object whose keys are indexes: the index as a tag, other lists by it, the outer payload',
    rule: 'each: payload.power, tags: { phase: index, site: payload.site }, fields: { w: element, v: "payload.volt[index]" }',
    payload: '{"site":"x","power":[73,0],"volt":[231,230]}',
    lines: [`m,phase=0,site=x w=73,v=231 ${AT}`, `m,phase=1,site=x w=0,v=230 ${AT}`],
  },
  {
    what: 'a scalar where other devices send a list',
    rule: 'each: payload.power, tags: { phase: index }, fields: { w: element }',
    payload: '{"power":73}',
    lines: [`m,phase=0 w=73 ${AT}`],
  },
  {
    what: 'several levels with names of their own',
    rule: `each: [{ path: payload.rooms, as: room, key: name }, { path: room.sensors, as: sensor, key: id, index: n }],
           tags: { room: name, sensor: id }, fields: { t: sensor.t, floor: room.floor }`,
    payload:
      '{"rooms":{"hall":{"floor":1,"sensors":{"a":{"t":1},"b":{"t":2}}},"den":{"floor":2,"sensors":{"a":{"t":3}}}}}',
    lines: [
      `m,room=hall,sensor=a t=1,floor=1 ${AT}`,
      `m,room=hall,sensor=b t=2,floor=1 ${AT}`,
      `m,room=den,sensor=a t=3,floor=2 ${AT}`,
    ],
  },
  {
    what: 'several levels without names: they stand for the inner one',
    rule: 'each: [payload.rooms, element.sensors], tags: { sensor: key, n: index }, fields: { t: element.t }',
    payload: '{"rooms":[{"sensors":{"a":{"t":1},"b":{"t":2}}},{"sensors":{"c":{"t":3}}}]}',
    lines: [`m,n=0,sensor=a t=1 ${AT}`, `m,n=1,sensor=b t=2 ${AT}`, `m,n=0,sensor=c t=3 ${AT}`],
  },
  {
    what: 'fields named by the element become one point',
    rule: 'each: payload.m, fields: { "{element.n}": element.v }',
    payload: '{"m":[{"n":"t","v":1},{"n":"h","v":2}]}',
    lines: [`m t=1,h=2 ${AT}`],
  },
  {
    what: 'two elements with nothing to tell them apart get times of their own',
    rule: 'each: payload.t, fields: { t: element }',
    payload: '{"t":[1,2,3]}',
    lines: [`m t=1 ${AT}`, 'm t=2 1773000312500000001', 'm t=3 1773000312500000002'],
    notes: { 'time-shifted': 2 },
  },
  {
    what: 'an element that a condition refuses is skipped',
    rule: 'each: { path: payload.s, where: element.ok }, tags: { i: index }, fields: { t: element.t }',
    payload: '{"s":[{"ok":false,"t":1},{"ok":true,"t":2}]}',
    lines: [`m,i=1 t=2 ${AT}`],
    notes: { 'element-skipped': 1 },
  },
  {
    what: 'an element without any of the fields is skipped: siblings that are no sensors',
    rule: 'each: payload, tags: { s: key }, fields: { t: element.Temperature }',
    payload: '{"Time":"x","DS18B20":{"Temperature":4.6},"TempUnit":"C"}',
    lines: [`m,s=DS18B20 t=4.6 ${AT}`],
    notes: { 'field-missing': 2, 'element-skipped': 2 },
  },
  {
    what: 'a bad element is parked with its place, and costs no other',
    rule: 'each: payload.s, tags: { i: index }, fields: { t: { path: element, type: float } }',
    payload: '{"s":[1,"x",3,true]}',
    lines: [`m,i=0 t=1 ${AT}`, `m,i=2 t=3 ${AT}`],
    outcome:
      'parked as field-wrong-type: element 1: the field "t" is the string "x"; expected a number (and 1 more)',
  },
  {
    what: 'a bad element parks all where others are alike in series and time: a replay would move them',
    rule: 'each: payload.s, fields: { t: { path: element, type: float } }',
    payload: '{"s":[1,"x",3]}',
    lines: [],
    outcome: 'parked as field-wrong-type: element 1: the field "t" is the string "x"; expected a number',
  },
  {
    what: 'and costs none that is not like it',
    rule: 'each: payload.s, tags: { id: element.id }, fields: { t: { path: element.t, type: float } }',
    payload: '{"s":[{"id":"a","t":1},{"id":"a","t":2},{"id":"b","t":"x"}]}',
    lines: [`m,id=a t=1 ${AT}`, 'm,id=a t=2 1773000312500000001'],
    outcome: 'parked as field-wrong-type: element 2: the field "t" is the string "x"; expected a number',
  },
  {
    what: 'a check of the element',
    rule: 'each: payload, tags: { s: key }, fields: { t: element }, check: [{ if: element < 50, else: too hot }]',
    payload: '{"a":20,"b":90}',
    lines: [`m,s=a t=20 ${AT}`],
    outcome: 'parked as rule-check-failed: element "b": too hot',
  },
  {
    what: 'an empty list says nothing',
    rule: 'each: payload.s, fields: { t: element }',
    payload: '{"s":[]}',
    lines: [],
    outcome: 'filtered by r: no value',
  },
  {
    what: 'null in the place of the list says nothing',
    rule: 'each: payload.s, fields: { t: element }',
    payload: '{"s":null}',
    lines: [],
    outcome: 'filtered by r: no value',
  },
  {
    what: 'a list of nulls says nothing',
    rule: 'each: payload.s, tags: { i: index }, fields: { t: element }',
    payload: '{"s":[null,null]}',
    lines: [],
    outcome: 'filtered by r: no value',
    notes: { 'field-null': 2, 'element-skipped': 2 },
  },
  {
    what: 'a list that is not there parks, because the path may be wrong',
    rule: 'each: payload.s, fields: { t: element }',
    payload: '{"t":1}',
    lines: [],
    outcome: 'parked as no-fields: the payload has nothing at payload.s',
  },
  {
    what: 'unless the rule says otherwise',
    rule: 'each: payload.s, fields: { t: element }, whenEmpty: filter',
    payload: '{"t":1}',
    lines: [],
    outcome: 'filtered by r: no value',
  },
  {
    what: 'a list of which every element is refused by the condition is filtered by the rule',
    rule: 'each: { path: payload.s, where: element > 5 }, fields: { t: element }',
    payload: '{"s":[1,2]}',
    lines: [],
    outcome: 'filtered by r',
    notes: { 'element-skipped': 2 },
  },
  {
    what: 'too many elements park as a whole',
    rule: 'each: payload.s, maxElements: 2, fields: { t: element }',
    payload: '{"s":[1,2,3]}',
    lines: [],
    outcome: 'parked as too-many-elements: the payload has more than 2 elements (maxElements of the rule)',
  },
  {
    what: 'a constant interval, and an offset of each element',
    rule: 'each: payload.s, time: { path: t0, unit: s, interval: 500ms, offset: { path: element.dt, unit: ms } }, fields: { v: element.v }',
    payload: '{"t0":1773000300,"s":[{"v":1},{"v":2,"dt":7}]}',
    lines: ['m v=1 1773000300000000000', 'm v=2 1773000300507000000'],
  },
  {
    what: 'fields: auto takes those of the element',
    rule: 'each: payload.s, tags: { id: element.id }, time: { path: element.ts, unit: s }',
    payload: '{"x":9,"s":[{"id":7,"ts":1773000300,"a":1,"b":{"c":true}}]}',
    lines: ['m,id=7 a=1,b_c=T 1773000300000000000'],
  },
  {
    what: 'a tag out of the first reference that is there',
    rule: 'each: payload, tags: { id: [element.Id, key] }, fields: { t: element.t }',
    payload: '{"a":{"Id":"03","t":1},"b":{"t":2}}',
    lines: [`m,id=03 t=1 ${AT}`, `m,id=b t=2 ${AT}`],
  },
  {
    what: 'an expression over element and payload',
    rule: 'each: payload.s, tags: { i: index }, fields: { f: { cel: "element * payload.k + 32" } }',
    payload: '{"k":1.8,"s":[10,20]}',
    lines: [`m,i=0 f=50 ${AT}`, `m,i=1 f=68 ${AT}`],
  },
];

describe('each', () => {
  it.each(CASES)('$what', ({ rule, payload, lines, outcome = 'written', notes = {} }) => {
    const got = outcomeIn(ruleOf(rule), payload);
    const words = got.reason === undefined ? got.outcome : `${got.outcome}: ${got.reason}`;
    expect({ lines: got.lines, words }).toEqual({ lines, words: outcome });
    expect(got.notes).toMatchObject(notes);
  });

  it('never gives two points of one message the same series, time and field', () => {
    const rule = ruleOf("each: payload, time: { path: 'element[0]', unit: s }, fields: { v: 'element[1]' }");
    const elements = Array.from({ length: 1_500 }, (_, i) => [1_773_000_300 + (i % 3) * 1e-6, i]);
    const { lines } = outcomeIn(rule, JSON.stringify(elements));
    expect(new Set(lines.map((line) => line.split(' ')[2])).size).toBe(1_500);
  });
});

it('the expressions of all elements share one budget: a long list times itself parks, and ends soon', () => {
  const rule = ruleOf(
    'each: { path: payload.s, where: "payload.s.all(other, other <= element)" }, fields: { t: element }',
  );
  const list = (length: number) => JSON.stringify({ s: Array.from({ length }, (_, i) => i) });
  expect(outcomeIn(rule, list(20)).lines).toEqual([`m t=19 ${AT}`]);
  const steps = { reason: '', outcome: 'parked as rule-over-budget' };
  expect(outcomeIn(rule, list(1_900))).toMatchObject({
    ...steps,
    reason: expect.stringContaining('100000 steps'),
  });
});

describe('what is wrong with each', () => {
  it.each<[string, RegExp]>([
    ['each: { path: payload.s, as: payload }', /rules\[0\]\.each\.as: .*has a meaning already/],
    ['each: [{ path: payload.a, as: x }, { path: x.b, as: x }]', /each\[1\]\.as: .*is used twice/],
    ['each: { path: payload.s, as: "1x" }', /is not letters, digits and _/],
    ['each: { path: payload.s, as: in }', /is a reserved word/],
    ['each: { path: payload.s, where: "element.x >" }', /a CEL condition/],
    ['where: element > 1, each: payload.s', /where/],
    ['time: { path: t, interval: 10s }', /the list in each that it counts along/],
    ['tags: { a: element }', /starts with none of payload, topic, device, clientId/],
  ])('%s', (rule, problem) => {
    expect(() => ruleOf(`${rule}${rule.includes('fields') ? '' : ', fields: { v: payload.v }'}`)).toThrow(
      problem,
    );
  });
});
