// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { describe, expect, test } from 'vitest';
import { problemsOf } from './parse.js';

const QUOTES = 'expected the value in quotes';
const BLANK = 'without a blank behind it, expected';
const INDENT = 'expected the same indent for all keys of a section';

/** Each rule is wrong in this one place; the line that tells it begins so. */
const FAULTS: readonly (readonly [string, string, string])[] = [
  [
    'a variable in braces',
    'sink:\n  influx: { url: "http://h:1", database: d, token: ${TOKEN} }',
    `2:52: got \${TOKEN} without quotes, inside of { } or [ ], expected the value in quotes: "\${TOKEN}"`,
  ],
  [
    'a topic that is a comment',
    'rules:\n  - name: a\n    measurement: m\n    topic: #',
    '4:5: rules[0].topic: expected MQTT topic filter; it is missing; write the value in quotes: a # behind a blank',
  ],
  [
    'a topic in braces that is a comment',
    'rules:\n  - { name: a, topic: #, measurement: m }\nlog: {}',
    `2:23: got a value that begins with #, inside of { } or [ ], ${QUOTES}`,
  ],
  [
    'a condition with a colon',
    'rules:\n  - name: a\n    measurement: m\n    topic: t\n    where: payload.a == "x" ? b : c',
    `5:33: got a colon with a blank behind it, inside of a value, ${QUOTES}`,
  ],
  [
    'a condition that begins with a text',
    'rules:\n  - name: a\n    measurement: m\n    topic: t\n    where: "a" == payload.x',
    `5:16: got text behind the closing quote, expected quotes around the whole value: '"a" == b'`,
  ],
  [
    'a value with *',
    'rules:\n  - name: a\n    measurement: m\n    topic: *x',
    `4:5: rules[0].topic: got *x without quotes, ${QUOTES}`,
  ],
  [
    'a value with &',
    'rules:\n  - name: a\n    measurement: m\n    topic: &x',
    `4:5: rules[0].topic: got &x without quotes, ${QUOTES}`,
  ],
  [
    'a value with !',
    'rules:\n  - name: a\n    measurement: m\n    topic: t\n    where: !has(payload.x)',
    `5:12: got a value that begins with !, ${QUOTES}`,
  ],
  [
    'a value with %',
    'rules:\n  - name: %a\n    topic: t\n    measurement: m',
    `2:11: got a value that begins with %, ${QUOTES}`,
  ],
  [
    'a value with @',
    'rules:\n  - name: @a\n    topic: t\n    measurement: m',
    `2:11: got a value that begins with @, ${QUOTES}`,
  ],
  [
    'a value with `',
    'rules:\n  - name: `a`\n    topic: t\n    measurement: m',
    `2:11: got a value that begins with \`, ${QUOTES}`,
  ],
  [
    'a key of time beside it',
    'rules:\n  - name: a\n    measurement: m\n    topic: t\n    time:\n      path: p\n    window: { past: 1d }',
    '7:5: rules[0].window: got an unknown key, expected the keys name, topic, format, where, sample',
  ],
  [
    'a line that is indented deeper',
    'rules:\n  - name: a\n    topic: t\n     measurement: m',
    `4:6: got a line that is indented deeper than the line above it, ${INDENT}`,
  ],
  [
    'a line that is indented less',
    'rules:\n  - name: a\n    topic: t\n   measurement: m\nlog: {}',
    `4:4: got a line that is indented otherwise than the lines around it, ${INDENT}`,
  ],
  [
    'tabs',
    'log:\n\tlevel: info\n\tformat: json',
    '2:1: got tabs at the beginning of 2 lines, expected blanks',
  ],
  [
    'a key twice',
    'log: {}\nhttp: {}\nlog: {}',
    '3:1: log: got this key a second time, expected each key once; the first one is in line 1',
  ],
  [
    'no blank behind a colon',
    'rules:\n  - name:a\n    topic: t\n    measurement: m',
    `2:10: got a : ${BLANK} key: value`,
  ],
  [
    'no blank behind the only colon',
    'http:\n  port:8080',
    '1:1: http: got "port:8080", expected false, or section with the keys',
  ],
  [
    'no blank behind a dash',
    'rules:\n  -name: a\n   topic: t\n   measurement: m',
    `2:4: got a - ${BLANK} - key: value`,
  ],
  [
    'two values',
    'log:\n  level: info: warn',
    `2:14: got a colon with a blank behind it, inside of a value, ${QUOTES}`,
  ],
  [
    'a list for a section',
    'log:\n  - level: info',
    '1:1: log: got a list, expected a section with the keys level, format; write each as key: value, without',
  ],
  [
    'a section for a list',
    'rules:\n  name: a\n  topic: t',
    '1:1: rules: got a section, expected a list; begin each entry with a dash and a blank: - key: value',
  ],
  [
    'a brace that is not closed',
    'rules:\n  - { name: a, topic: t, measurement: m\nlog: {}',
    '2:5: got { that is not closed, expected } behind its last entry',
  ],
  [
    'a template without quotes',
    'rules:\n  - name: a\n    topic: t/+x/+y\n    measurement: m\n    tags: { id: {topic.x}-{topic.y}, b: topic.x }',
    `5:17: got a text that begins with a brace, without quotes, ${QUOTES}`,
  ],
  [
    'a template without quotes that begins with a text',
    'rules:\n  - name: a\n    topic: t/+x/+y\n    measurement: m\n    tags:\n      id: {topic.x}-y',
    `6:11: got a text that begins with a brace, without quotes, ${QUOTES}`,
  ],
  [
    'a reason with a colon, in braces',
    'rules:\n  - name: a\n    topic: t\n    measurement: m\n    check: [{ if: payload.x > 0, else: no: good }]',
    `5:42: got a colon with a blank behind it, inside of a value, ${QUOTES}`,
  ],
  [
    'a topic that is a star',
    'rules:\n  - name: a\n    measurement: m\n    topic: *',
    `4:12: got a value that begins with *, ${QUOTES}`,
  ],
  ['a brace too many', 'log: { level: info }}', '1:21: got }, expected no } without its beginning'],
  [
    'a quote that is not closed',
    'rules:\n  - topic: t\n    measurement: m\n    name: "a\nlog: {}',
    '4:11: got a value that begins with " and does not end with it, expected " at its end',
  ],
  [
    'an odd key in braces',
    'rules:\n  - { name: a, topic: t, measurement: m, fields: { t: payload["a b"] } }',
    `2:62: got [ in a value without quotes, ${QUOTES}`,
  ],
  [
    'a pattern in double quotes',
    'rules:\n  - name: a\n    topic: t\n    measurement: m\n    where: "payload.x.matches(\'\\d\')"',
    '5:32: got \\d in double quotes, expected single quotes around the value',
  ],
];

