import { expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { budgetUse } from '../../../src/rules/policies/budget-use.js';
import { DEFAULT_CARDINALITY } from '../../../src/rules/policies/policy-options.js';
import { cardinalityOf } from '../../../src/rules/policies/rule-policies.js';
import { outcomeIn, ruleOf } from '../rule-outcome.js';

test('a full budget shows, however few series its measurement has', () => {
  const rules = ruleOf('measurement: { path: payload.m }, tags: { id: payload.id }');
  const state = new StateTables();
  const send = (payload: Record<string, unknown>) => outcomeIn(rules, JSON.stringify(payload), {}, { state });
  for (let m = 0; m < 12; m++) for (let id = 0; id < 3; id++) send({ m: `m${m}`, id: String(id), v: 1 });
  send({ m: 'wide', id: 'a', ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, n])) });
  const { ratios, measurements } = budgetUse([cardinalityOf(state)], {
    ...DEFAULT_CARDINALITY,
    fields: 100,
    series: 30,
    tagValues: 6,
  });
  expect(ratios).toEqual({ series: 0.1, 'tag-values': 0.5, fields: 0.5 });
  expect(measurements).toHaveLength(10);
  expect(measurements[0]).toMatchObject({ series: 3, tags: [{ tag: 'id', values: 3 }] });
});
