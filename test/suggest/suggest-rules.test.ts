import { describe, expect, it } from 'vitest';
import { ProfileFitter } from '../../src/suggest/fit-profiles.js';
import type { SampleMessage } from '../../src/suggest/sample-message.js';
import { suggestRules } from '../../src/suggest/suggest-rules.js';
import { sample } from './sample.js';

const fitter = new ProfileFitter();

/** The rules for messages of five devices; `at` makes the nth payload. */
function rulesFor(at: (index: number) => unknown, count = 50): string {
  return textOf(Array.from({ length: count }, (_, index) => sample(`plant/p${index % 5}/data`, at(index))));
}

function textOf(messages: readonly SampleMessage[]): string {
  return suggestRules(messages, fitter).text ?? '';
}

describe('topics', () => {
  it.each([
    [['rooms/a/climate', 'rooms/b/climate'], 'topic: "rooms/+room/climate"'],
    [['plant/p1/data', 'plant/p2/data'], 'topic: "plant/+device/data"'],
    [['a/x/temperature', 'a/y/temperature', 'a/x/humidity', 'a/y/humidity'], 'topic: "a/+device/+kind"'],
    [['sites/north/p1/up', 'sites/south/p2/up'], 'topic: "sites/+site/+device/up"'],
    [['home/hall/climate'], 'topic: home/hall/climate'],
  ])('%j become %s', (topics, expected) => {
    expect(textOf(topics.map((topic) => sample(topic, { value: 21.5, n: 1 })))).toContain(expected);
  });

  it('a level is a literal where words and numbers would meet in one rule', () => {
    const text = textOf([
      sample('h/a/temperature', '21.5'),
      sample('h/b/temperature', '20'),
      sample('h/a/door', 'open'),
      sample('h/b/door', 'closed'),
    ]);
    expect(text).toContain('topic: "h/+device/temperature"');
    expect(text).toContain('topic: "h/+device/door"');
  });

  it('numbers and words under one topic are two fields', () => {
    const messages = Array.from({ length: 12 }, (_, n) => sample('h/a/level', n % 3 ? 'idle' : `${n}`));
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain('level: { path: payload, type: float');
    expect(text).toContain('level_text: { path: payload, type: string');
    expect(counts).toMatchObject({ written: 12, parked: 0 });
  });

  it('lines of a log are filtered, and not parked', () => {
    const messages = Array.from({ length: 12 }, (_, n) =>
      sample('h/a/log', `[\u001b[31m] line ${n} of many`),
    );
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain('where: "false"');
    expect(counts).toMatchObject({ filtered: 12, parked: 0 });
  });

  it('more groups than a person reads are counted, and not suggested', () => {
    const messages = Array.from({ length: 70 }, (_, n) => sample(`a/b${'/x'.repeat(n)}`, { v: n }));
    const { groups, notGrouped } = suggestRules(messages, fitter);
    expect({ groups, rest: notGrouped.length }).toEqual({ groups: 60, rest: 10 });
  });

  it('values that are named by the last level become fields of that name', () => {
    const text = textOf(
      ['temperature', 'humidity'].flatMap((kind) =>
        ['a', 'b'].map((one) => sample(`h/${one}/${kind}`, '21.5')),
      ),
    );
    expect(text).toContain('"{topic.kind}": { path: payload, type: float');
  });
});

