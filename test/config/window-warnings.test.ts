import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';

const RULE = {
  name: 'climate',
  topic: 'sensors/+site/+device',
  measurement: 'climate',
  tags: { site: 'topic.site', device: 'topic.device' },
  fields: { temperature: 'payload.t', open: 'payload.open' },
};
const AGGREGATE = { name: 'climate', from: 'climate', every: '5min', fields: { temperature: 'mean' } };

function warningsOf(aggregate: object, ...rules: readonly object[]): string[] {
  const text = stringify({ rules, windows: { aggregates: [{ ...AGGREGATE, ...aggregate }] } });
  const result = parseConfig(text, 'sluice.yaml', '/etc/sluice', {});
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.loaded.warnings.map(formatProblem).map((line) => line.replace(/^sluice\.yaml:\d+:\d+: /, ''));
}

it('finds nothing where the rules give what an aggregate takes', () => {
  expect(warningsOf({ by: ['site', 'device'] }, RULE)).toEqual([]);
});

it('finds a measurement that no rule writes', () => {
  expect(warningsOf({ from: 'klima' }, RULE)).toEqual([
    'windows.aggregates[0].from: got "klima", expected a measurement that a rule writes; this aggregate will have no windows',
  ]);
  const ignored = { ...RULE, measurement: 'klima', where: 'false' };
  expect(warningsOf({ from: 'klima' }, ignored)).toHaveLength(1);
});

it('finds fields and tags that no rule gives', () => {
  const other = { ...RULE, name: 'other', topic: 'other', tags: {}, fields: { humidity: 'payload.h' } };
  expect(
    warningsOf({ by: ['city'], fields: { temp: 'mean', humidity: 'mean', open: 'count' } }, RULE, other),
  ).toEqual([
    'windows.aggregates[0].fields.temp: got temp, expected a field that a rule gives to this measurement: temperature, open, humidity',
    'windows.aggregates[0].by: got city, expected a tag that a rule gives to this measurement: site, device',
  ]);
  expect(warningsOf({ by: 'city' }, { ...RULE, tags: {} })).toEqual([
    'windows.aggregates[0].by: got city, expected no tag, because no rule gives one to this measurement',
  ]);
});

it('finds nothing where messages give the names', () => {
  expect(warningsOf({ from: 'klima' }, { ...RULE, measurement: { path: 'payload.type' } })).toEqual([]);
  expect(warningsOf({ fields: { temp: 'mean' } }, { ...RULE, fields: 'auto' })).toEqual([]);
  expect(warningsOf({ fields: { temp: 'mean' } }, { ...RULE, autoFields: {} })).toEqual([]);
  const template = { ...RULE, fields: { '{payload.name}': 'payload.value' } };
  expect(warningsOf({ fields: { temp: 'mean' } }, template)).toEqual([]);
  expect(warningsOf({ by: 'city' }, { ...RULE, autoTags: { from: 'payload.tags' } })).toEqual([]);
});

it.each([
  [
    'boolean',
    'mean',
    'got mean of a field of type boolean, expected functions that such a field has: count, true_ratio, changes',
  ],
  [
    'string',
    'true_ratio',
    'got true_ratio of a field of type string, expected functions that such a field has: count, changes',
  ],
  [
    'float',
    'true_ratio',
    'got true_ratio of a field of type float, expected functions that such a field has: count, sum, mean,',
  ],
])('finds functions that a field of type %s does not have', (type, one, text) => {
  const rule = { ...RULE, fields: { temperature: { path: 'payload.t', type } } };
  const fields = { temperature: ['count', one] };
  const warnings = warningsOf({ fields }, rule);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`windows.aggregates[0].fields.temperature: ${text}`);
  // Another rule decides the type by the value.
  const other = { ...RULE, name: 'other', topic: 'other', tags: {} };
  expect(warningsOf({ fields }, rule, other)).toEqual([]);
});
