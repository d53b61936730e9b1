import { describe, expect, test } from 'vitest';
import { StateTables } from '../../../src/lib/state-tables.js';
import { budgetUse } from '../../../src/rules/policies/budget-use.js';
import { type CardinalityOptions, DEFAULT_CARDINALITY } from '../../../src/rules/policies/policy-options.js';
import { cardinalityOf } from '../../../src/rules/policies/rule-policies.js';
import { outcomeIn, ruleSetOf } from '../rule-outcome.js';

const rules = ruleSetOf(`
rules:
  - { name: all, topic: s/+measurement, measurement: { path: topic.measurement }, tags: { id: payload.id } }
`);

/** A partition that knows what these messages have added. */
function partition() {
  const state = new StateTables();
  const send = (
    measurement: string,
    id: string,
    clientId: string,
    fields: readonly string[] = ['v'],
    user = '',
  ) => {
    const payload = { id, ...Object.fromEntries(fields.map((name) => [name, 1])) };
    const { outcome } = outcomeIn(
      rules,
      JSON.stringify(payload),
      { topic: `s/${measurement}`, clientId, user },
      { state },
    );
    expect(outcome).toBe('written');
  };
  return { send, cardinality: cardinalityOf(state) };
}

const limits = (changed: Partial<CardinalityOptions>) => ({ ...DEFAULT_CARDINALITY, ...changed });
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, nth) => prefix + nth);

describe('the use of the budgets', () => {
  test('is nothing where nothing is known', () => {
    const { cardinality } = partition();
    expect(budgetUse([cardinality], limits({}))).toMatchObject({
      ratios: { series: 0, 'tag-values': 0, fields: 0, 'client-series': 0, 'client-fields': 0 },
      measurements: [],
    });
  });

  test('is the part of each budget that the fullest measurement, tag and client have', () => {
    const one = partition();
    for (const id of numbered('a', 6)) one.send('m', id, 'flood');
    one.send('m', 'b', 'honest', ['v', 'w']);
    const use = budgetUse([one.cardinality], limits({ series: 20, tagValues: 10, fields: 8 }));
    expect(use.ratios).toEqual({
      'tag-values': 7 / 10,
      series: 7 / 20,
      // Half of the budget is what one client may add.
      'client-series': 6 / 10,
      fields: 2 / 8,
      'client-fields': 1 / 4,
    });
    expect(use.measurements[0]!.fullest).toEqual({ budget: 'tag-values', name: 'id', used: 7, limit: 10 });
  });

  test('names the client that has used up its share', () => {
    const one = partition();
    for (const id of numbered('a', 5)) one.send('m', id, 'flood');
    const { measurements } = budgetUse([one.cardinality], limits({ series: 10 }));
    expect(measurements[0]!.fullest).toEqual({
      budget: 'client-series',
      name: 'flood',
      sender: 'client',
      used: 5,
      limit: 5,
    });
  });

  test('names the user whose clients have used up its share [access 11]', () => {
    const one = partition();
    for (const id of numbered('a', 5)) one.send('m', id, `client of ${id}`, ['v'], 'flood');
    const { measurements } = budgetUse([one.cardinality], limits({ series: 10 }));
    expect(measurements[0]).toMatchObject({
      clients: [{ user: 'flood', series: 5 }],
      fullest: { budget: 'client-series', name: 'flood', sender: 'user', used: 5, limit: 5 },
    });
  });

  test('finds the fullest measurement also where many others have more series', () => {
    const one = partition();
    for (const measurement of numbered('big', 12))
      for (const id of numbered('a', 3)) one.send(measurement, id, 'c');
    one.send('wide', 'a', 'c', numbered('f', 9));
    const { ratios, measurements } = budgetUse(
      [one.cardinality],
      limits({ fields: 10, clientSharePercent: 100 }),
    );
    expect(ratios.fields).toBe(0.9);
    expect(measurements).toHaveLength(10);
    expect(measurements[0]).toMatchObject({
      measurement: 'wide',
      series: 1,
      fields: 9,
      fieldClients: [{ client: 'c', fields: 9 }],
      fullest: { budget: 'fields', used: 9, limit: 10 },
    });
    expect(measurements[1]).toMatchObject({ series: 3 });
  });

  test('does not add partitions up: each has budgets of its own', () => {
    const [one, other] = [partition(), partition()];
    for (const id of numbered('a', 3)) one.send('m', id, 'c');
    for (const id of numbered('b', 4)) other.send('m', id, 'c');
    const { ratios, measurements } = budgetUse([one.cardinality, other.cardinality], limits({ series: 10 }));
    expect(ratios.series).toBe(0.4);
    expect(measurements.map(({ series }) => series)).toEqual([4, 3]);
  });

  test('is 0 of everything where nothing is limited, and the measurements are listed by their series', () => {
    const one = partition();
    one.send('few', 'a', 'c');
    for (const id of numbered('a', 3)) one.send('many', id, 'c');
    const { ratios, measurements } = budgetUse([one.cardinality], undefined);
    expect(Object.values(ratios)).toEqual([0, 0, 0, 0, 0]);
    expect(measurements.map(({ measurement, fullest }) => [measurement, fullest])).toEqual([
      ['many', undefined],
      ['few', undefined],
    ]);
  });
});
