import { expect, test } from 'vitest';
import { type ExplanationText, formatExplanation } from '../../src/rules/format-explanation.js';

const EXPLANATION: ExplanationText = {
  topic: 'a/b',
  tried: [{ rule: 'r', filter: '#' }],
  conditions: [],
  values: [],
  unused: [],
  lines: [],
  notes: [],
  outcome: 'written',
  rule: 'r',
};
const lines = (part: Partial<ExplanationText>) =>
  formatExplanation({ ...EXPLANATION, ...part })
    .split('\n')
    .slice(2);

test('lines about the message come before the rules', () => {
  expect(formatExplanation(EXPLANATION, ['broker   takes it'])).toBe(
    'topic    a/b\nbroker   takes it\nrule     r (#): takes it',
  );
});

test('each rule that takes the message has its own names for the levels', () => {
  const tried = [
    { rule: 'r', filter: '+site/+device' },
    { rule: 's', filter: 'b/#', mismatch: 'level 1 is "a", not "b"' },
    { rule: 't', filter: '#rest' },
  ];
  expect(formatExplanation({ ...EXPLANATION, tried }).split('\n')).toEqual([
    'topic    a/b',
    'rule     r (+site/+device): takes it',
    '         topic.site = a',
    '         topic.device = b',
    'rule     s (b/#): no: level 1 is "a", not "b"',
    'rule     t (#rest): takes it',
    '         topic.rest = a/b',
  ]);
});

test('of many rules that do not take the topic the first are shown, and every one that has to do with it', () => {
  const others = Array.from({ length: 20 }, (_, n) => ({
    rule: `o${n}`,
    filter: `o${n}/#`,
    mismatch: `level 1 is "a", not "o${n}"`,
  }));
  const tried = [
    ...others,
    { rule: 'r', filter: '#' },
    { rule: 'z', filter: '#', mismatch: 'not tried: an earlier rule took it' },
  ];
  const text = formatExplanation({ ...EXPLANATION, tried }).split('\n');
  expect(text.filter((line) => /rule {5}o/.test(line))).toHaveLength(5);
  expect(text).toContain('rule     r (#): takes it');
  expect(text.at(-2)).toBe('rule     z (#): not tried: an earlier rule took it');
  expect(text.at(-1)).toBe('         15 more rules do not take this topic');
});

test('values are aligned, but a wide one moves no other', () => {
  const wide = 'n'.repeat(40);
  const values = [
    { target: 'field', name: 'a', from: 'payload.a', became: '1' },
    { target: 'field', name: wide, from: 'payload.b', became: '2' },
    { target: 'tag', name: 'long', from: 'device', became: 'x' },
  ] as const;
  expect(lines({ values })).toEqual([
    'field    a = 1     from payload.a',
    `field    ${wide} = 2  from payload.b`,
    'tag      long = x  from device',
  ]);
});

test('what was found is shown where it differs from what is stored', () => {
  const value = { target: 'field', name: 't', from: 'payload.t' } as const;
  expect(lines({ values: [{ ...value, found: '"21,5"', became: '21.5' }] })[0]).toContain('("21,5")');
  expect(lines({ values: [{ ...value, found: '"on"', became: 'on' }] })[0]).not.toContain('(');
  expect(lines({ values: [{ ...value, found: '3', became: '3' }] })[0]).not.toContain('(');
});

test('a note stands behind where the value is from', () => {
  const value = { target: 'field', name: 't', from: 'payload.t', became: '9' } as const;
  expect(lines({ values: [{ ...value, note: 'outside expected 2..8' }] })).toEqual([
    'field    t = 9  from payload.t, outside expected 2..8',
  ]);
});

test('elements have a head, and a measurement of its own is named', () => {
  const values = [
    { target: 'measurement', name: 'measurement', from: 'payload.type', became: 'climate' },
    { target: 'field', name: 't', from: 'e.t', became: '1', element: 'payload.list[0]' },
    { target: 'field', name: 't', from: 'e.t', became: '2', element: 'payload.list[1]' },
  ] as const;
  expect(lines({ values })).toEqual([
    'into     climate  from payload.type',
    'element  payload.list[0]',
    'field    t = 1    from e.t',
    'element  payload.list[1]',
    'field    t = 2    from e.t',
  ]);
});

test('long lists are cut, and the rest is counted', () => {
  const values = Array.from(
    { length: 120 },
    (_, at) => ({ target: 'field', name: `f${at}`, from: 'x', became: '1' }) as const,
  );
  expect(lines({ values, moreValues: 5 }).at(-1)).toBe('         … 25 more values');
  const unused = Array.from({ length: 22 }, (_, at) => `payload.k${at}`);
  expect(lines({ unused })[0]).toMatch(/payload\.k19, and 2 more$/);
});

test('nothing of a device is printed unescaped or without end', () => {
  const values = [
    { target: 'field', name: 'n\u202e', from: 'payload.n', found: 'x'.repeat(200), became: 'y\n' },
  ] as const;
  const conditions = [
    { expression: 'a\nb', result: true, read: [{ path: 'payload.\u202e', found: '1\u202e' }] },
  ];
  const text = lines({ values, conditions, unused: ['payload.\u202e'], lines: ['m \u202e'] }).join('\n');
  expect(text).not.toContain('\u202e');
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain(`${'x'.repeat(60)}…`);
});

test('the windows of the points come behind their lines', () => {
  const window = { measurement: 'm_5min', from: '2026-11-30T11:25:00Z', to: '2026-11-30T11:30:00Z' };
  const midnight = { ...window, from: '2026-11-30T23:55:00Z', to: '2026-12-01T00:00:00Z', by: {} };
  const windows = [{ ...window, by: { device: 'd1', site: 'North' } }, midnight];
  expect(lines({ lines: ['m v=1 1'], windows })).toEqual([
    'line     m v=1 1',
    'window   m_5min 2026-11-30T11:25:00Z to 11:30:00Z, by device=d1 site=North',
    'window   m_5min 2026-11-30T23:55:00Z to 2026-12-01T00:00:00Z, all in one group',
  ]);
  expect(lines({ windows: Array(25).fill(windows[0]) }).slice(-2)).toEqual([
    expect.stringContaining('window'),
    '         … 5 more windows',
  ]);
});