describe('fields', () => {
  it.each<[string, (index: number) => unknown, string]>([
    ['a number without a fraction is a float', (n) => ({ v: n }), 'v: { path: payload.v, type: float }'],
    [
      'one beyond 2^53 is an int',
      (n) => `{"total":90071992547409931${n}}`,
      'total: { path: payload.total, type: int }',
    ],
    [
      'one with a fraction among large ones is a float',
      (n) => (n === 3 ? '{"v":1.5}' : '{"v":9007199254740993}'),
      'type: float',
    ],
    [
      'a decimal comma and a suffix',
      (n) => ({ v: `${n},5 °C` }),
      'v: { path: payload.v, type: float, suffix: ["°C"], decimalComma: true }',
    ],
    ['words for no value', (n) => ({ v: n % 9 === 0 ? 'unavailable' : n / 2 }), 'noValue: [unavailable]'],
    [
      'a sentinel now and then',
      (n) => ({ temp: n === 7 ? -127 : 20 + n / 50 }),
      'noValue: [-127], unit: celsius',
    ],
    ['85 far from the others', (n) => ({ temp: n === 7 ? 85 : 20 + n / 50 }), 'noValue: [85]'],
    [
      'ON and OFF',
      (n) => ({ relay: n % 2 ? 'ON' : 'OFF' }),
      'type: boolean, map: { "ON": true, "OFF": false }',
    ],
    ['true and false', (n) => ({ wet: n % 2 === 0 }), 'wet: { path: payload.wet, type: boolean }'],
    ['a nested value', (n) => ({ a: { b: n } }), 'a_b: { path: payload.a.b, type: float }'],
    [
      'a key of blanks and a backslash',
      (n) => ({ ' \\': n }),
      'value: { path: "payload[\\" \\\\\\\\\\"]", type: float }',
    ],
    ['an odd key', (n) => ({ 'odd key.x': n }), 'path: "payload[\\"odd key.x\\"]"'],
    [
      'a state',
      (n) => ({ v: n, mode: ['auto', 'eco', 'off'][n % 3] }),
      'mode: { path: payload.mode, type: string }',
    ],
    ['a unit at the end of a name', (n) => ({ energy_kwh: n }), 'unit: kWh'],
    ['voltage in mV by its size', (n) => ({ voltage: 2900 + n }), 'unit: mV'],
    ['voltage in V by its size', (n) => ({ voltage: 220 + n / 10 }), 'unit: V'],
    [
      'how many messages have it',
      (n) => (n % 25 === 0 ? { w: 1 } : { v: n, w: 1 }),
      '# 48 of 50 messages have it; 1 … 49',
    ],
  ])('%s', (_, at, expected) => {
    expect(rulesFor(at)).toContain(expected);
  });

  it('85 stays a temperature where the others come near it', () => {
    expect(rulesFor((n) => ({ temp: n === 7 ? 85 : 60 + n / 2 }))).not.toContain('noValue');
  });
});

describe('tags', () => {
  it.each<[string, (index: number) => unknown, string]>([
    ['a text with few values', (n) => ({ v: n, line: `l${n % 3}` }), '      line: payload.line '],
    [
      'an identity that is a number',
      (n) => ({ v: n / 2, channel: n % 4 }),
      '      channel: payload.channel ',
    ],
    ['digits with leading zeros', (n) => ({ v: n, serial: `00${n % 3}` }), '      serial: payload.serial '],
    ['the levels of the topic', (n) => ({ v: n }), '      device: topic.device '],
  ])('%s', (_, at, expected) => {
    expect(rulesFor(at)).toContain(expected);
  });

  it.each<[string, (index: number) => unknown, string]>([
    [
      'a text that changes with each message',
      (n) => ({ v: n, note: `n${n}` }),
      '# note: it changes with the messages',
    ],
    [
      'a token, however few there are',
      (n) => ({ v: n, token: `t${n % 2}` }),
      '# token: it changes with the messages',
    ],
    [
      'an identity with a value for each message',
      (n) => ({ v: n, id: `x${n}` }),
      '# id: it changes with the messages',
    ],
    ['what the topic says already', (n) => ({ v: n, id: `p${n % 5}` }), '# id: the same as topic.device'],
    ['what is always null', (n) => ({ v: n, gone: null }), '# gone: it is always null'],
  ])('%s is none', (_, at, expected) => {
    const text = rulesFor(at);
    expect(text).toContain(expected);
    expect(text).not.toMatch(/^ {6}(?:note|token|id|gone):/m);
  });
});

