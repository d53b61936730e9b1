// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';

function warningsOf(...topics: readonly string[]): string[] {
  const rules = topics.map(
    (topic, n) => `  - { name: r${n}, measurement: m, where: "false", topic: ${topic} }`,
  );
  const result = parseConfig(`rules:\n${rules.join('\n')}\n`, 'sluice.yaml', '/', { T: 'a/b' });
  return result.ok ? result.loaded.warnings.map(formatProblem) : ['not valid'];
}

test('a rule behind one that takes every topic of it is warned about, whatever the condition of that one', () => {
  expect(warningsOf('a/#', 'b/+', 'a/+/x')).toEqual([
    'sluice.yaml:4:49: rules[2].topic: got "a/+/x", expected a rule that some topic reaches: rules[0] is before it and takes every topic of it; move this rule before that one, or make the filter of that one narrower',
  ]);
});

test('a rule of which the broker takes no topic is warned about once', () => {
  expect(warningsOf('$SYS/#', '$SYS/broker', '"#"')).toEqual([
    expect.stringMatching(/^sluice.yaml:2:.*the broker takes no topic of it \(topic reserved/),
    expect.stringMatching(/^sluice.yaml:3:.*the broker takes no topic of it/),
  ]);
});

test('rules that share some topics, and conditions that are never true, are fine', () => {
  expect(warningsOf('a/+/x', '+/b/x', 'a/#', '"#"')).toEqual([]);
});

test('the value of a variable is not shown', () => {
  const [warning] = warningsOf('"#"', '"${T}"');
  expect(warning).toContain('got the value of ${T}, expected a rule that some topic reaches');
});
