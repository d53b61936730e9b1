import { expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { dropTablesOfOtherRules } from '../../../src/rules/policies/rule-tables.js';
import { outcomeIn, ruleSetOf } from '../rule-outcome.js';

const BOTH = 'duplicates: { key: payload.id }, gaps: { counter: payload.id }';

const rulesOf = (policies: Readonly<Record<string, string>>) =>
  ruleSetOf(
    `rules:\n${Object.entries(policies)
      .map(([name, of]) => `  - { name: "${name}", topic: ${name}/+/x, measurement: m, policies: { ${of} } }`)
      .join('\n')}`,
  );

test('what rules remember goes with them and with their policies, and what others remember stays', () => {
  const state = new StateTables();
  const rules = rulesOf({ a: BOTH, 'a/1': BOTH, b: BOTH, c: BOTH });
  const send = (topic: string, id: number) => outcomeIn(rules, `{"id":${id},"v":1}`, { topic }, { state });
  for (const topic of ['a/d/x', 'a/1/d/x', 'b/d/x', 'c/d/x']) {
    expect(send(topic, 1)).toMatchObject({ outcome: 'written' });
    state.takeChanges();
    expect(send(topic, 1).outcome).toMatch(/duplicate$/);
  }
  const saved = new StateTables();
  saved.restore(state.takeAll());

  const next = rulesOf({ 'a/1': BOTH, b: 'gaps: { counter: payload.id }', c: BOTH });
  dropTablesOfOtherRules(state, next.ownTables);
  const kept = state.names.filter((name) => name.startsWith('rule/'));
  expect(kept.sort()).toEqual(
    [
      'rule/1/b/gaps',
      ...['rule/1/c', 'rule/3/a/1'].flatMap((rule) => [
        `${rule}/duplicates`,
        `${rule}/duplicates/1`,
        `${rule}/gaps`,
      ]),
    ].sort(),
  );
  const outcomeOf = (topic: string) => outcomeIn(next, '{"id":1,"v":1}', { topic }, { state }).outcome;
  expect(outcomeOf('a/1/d/x')).toBe('filtered by a/1: duplicate');
  expect(outcomeOf('c/d/x')).toBe('filtered by c: duplicate');
  // The drop is a change that is saved.
  saved.restore(state.takeChanges());
  expect(saved.names.filter((name) => name.startsWith('rule/')).sort()).toEqual(kept.sort());
});