describe('time', () => {
  const BASE = Date.parse('2026-03-08T20:05:00Z');

  it.each<[string, (index: number) => unknown, string]>([
    ['seconds', (n) => ({ v: 1, ts: BASE / 1000 + n / 10 }), 'time: { path: payload.ts, unit: s }'],
    ['milliseconds', (n) => ({ v: 1, ts: BASE + n }), 'time: { path: payload.ts, unit: ms }'],
    ['nanoseconds', (n) => `{"v":1,"ts":${BASE}00000${n % 10}}`, 'time: { path: payload.ts, unit: ns }'],
    ['a text', (n) => ({ v: 1, at: new Date(BASE + n).toISOString() }), 'time: { path: payload.at }'],
    ['a text in a zone', () => ({ v: 1, Time: '2026-03-08T21:05:00' }), 'zone: Etc/GMT-1'],
    ['in several units', (n) => ({ v: 1, ts: n % 2 ? BASE : BASE / 1000 }), 'unit: auto'],
    [
      'late by more than the window',
      (n) => ({ v: 1, ts: BASE - 30 * 86_400_000 + n }),
      'window: { past: 32d }',
    ],
    ['one that is not always readable', (n) => ({ v: 1, ts: n === 3 ? 'soon' : BASE }), 'otherwise: receive'],
  ])('%s', (_, at, expected) => {
    expect(rulesFor(at)).toContain(expected);
  });

  it.each<[string, (index: number) => unknown]>([
    ['a counter near now is none', (n) => ({ total: BASE / 1000 + n })],
    ['an uptime is none', (n) => ({ v: 1, uptime: n })],
  ])('%s', (_, at) => {
    expect(rulesFor(at)).not.toMatch(/^ {4}time:/m);
  });

  it('of samples without a receive time is believed, however old it is', () => {
    const { text, counts } = suggestRules(
      [sample('a/b/c', { v: 1, ts: 1_600_000_000 }, { isKnown: false })],
      fitter,
    );
    expect(text).toContain('time: { path: payload.ts, unit: s }');
    expect(counts.written).toBe(1);
  });
});

describe('policies', () => {
  it('gaps are counted where a counter rises by one on each topic', () => {
    const text = rulesFor((n) => ({ v: 1, seq: Math.floor(n / 5) }));
    expect(text).toContain('gaps: { counter: payload.seq, by: [topic.device] }');
  });

  it('nothing is counted where it rises otherwise', () => {
    expect(rulesFor((n) => ({ v: 1, seq: n }))).not.toContain('gaps');
  });

  it('duplicates are filtered where an id comes again with the same payload', () => {
    const messages = [1, 2, 3, 4, 4, 5].map((n) => sample('a/b/c', { v: n, msg_id: `m${n}` }));
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain('duplicates: { key: payload.msg_id, within: 10min }');
    expect(counts).toMatchObject({ written: 5, filtered: 1, parked: 0 });
  });

  it('an id that comes with another payload is no message id', () => {
    const messages = [1, 2, 3, 4, 4, 5].map((n, index) => sample('a/b/c', { v: index, msg_id: `m${n}` }));
    expect(textOf(messages)).not.toContain('duplicates');
  });
});

describe('the whole', () => {
  it('says how many are written and why others are not', () => {
    const messages = [1, 2, 3].map((n) => sample('a/b/c', { v: n }));
    const { text, counts } = suggestRules(
      [...messages, sample('a/b/c', '{"v":'), sample('a/b/c', '')],
      fitter,
    );
    expect(counts).toMatchObject({ written: 3, filtered: 0, parked: 1 });
    expect(text).toContain('# tried: 3 written, 1 parked');
    expect(text).toMatch(/# payload-not-json: /);
  });

  it('has no text where nothing is understood', () => {
    const { text, notUnderstood } = suggestRules([sample('a/b', Buffer.from([0xff, 0x00, 0xfe]))], fitter);
    expect(text).toBeUndefined();
    expect(notUnderstood).toHaveLength(1);
  });

  it('lists beside single values are two rules for one message', () => {
    const messages = [1, 2].map((n) => sample('m/m1/power', { power: [73, n], total: 5.2 }));
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain('continue: true');
    expect(text).toContain('each: payload.power');
    expect(counts.written).toBe(2);
  });

  it('a list that is longer than rules take by default raises the limit', () => {
    const values = Array.from({ length: 2_500 }, (_, n) => n);
    const { text, counts } = suggestRules([sample('a/b/c', { values })], fitter);
    expect(text).toContain('maxElements: 5000');
    expect(counts).toMatchObject({ written: 1, parked: 0 });
  });

  it('a comment cannot be ended by what a device sends', () => {
    const text = rulesFor((n) => ({ v: n, line: `a\n  - name: forged ${n % 2}` }));
    expect(text).not.toMatch(/^ {2}- name: forged/m);
  });

  it('a variable is not looked for in what a device sends', () => {
    const variable = `\${HOME}`;
    const { text, counts } = suggestRules([sample('a/b/c', { [variable]: 1, v: variable })], fitter);
    expect(text).toContain(`$${variable}`);
    expect(counts).toMatchObject({ written: 1, parked: 0 });
  });
});
