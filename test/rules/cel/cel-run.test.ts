import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { ExactNumber } from '../../../src/formats/json/json-value.js';
import { CelFailure } from '../../../src/rules/cel/cel-failure.js';
import { CEL_MAX_STEPS, CelRun } from '../../../src/rules/cel/cel-run.js';
import { sampleReading } from '../sample-record.js';
import { compiled, evaluated, shown } from './sample-cel.js';

const OVER = `over-budget: it takes more than ${CEL_MAX_STEPS} steps`;
const ones = (count: number) => new Array<number>(count).fill(1);

test('steps are counted up to the budget, and again from zero for the next reading', () => {
  const run = new CelRun(0);
  const reading = sampleReading('{}');
  run.begin(reading);
  expect(run.charge(CEL_MAX_STEPS)).toBeUndefined();
  expect(run.chargeText(63)).toBeUndefined();
  expect(run.charge(1)).toBeInstanceOf(CelFailure);
  run.begin(reading);
  expect(run.chargeText(64 * CEL_MAX_STEPS)).toBeUndefined();
  expect(run.chargeText(64)).toMatchObject({ kind: 'over-budget' });
  run.begin(reading);
  expect(run.chargeSearch('x'.repeat(6_400), 'y'.repeat(640))).toBeUndefined();
  expect(run.charge(CEL_MAX_STEPS - 1_100)).toBeUndefined();
  expect(run.charge(1)).toMatchObject({ kind: 'over-budget' });
});

/** Doubles a value twenty times. */
function doubled(step: (name: string) => string, last: string): string {
  let expression = last;
  for (let level = 20; level > 0; level -= 1) {
    expression = `cel.bind(z${level}, ${step(`z${level - 1}`)}, ${expression})`;
  }
  return `cel.bind(z0, payload.l, ${expression})`;
}

describe('what a device sends cannot make a condition take long', () => {
  const list = { l: ones(10_000) };
  const cases: readonly (readonly [expression: string, payload: object])[] = [
    ['payload.l.exists(x, payload.l.exists(y, x + y == -1))', list],
    ['payload.l.exists(x, payload.l.exists(y, x.foo == y))', list],
    ['payload.l.exists(x, payload.l.exists(y, x + y == -1)) || true', list],
    ['!(payload.l.all(x, payload.l.all(y, x == y)) && false)', list],
    ['payload.l.filter(x, payload.l.exists_one(y, x == y)) == []', list],
    ['payload.l.map(x, payload.l.map(y, x + y)).size() > 1', list],
    ['payload.l.all(x, payload.t.contains("zz"))', { l: ones(1_000), t: 'z'.repeat(30_000) }],
    ['payload.l.all(x, payload.t.matches("z+"))', { l: ones(1_000), t: 'z'.repeat(3_000) }],
    [
      'payload.l.all(x, payload.t == payload.u)',
      { l: ones(1_000), t: 'z'.repeat(30_000), u: 'z'.repeat(30_000) },
    ],
    [
      'payload.l.all(x, payload.t < payload.u)',
      { l: ones(1_000), t: 'z'.repeat(30_000), u: 'z'.repeat(30_001) },
    ],
    ['payload.l.all(x, payload.l == payload.m)', { l: ones(1_000), m: ones(1_000) }],
    ['payload.l.all(x, !(2 in payload.l))', { l: ones(1_000) }],
    ['payload.l.all(x, size(payload.m) > 0)', { l: ones(1_000), m: { ...ones(200) } }],
    ['payload.l.all(x, size(payload.t) > 0)', { l: ones(1_000), t: 'z'.repeat(30_000) }],
    ['payload.l.all(x, size(payload.l + payload.l) > 0)', { l: ones(1_000) }],
    ['payload.l.all(x, payload.t.upperAscii() != "")', { l: ones(1_000), t: 'z'.repeat(30_000) }],
    ['payload.l.all(x, (payload.t + payload.t).startsWith("z"))', { l: ones(1_000), t: 'z'.repeat(30_000) }],
    ['payload.l.all(x, size(payload.t.split("")) > 0)', { l: ones(100), t: 'z'.repeat(30_000) }],
    ['payload.l.all(x, payload.m.exists(k, k != ""))', { l: ones(1_000), m: { ...ones(200) } }],
    ['payload.missing || payload.l.exists(x, payload.l.exists(y, x != y))', list],
    ['payload.l.map(x, payload.t).join("") == ""', { l: ones(1_000), t: 'z'.repeat(30_000) }],
    ['payload.l.map(x, payload.l)', { l: ones(1_000) }],
    ['payload.l.all(x, timestamp(0).getHours("Europe/Berlin") == 1)', { l: ones(1_000) }],
    [
      'payload.t.contains(payload.u)',
      { t: 'a'.repeat(40_000), u: `${'a'.repeat(10_000)}b${'a'.repeat(10_000)}` },
    ],
    ['payload.t.lastIndexOf(payload.u) > 0', { t: 'a'.repeat(40_000), u: `b${'a'.repeat(20_000)}` }],
    [
      'payload.t.split(payload.u) == []',
      { t: 'a'.repeat(40_000), u: `${'a'.repeat(10_000)}b${'a'.repeat(10_000)}` },
    ],
    [doubled((name) => `${name} + ${name}`, 'size(z20)'), { l: [1, 2] }],
    [doubled((name) => `${name} + ${name}`, 'z20.size()'), { l: 'text of a device' }],
    [doubled((name) => `${name} + ${name}`, 'size(z20)'), { l: 'text of a device' }],
    [doubled((name) => `[${name}, ${name}]`, 'z20'), { l: [1, 2] }],
  ];

  test.each(cases)('%s', (expression, payload) => {
    const cel = compiled(expression);
    const reading = sampleReading(JSON.stringify(payload));
    expect(shown(cel.evaluate(reading))).toBe(OVER);
    // A replay ends the same.
    expect(shown(cel.evaluate(reading))).toBe(OVER);
  });

  test('other values are bounded by the functions', () => {
    const digits = JSON.stringify({ d: '1'.repeat(60_000) });
    expect(evaluated('duration(payload.d).getHours()', digits)).toMatch(/^failed: .* is not a duration$/);
    expect(evaluated('duration("1" + "1").getHours()', digits)).toBe(
      'failed: duration("1" + "1"): "11" is not a duration',
    );
    expect(evaluated('int(payload.d)', digits)).toMatch(/^failed: .* is not an integer within 64 bits$/);
    expect(evaluated('double(payload.d)', digits)).toMatch(/^failed: .* is not a number$/);
    const deep = JSON.stringify({ j: `{"v":${'['.repeat(20_000)}${']'.repeat(20_000)}}` });
    expect(evaluated('bytes(payload.j).json().v', deep)).toBe(
      'failed: a value is nested deeper than 200 levels',
    );
    expect(evaluated('bytes(payload.j).json() == bytes(payload.j).json()', deep)).toBe(
      'failed: a value is nested deeper than 200 levels',
    );
  });
});

