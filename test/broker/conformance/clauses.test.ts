import { describe, expect, it } from 'vitest';
import { ALL_CASES } from './all-cases.js';
import { CLAUSES } from './clauses.js';

const NAMED = /\[(MQTT-[\d.-]+)\]/g;
const named = new Set(
  ALL_CASES.flatMap(({ title }) => [...title.matchAll(NAMED)].map(([, clause]) => clause)),
);

describe('the normative statements of MQTT 3.1.1', () => {
  it('are all listed: 141', () => {
    expect(Object.keys(CLAUSES).length).toBe(141);
  });

  it('have a case each, or a reason why there is none', () => {
    const without = Object.entries(CLAUSES).filter(
      ([clause, { noCase }]) => !named.has(clause) && noCase === undefined,
    );
    expect(without.map(([clause]) => clause)).toEqual([]);
  });

  it('are known when a case names them', () => {
    expect([...named].filter((clause) => !Object.hasOwn(CLAUSES, clause ?? ''))).toEqual([]);
  });

  it('are named by every case, and no two cases have the same title', () => {
    const titles = ALL_CASES.map(({ title }) => title);
    expect(titles.filter((title) => !title.includes('[MQTT-'))).toEqual([]);
    expect(new Set(titles).size).toBe(titles.length);
  });
});
