import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { ruleExcerpt } from '../../src/config/rule-excerpt.js';

const FILE = `rules:
  - name: other
    topic: other
    measurement: m
    fields: auto
  - name: weather
    topic: weather/+device
    measurement: weather
    fields:
      humidity:
        path: payload.humidity
        type: float
        range: [0, 100]
      "odd name": { path: payload.o, type: float }
`;

function loaded(text = FILE) {
  const result = parseConfig(text, 'sluice.yaml', '/', {});
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.loaded;
}

it('shows the part of a rule that a key names, and where it is written', () => {
  expect(ruleExcerpt(loaded(), 'weather', ['fields', 'humidity'])).toEqual({
    file: 'sluice.yaml',
    line: 10,
    key: 'rules[1].fields.humidity',
    text: 'fields:\n  humidity:\n    path: payload.humidity\n    type: float\n    range: [0, 100]',
  });
  expect(ruleExcerpt(loaded(), 'weather', ['fields', 'odd name'])?.line).toBe(14);
});

it('shows the nearest part that the rule has, and nothing of a rule that is not there', () => {
  expect(ruleExcerpt(loaded(), 'weather', ['fields', 'made-up'])?.key).toBe('rules[1].fields');
  expect(ruleExcerpt(loaded(), 'weather', ['each'])?.text).toContain('name: weather');
  expect(ruleExcerpt(loaded(), 'weather', [])?.line).toBe(6);
  expect(ruleExcerpt(loaded(), 'gone', [])).toBeUndefined();
  expect(ruleExcerpt(loaded(), 'weather', ['constructor', 'name'])?.key).toBe('rules[1]');
});

it('cuts what is long', () => {
  const fields = Array.from({ length: 60 }, (_, n) => `      f${n}: { path: payload.f${n} }`).join('\n');
  const { text } = ruleExcerpt(
    loaded(`rules:\n  - name: w\n    topic: w\n    measurement: w\n    fields:\n${fields}\n`),
    'w',
    ['fields'],
  )!;
  expect(text.split('\n')).toHaveLength(25);
  expect(text.endsWith('\n…')).toBe(true);
});
