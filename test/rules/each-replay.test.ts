import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outcomeIn, ruleOf } from './rule-outcome.js';

/** With the wrong rule an element with the word `bad` fails; with the fixed one it stands for a number. */
function ruleWith(more: string) {
  const field = (name: string) => `${name}: { path: element.${name}, type: float${more} }`;
  return ruleOf(
    `each: payload, tags: { id: element.id }, time: { path: element.ts, unit: s }, fields: { ${field('a')}, ${field('b')} }`,
  );
}

const wrong = ruleWith('');
const fixed = ruleWith(', map: { bad: 9 }');

/** Lines as a store keeps them: a value for each series, time and field, of which the last one written stays. */
function store(into: Map<string, string>, lines: readonly string[]): Map<string, string> {
  for (const line of lines) {
    const [series = '', fields = '', time = ''] = line.split(' ');
    for (const pair of fields.split(',')) {
      const [field = '', value = ''] = pair.split('=');
      into.set(`${series} ${time} ${field}`, value);
    }
  }
  return into;
}

const value = fc.constantFrom(1, 2, 'bad');
const element = fc.record(
  {
    id: fc.constantFrom('x', 'y'),
    ts: fc.constantFrom(1_773_000_300, 1_773_000_301),
    a: value,
    b: value,
  },
  { requiredKeys: ['ts'] },
);

test('after a fix and a replay the store has what it would have if the rule had been right from the beginning', () => {
  let partly = 0;
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), (elements) => {
      const payload = JSON.stringify(elements);
      const before = outcomeIn(wrong, payload);
      const after = outcomeIn(fixed, payload);
      if (before.outcome.startsWith('parked') && before.lines.length > 0) partly += 1;
      const replayed = store(store(new Map(), before.lines), after.lines);
      expect(replayed).toEqual(store(new Map(), after.lines));
    }),
    { numRuns: 2_000 },
  );
  expect(partly).toBeGreaterThan(100);
});