describe('a fault of the YAML is told in the words of who wrote it, at its place and once', () => {
  test.each(FAULTS)('%s', (_what, yaml, line) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.slice(0, line.length + 12)).toBe(`sluice.yaml:${line}`);
  });

  test.each(FAULTS)('%s does not hide what else is wrong', (_what, yaml) => {
    const before = 'stream: { mode: kafka }\nbroker: { listeners: [{ host: 0.0.0.0 }] }\n';
    const after = '\nconsumer: { payload: { maxDepth: deep } }\n';
    const problems = problemsOf(before + yaml + after).join('\n');
    expect(problems).toContain('stream.mode: got "kafka"');
    expect(problems).toContain('broker.listeners[0].host: got "0.0.0.0"');
    expect(problems).toContain('consumer.payload.maxDepth: got "deep"');
  });
});

test('of several rules, those without a fault are checked to the end', () => {
  const problems = problemsOf(`rules:
  - name: a
    topic: a/#/b
    measurement: m
  - name: b
    topic: t
    measurement: @m
  - name: c
    topic: u
     measurement: m
  - name: d
    topic: v
    measurement: m
    where: payload.x >
`);
  expect(
    problems.map((problem) => /^sluice\.yaml:(\d+):\d+: (?:rules\S+ )?got \S+/.exec(problem)?.[0]),
  ).toEqual([
    'sluice.yaml:3:5: rules[0].topic: got "a/#/b",',
    'sluice.yaml:7:18: got a',
    'sluice.yaml:10:6: got a',
    'sluice.yaml:14:23: rules[3].where: got "payload.x',
  ]);
});

test('many lines with tabs cost a pass over them', () => {
  expect(problemsOf(`log:\n${'\tlevel: info\n'.repeat(60_000)}`)).toEqual([
    expect.stringContaining('got tabs at the beginning of 60000 lines'),
  ]);
});

test('what is plain YAML is taken as it is', () => {
  const rule = (topic: string) => `rules:\n  - { name: a, measurement: m, topic: ${topic} }\n`;
  for (const topic of ['sensors/#', '+/x', 'a/+/b', '$share', 'a b'])
    expect(problemsOf(rule(topic))).toEqual([]);
});

test('no value of the file is shown: it may be a secret', () => {
  for (const value of [
    '@hunter2',
    '!hunter2',
    '"a" hunter2',
    'hunter2: x',
    '%hunter2',
    '[hunter2',
    '"hunter2',
    '{ hunter2',
  ]) {
    const problems = problemsOf(
      `sink:\n  influx:\n    url: http://h:1\n    database: d\n    token: ${value}\n`,
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain('hunter2');
  }
});

describe('an unknown key', () => {
  test.each([
    [
      'of a section below',
      'rules:\n  - { name: a, topic: t, measurement: m, zone: UTC }',
      'it is a key of time: indent it below that',
    ],
    ['of an empty section above it', 'broker:\nlisteners: []', 'it is a key of broker: indent it below that'],
    ['of a section around', 'broker:\n  http: {}', 'it is a key of the top level: indent it less'],
    ['of a list below', 'broker:\n  port: 1', 'it is a key of listeners[]: indent it below that'],
    ['of another section', 'broker:\n  segmentSize: 1MiB', 'it is a key of stream.log'],
    ['with a slip of the pen', 'broker:\n  insecur: true', 'did you mean "insecure"?'],
  ])('%s has its place named', (_what, yaml, hint) => {
    const [problem] = problemsOf(yaml);
    expect(problem).toMatch(/got an unknown key/);
    expect(problem!.endsWith(`; ${hint}`), problem).toBe(true);
  });
});
