import { describe, expect, it } from 'vitest';
import { ALL_CASES, casesAt } from './all-cases.js';
import { CLAUSES } from './clauses.js';
import { clausesOf, titleOf } from './conformance-case.js';
import { LEVELS, VERSION_NAMES } from './level.js';

const STATEMENTS = { 4: 141, 5: 251 };

describe.each(LEVELS)('the normative statements at level %i', (level) => {
  const named = new Set(casesAt(level).flatMap((one) => clausesOf(one, level)));

  it(`are all listed: ${STATEMENTS[level]} of ${VERSION_NAMES[level]}`, () => {
    expect(Object.keys(CLAUSES[level]).length).toBe(STATEMENTS[level]);
  });

  it('have a case each, or a reason why there is none', () => {
    const without = Object.entries(CLAUSES[level]).filter(
      ([clause, { noCase }]) => !named.has(clause) && noCase === undefined,
    );
    expect(without.map(([clause]) => clause)).toEqual([]);
  });

  it('are known when a case names them', () => {
    expect([...named].filter((clause) => !Object.hasOwn(CLAUSES[level], clause))).toEqual([]);
  });

  it('are in titles that no two cases share', () => {
    const titles = casesAt(level).map((one) => titleOf(one, level));
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('the cases', () => {
  it('name clauses of at least one level each', () => {
    const idle = ALL_CASES.filter((one) => LEVELS.every((level) => clausesOf(one, level).length === 0));
    expect(idle.map(({ title }) => title)).toEqual([]);
  });
});