test('a number with many digits is read once, however often a macro asks for it', () => {
  const read = vi.spyOn(ExactNumber.prototype, 'toNumber');
  try {
    const payload = `{"n":1.${'0'.repeat(60_000)}1,"l":${JSON.stringify(ones(100))}}`;
    expect(evaluated('payload.l.all(x, payload.n >= x)', payload)).toBe(true);
    expect(read).toHaveBeenCalledOnce();
  } finally {
    read.mockRestore();
  }
});

test('what rules ask for is far below the budget', () => {
  const payload = JSON.stringify({ l: ones(20_000), t: 'z'.repeat(60_000), m: ones(300) });
  expect(
    evaluated('payload.l.all(x, x > 0) && payload.t.contains("zz") && !payload.t.matches("a$")', payload),
  ).toBe(true);
  expect(evaluated('payload.m.all(x, payload.m.all(y, x == y))', payload)).toBe(true);
  expect(evaluated('payload == payload && payload.t == payload.t', payload)).toBe(true);
});

test('a body with many operations costs more', () => {
  const body = new Array<string>(150).fill('x.a == 1').join(' || ');
  const reading = sampleReading(JSON.stringify({ l: ones(2_000) }));
  expect(shown(compiled(`payload.l.exists(x, ${body})`).evaluate(reading))).toBe(OVER);
});

test('the number of iterations is bounded whatever the lists are', () => {
  fc.assert(
    fc.property(fc.nat(1_500), fc.nat(1_500), (outer, inner) => {
      const payload = JSON.stringify({ l: ones(outer), m: ones(inner) });
      const result = evaluated('payload.l.all(x, payload.m.all(y, x == y))', payload);
      // Each iteration is a step; so is each element of the outer list.
      expect(result).toBe(outer + outer * inner > CEL_MAX_STEPS ? OVER : true);
    }),
    {
      numRuns: 60,
      examples: [
        [399, 249],
        [400, 249],
        [401, 249],
        [400, 250],
      ],
    },
  );
});
