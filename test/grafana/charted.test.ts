import { describe, expect, it } from 'vitest';
import { chartedMeasurements } from '../../src/grafana/charted.js';
import type { RuleOptions } from '../../src/rules/rule-options.js';

const rule = (options: Partial<RuleOptions>): RuleOptions => ({
  name: 'r',
  topic: '#',
  measurement: 'm',
  tags: { device: { path: 'device' } },
  fields: 'auto',
  ...options,
});

describe('what a dashboard shows of the rules', () => {
  it('is one measurement for all rules that write it, with the tags and fields of each', () => {
    const charted = chartedMeasurements([
      rule({ fields: { a: { path: 'payload.a', unit: 'celsius' } } }),
      rule({
        tags: { site: { value: 'west' } },
        fields: {
          a: { path: 'payload.t', unit: 'kelvin', type: 'float', range: [0, 1] },
          b: { path: 'payload.b' },
        },
      }),
    ]);
    expect(charted).toEqual([
      {
        name: 'm',
        tags: ['device', 'site'],
        fields: [
          { name: 'a', kind: 'number', unit: 'celsius', range: [0, 1] },
          { name: 'b', kind: 'number' },
        ],
      },
    ]);
  });

  it.each([
    [{ path: 'payload.x' }, 'number'],
    [{ path: 'payload.x', type: 'int' }, 'number'],
    [{ path: 'payload.x', type: 'boolean' }, 'boolean'],
    [{ path: 'payload.x', type: 'string' }, 'text'],
    [{ path: 'topic.site' }, 'text'],
    [{ path: 'clientId' }, 'text'],
  ] as const)('takes a field %o for a %s', (field, kind) => {
    expect(chartedMeasurements([rule({ fields: { x: field } })])[0]!.fields).toEqual([{ name: 'x', kind }]);
  });

  it('is nothing of a rule that ignores its topics', () => {
    const ignored = rule({ where: 'false', measurement: 'ignored' });
    expect(chartedMeasurements([ignored, rule({})]).map(({ name }) => name)).toEqual(['m']);
  });

  it('has no fields when one rule accepts any field', () => {
    const fixed = rule({ fields: { a: { path: 'payload.a' } } });
    expect(chartedMeasurements([fixed, rule({})])).toEqual([{ name: 'm', tags: ['device'] }]);
  });

  it('has the fields, types and tags of the store, with the units of the rules', () => {
    const stored = [
      {
        name: 'm',
        tags: ['device', 'old'],
        fields: [
          { name: 'a', type: 'float' },
          { name: 'relay', type: 'boolean' },
        ],
      },
      { name: 'other', tags: [], fields: [{ name: 'x', type: 'float' }] },
    ] as const;
    const rules = [rule({ fields: { a: { path: 'payload.a', unit: 'W' } } }), rule({ measurement: 'new' })];
    expect(chartedMeasurements(rules, stored)).toEqual([
      {
        name: 'm',
        tags: ['device', 'old'],
        fields: [
          { name: 'a', kind: 'number', unit: 'W' },
          { name: 'relay', kind: 'boolean' },
        ],
      },
      { name: 'new', tags: ['device'] },
    ]);
  });
});
