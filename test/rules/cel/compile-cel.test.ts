import { describe, expect, test } from 'vitest';
import { ExactNumber, type JsonObject } from '../../../src/formats/json/json-value.js';
import { CEL_MAX_CHARACTERS, CEL_MAX_DEPTH, compileCel } from '../../../src/rules/cel/compile-cel.js';
import { sampleReading } from '../sample-record.js';
import { compiled, evaluated, NAMES, problemOf, shown } from './sample-cel.js';

/** 7 and 2.5 are doubles; a number of more than 15 digits is exact, and an int where it is one. */
const PAYLOAD = JSON.stringify({
  c: 21.5,
  n: 7,
  x: 2,
  on: true,
  none: null,
  name: 'pump-1',
  text: '12',
  list: [1, 2.5, 3],
  nested: [[1], [2, 3]],
  words: ['a', 'b'],
  map: { a: 1, b: 2 },
  ts: 1_773_000_312,
  iso: '2026-03-08T20:05:12Z',
}).replace('{', '{"big":9007199254740993,"huge":9223372036854775807,"long":0.30000000000000004,');

describe('numbers', () => {
  test.each([
    ['payload.c * 1.8 + 32', 70.7, 'a double of the payload with an int'],
    ['32 + payload.c * 1.8', 70.7, 'the int first'],
    ['payload.n / 2', 3.5, 'numbers of a payload are doubles'],
    ['2 * payload.x == 4', true, 'int * double == int'],
    ['int(payload.x) * payload.c', 43, 'int(…) with a double'],
    ['int(payload.c)', 21, 'int() cuts'],
    ['7 / 2', 3, 'two ints stay ints'],
    ['-7 / 2', -3, 'cut towards zero'],
    ['-7 % 2', -1, 'with the sign of the left one'],
    ['payload.n % 2 == 1', true, 'the remainder of a double'],
    ['7 % 2.5', 2, 'of an int by a double'],
    ['-payload.x * 2', -4, 'negated'],
    ['-(payload.x + 1)', -3, 'negated brackets'],
    ['payload.on ? 1 : 2.5', 1, 'either of two types'],
    ['(payload.on ? 1 : 2.5) + 0.5', 1.5, 'and calculated with'],
    ['payload.list.map(x, x * 2)', [2, 5, 6], 'inside a macro'],
    ['size(payload.list) * 2.5', 7.5, 'a size is an int'],
    ['[1, 2.5][1] + 1', 3.5, 'a list of both'],
    ['payload.big + 1', '9007199254740994', 'an exact int of the payload'],
    ['payload.big - payload.big', 0, 'an int that a number holds exactly'],
    ['payload.big * 0.5', 4503599627370496, 'an int with a double is a double'],
    ['payload.huge', '9223372036854775807', 'the largest int'],
    ['payload.huge - 1 + 1 == payload.huge', true, 'is exact'],
    ['-9223372036854775808', '-9223372036854775808', 'the smallest int'],
    ['payload.long * 10', 3.0000000000000004, 'a long decimal is a double'],
    ['(payload.c - 32.0) * 5 / 9', -5.833333333333333, 'a formula'],
  ])('%s = %j', (expression, value, _why) => {
    expect(evaluated(expression, PAYLOAD)).toEqual(value);
  });
});

describe('comparisons are by value, whatever the types', () => {
  test.each([
    'payload.x == 2',
    'payload.x == 2.0',
    '2 == payload.x',
    'int(payload.x) == 2.0',
    'size(payload.list) == 3.0',
    'payload.x != 3',
    'payload.x < 3 && payload.x <= 2 && payload.x > 1 && payload.x >= 2',
    'int(payload.x) < 2.5 && 1.5 < int(payload.x)',
    'payload.big > 9007199254740992.0',
    'payload.big != 9007199254740992',
    'payload.huge < 9223372036854775807.5',
    '1 in payload.list',
    'int(payload.x) in [1.5, 2.0]',
    'payload.x in [1, 2]',
    'payload.list == [1, 2.5, 3]',
    'payload.map == {"a": 1, "b": 2.0}',
    'payload.nested == [[1], [2, 3]]',
    '!("1" in payload.list)',
    '"a" in payload.map',
    '!("toString" in payload.map)',
    'payload.none == null',
    'payload.name != null',
    'payload.name != 5',
    '"b" > "a" && "Z" < "a"',
    'timestamp(payload.iso) == timestamp(payload.ts)',
    'timestamp(payload.iso) - duration("1h") < timestamp(payload.iso)',
    'duration("90s") == duration("1m30s") && duration("1.5s") != duration("1.6s")',
    'duration("-1.5h") < duration(".5ms") && duration("300us") == duration("+300µs")',
    'b"ab" == bytes("ab")',
    'type(payload.c) == double && type(payload.big) == int',
    'bytes("{\\"__proto__\\":{}}").json() != bytes("{\\"a\\":{}}").json()',
  ])('%s', (expression) => {
    expect(evaluated(expression, PAYLOAD)).toBe(true);
  });
});

describe('values', () => {
  test.each([
    ['payload.name', 'pump-1', 'a text'],
    ['payload.map', { a: 1, b: 2 }, 'a map'],
    ['payload.words + ["c"]', ['a', 'b', 'c'], 'lists are joined'],
    ['"p/" + payload.name', 'p/pump-1', 'text is joined'],
    ['payload["name"]', 'pump-1', 'a key in brackets'],
    ['payload.list[1]', 2.5, 'an element'],
    ['payload.list[payload.x]', 3, 'an element by a number of the payload'],
    ['{"on": 1, "off": 0}["on"]', 1, 'a table'],
    ['{1: "one", 2: "two"}[int(payload.text) - 10]', 'two', 'with numbers as keys'],
    ['payload.on ? "warm" : "cold"', 'warm', 'a choice'],
    ['payload.on ? payload.c : null', 21.5, 'or nothing'],
    ['topic.city', 'Mumbai', 'a level of the topic'],
    ['device + "/" + clientId', 'CITIMUM/client-1', 'device and client'],
    ['qos', 1, 'QoS'],
    ['element.v * 2', 6, 'a variable of each'],
    ['index', 1, 'its index'],
    ['has(payload.none)', true, 'a key whose value is null is there'],
    ['has(payload.map.z)', false, 'a key that is not'],
    ['has(payload.name.z)', false, 'nor in a text'],
    ['payload.list.exists(x, x > 2)', true, 'one of them'],
    ['payload.list.all(x, x > 2)', false, 'all of them'],
    ['payload.list.exists_one(x, x > 2.6)', true, 'exactly one'],
    ['payload.list.filter(x, x > 1)', [2.5, 3], 'those'],
    ['payload.list.map(x, x > 1, x * 10)', [25, 30], 'those, changed'],
    ['payload.nested.map(x, x.map(y, y + 1))', [[2], [3, 4]], 'one inside another'],
    ['payload.map.map(k, k + "!")', ['a!', 'b!'], 'the keys of a map'],
    ['payload.list.map(payload, payload + 1)', [2, 3.5, 4], 'a name hides the one outside'],
    ['cel.bind(f, payload.c * 1.8 + 32, f > 70 ? f : 0)', 70.7, 'a value with a name'],
    ['payload.list.exists(x, x > "a" || x > 2)', true, 'a failure does not matter where another decides'],
    ['payload.missing > 1 || payload.on', true, 'nor here'],
    ['payload.missing > 1 && !payload.on', false, 'nor here'],
    ['size(payload.name) + size(payload.map)', 8, 'sizes'],
    ['size("é漢😀")', 3, 'in characters'],
    ['payload.name.startsWith("pump") && payload.name.endsWith("1")', true, 'parts of a text'],
    ['payload.name.contains("mp-")', true, 'anywhere'],
    ['payload.name.substring(payload.x)', 'mp-1', 'a whole double stands for an int'],
    ['payload.name.lastIndexOf("p")', 3, 'where'],
    ['payload.name.split("-")', ['pump', '1'], 'split'],
    ['payload.words.join(", ")', 'a, b', 'joined'],
    ['payload.name.upperAscii()', 'PUMP-1', 'upper case'],
    ['int(payload.text) + 1', 13, 'text to int'],
    ['double("-1.5e1")', -15, 'text to double'],
    [
      'double("+.5") + 1',
      'failed: double("+.5"): "+.5" is not a number',
      'a decimal has a digit before the point',
    ],
    ['string(payload.c) + " C"', '21.5 C', 'to text'],
    ['bytes(payload.name).hex()', '70756d702d31', 'bytes'],
    ['bytes("{\\"v\\":1}").json().v + 1', 2, 'JSON inside a text'],
    ['timestamp(payload.iso).getHours()', 20, 'a part of a time'],
    ['timestamp(payload.iso).getHours("Europe/Berlin")', 21, 'elsewhere'],
    ['(timestamp(payload.iso) - timestamp("2026-03-08T20:00:00Z")).getSeconds()', 312, 'between times'],
    ['dyn(1) + 1.5', 2.5, 'dyn()'],
  ])('%s = %j', (expression, value, _why) => {
    expect(evaluated(expression, PAYLOAD, { variables: { element: { v: 3 }, index: 1 } })).toEqual(value);
  });

  test('the payload may be any JSON value', () => {
    const bare = (payload: unknown) => ({ payload: payload as JsonObject });
    expect(evaluated('payload * 2', '{}', bare(21.5))).toBe(43);
    expect(evaluated('payload + 1', '{}', bare(new ExactNumber('9007199254740993')))).toBe(
      '9007199254740994',
    );
    expect(evaluated('payload[1]', '{}', bare([1, null]))).toBeNull();
    expect(evaluated('payload == null', '{}', bare(null))).toBe(true);
    expect(evaluated('payload.x', '{}', bare('text'))).toBe('no-key: payload.x: no such key');
  });

  test('exact numbers that are passed on keep their text', () => {
    const list = compiled('payload.list').evaluate(sampleReading('{"list":[18446744073709551615]}'));
    expect(list).toEqual([new ExactNumber('18446744073709551615')]);
  });
});

describe('failures name the operation and what was found', () => {
  test.each([
    ['payload.temp * 2', 'no-key: payload.temp: no such key'],
    ['payload.map.z.y', 'no-key: payload.map.z: no such key'],
    ['payload.name.x', 'no-key: payload.name.x: no such key'],
    ['payload.toString', 'no-key: payload.toString: no such key'],
    ['payload.list[3]', 'no-key: payload.list[3]: no element "3" in a list of 3'],
    ['payload.list[-1]', 'no-key: payload.list[-1]: no element "-1" in a list of 3'],
    ['payload.list[0.5]', 'no-key: payload.list[0.5]: no element "0.5" in a list of 3'],
    ['payload.map[payload.name]', 'no-key: payload.map[payload.name]: no such key "pump-1"'],
    ['payload.map[payload.list]', 'failed: payload.map[payload.list]: a list is no key'],
    ['has(payload.z.y)', 'no-key: payload.z: no such key'],
    ['element', 'no-key: element: it has no value here'],
    ['payload.name * 1.8', 'failed: payload.name * 1.8: cannot multiply a string by a double'],
    ['payload.name / 2', 'failed: payload.name / 2: cannot divide a string by an int'],
    ['payload.none + 1', 'failed: payload.none + 1: cannot add an int to null'],
    ['payload.map - 1', 'failed: payload.map - 1: cannot subtract an int from a map'],
    ['payload.on % 2', 'failed: payload.on % 2: cannot take the remainder of true or false by an int'],
    ['-payload.name', 'failed: -payload.name: cannot negate a string'],
    [
      '(payload.c + 1) * (payload.name)',
      'failed: (payload.c + 1) * (payload.name): cannot multiply a double by a string',
    ],
    ['7 / 0', 'failed: 7 / 0: an int is divided by zero'],
    ['7 % int(payload.x - 2)', 'failed: 7 % int(payload.x - 2): an int is divided by zero'],
    ['payload.huge + 1', 'failed: payload.huge + 1: the result is beyond a 64-bit int'],
    ['-(-payload.huge - 1)', 'failed: -(-payload.huge - 1): the result is beyond a 64-bit int'],
    ['payload.c / 0', 'failed: the result is Infinity, which no store holds'],
    ['payload.c % 0.0', 'failed: the result is NaN, which no store holds'],
    ['[payload.c / 0]', 'failed: the result is Infinity, which no store holds'],
    ['payload.name > 5', 'failed: payload.name > 5: cannot compare a string with an int'],
    ['payload.none < 5', 'failed: payload.none < 5: cannot compare null with an int'],
    ['payload.c && true', 'failed: payload.c: a condition is wanted here, and it gave a double'],
    ['true && payload.c', 'failed: payload.c: a condition is wanted here, and it gave a double'],
    ['payload.none ? 1 : 2', 'failed: payload.none: a condition is wanted here, and it gave null'],
    ['payload.list.all(x, x)', 'failed: x: all() wants a condition, and it gave a double'],
    ['payload.c.exists(x, x > 1)', 'failed: payload.c: exists() walks a list or a map, not a double'],
    ['1 in payload.name', 'failed: 1 in payload.name: cannot look for an int in a string'],
    ['size(payload.c)', 'failed: size(payload.c): size() does not take a double'],
    [
      'payload.c.startsWith("a")',
      'failed: payload.c.startsWith("a"): startsWith() does not take a double and a string',
    ],
    ['payload.c.matches("a")', 'failed: payload.c.matches("a"): matches() does not take a double'],
    ['payload.list.join()', 'failed: payload.list.join(): the list holds something else than text'],
    ['int("")', 'failed: int(""): "" is not an integer within 64 bits'],
    ['int("0x10")', 'failed: int("0x10"): "0x10" is not an integer within 64 bits'],
    ['int(1e30)', 'failed: int(1e30): 1e+30 is not an integer within 64 bits'],
    ['double(payload.name)', 'failed: double(payload.name): "pump-1" is not a number'],
    ['bytes(payload.name)', 'failed: the result is bytes: convert them, with .string() or .hex()'],
    [
      'timestamp(payload.ts)',
      'failed: the result is a timestamp: convert it, with .getFullYear() for example',
    ],
    [
      'duration("1h")',
      'failed: the result is a duration: convert it, with .getSeconds() or .getMilliseconds()',
    ],
    ['type(payload.c)', 'failed: the result is a type'],
    [
      'duration("9999999999999999999h").getHours() > 1',
      'failed: duration("9999999999999999999h").getHours(): 9999999999999999999 is not an integer within 64 bits',
    ],
    ['{"__proto__": 1}', 'failed: a map may not have the key __proto__'],
    ['{payload.list: 1}', 'failed: payload.list: a list cannot be a key of a map'],
  ])('%s: %s', (expression, failure) => {
    expect(evaluated(expression, PAYLOAD)).toBe(failure);
  });

  test('a text of a device stays on one line, and short', () => {
    const payload = JSON.stringify({ s: `a\n${'x'.repeat(5_000)}` });
    for (const expression of [
      'bool(payload.s)',
      'int(payload.s)',
      'timestamp(payload.s)',
      '{"a": 1}[payload.s]',
    ]) {
      const failure = String(evaluated(expression, payload));
      expect(failure).not.toMatch(/\n/);
      expect(failure.length).toBeLessThan(500);
    }
  });
});

describe('the static type and what is read', () => {
  test.each([
    ['payload.c > 5', 'bool', ['payload']],
    ['payload.c', 'dyn', ['payload']],
    ['payload.c * 1.8 + 32', 'double', ['payload']],
    ['payload.c * 2', 'dyn', ['payload']],
    ['7 / 2', 'int', []],
    ['"a" + payload.b', 'string', ['payload']],
    ['topic.city + device + clientId', 'string', ['topic', 'device', 'clientId']],
    ['qos == 1 && element.v > index', 'bool', ['qos', 'element', 'index']],
    ['element.list.map(payload, payload.x)', 'list', ['element']],
    ['size(payload.list)', 'int', ['payload']],
    ['timestamp(payload.ts)', 'timestamp', ['payload']],
    ['"payload.x" == clientId', 'bool', ['clientId']],
  ])('%s gives %s and reads %j', (expression, type, reads) => {
    expect(compiled(expression)).toMatchObject({ type });
    expect([...compiled(expression).reads].sort()).toEqual([...reads].sort());
  });
});

describe('problems with their place and the nearest fix', () => {
  test.each([
    ['paylod.x > 1', 0, 'there is no variable "paylod"', 'did you mean payload?'],
    ['payload.on == True', 14, 'there is no variable "True"', 'write true'],
    ['payload.v != None', 13, 'there is no variable "None"', 'write null'],
    [
      'temperature > 5',
      0,
      'there is no variable "temperature"',
      'values of the payload are written payload.temperature',
    ],
    ['payload.a && elemnt.b > 1', 13, 'there is no variable "elemnt"', 'did you mean element?'],
    [
      'payload.some-key > 1',
      13,
      'there is no variable "key"',
      'a key with a dash is written payload["some-key"]',
    ],
    ['payload.list.all(x, y > 1)', 20, 'there is no variable "y"', 'did you mean x?'],
    [
      'topic.town == "x"',
      6,
      'topic.town is not named by the topic filter (named there: city, device)',
      'name the level in the filter: +town',
    ],
    ['topic.cty == "x"', 6, 'topic.cty is not named by the topic filter', 'did you mean topic.city?'],
    ['topic["cty"] == "x"', 6, 'topic.cty is not named by the topic filter', 'did you mean topic.city?'],
    ['has(topic.cty)', 10, 'topic.cty is not named by the topic filter', 'did you mean topic.city?'],
    ['siz(payload.list) > 1', 0, 'there is no function "siz"', 'did you mean size()?'],
    ['1 < len(payload.list)', 4, 'there is no function "len"', 'did you mean size()?'],
    ['not(payload.on)', 0, 'there is no function "not"', 'write ! for not: !(…)'],
    [
      'contains(payload.s, "a")',
      0,
      'there is no function "contains"',
      'write it behind the value: payload.s.contains(…)',
    ],
    ['max(payload.a, 1) > 2', 0, 'there is no function "max"', 'write a > b ? a : b'],
    [
      '1 < Math.round(payload.a)',
      9,
      'there is no method "round"',
      'the key round of a field rounds: { cel: …, round: 1 }',
    ],
    ['payload.get("t") > 1', 8, 'there is no method "get"', 'write has(payload.key) ? payload.key : 0'],
    [
      'payload.s == ON',
      13,
      'there is no variable "ON"',
      'a text is written "ON", values of the payload are written payload.ON',
    ],
    ['payload.s.startswith("a")', 10, 'there is no method "startswith"', 'did you mean startsWith()?'],
    ['payload.list.exist(x, x > 1)', 13, 'there is no method "exist"', 'did you mean exists()?'],
    ['payload.s.int() > 1', 10, 'there is no method "int"', 'write int(payload.s)'],
    ['payload.s.startsWith()', 10, 'startsWith() takes 1 in its brackets, not 0', undefined],
    [
      'payload.list.all(x)',
      13,
      'all() takes a name and an expression',
      'write it as in payload.list.all(x, x > 5)',
    ],
    [
      'payload.list.all(1, true)',
      17,
      'the first argument is a name for the element',
      'write it as in payload.list.exists(x, x > 5)',
    ],
    ['payload.list.all(x, 1)', 20, 'all() wants a condition, and this gives an int', undefined],
    ['qos.all(x, true)', 0, 'all() walks a list or a map, not an int', undefined],
    ['has(payload)', 0, 'has() takes a path that ends with a key', 'write it as in has(payload.temperature)'],
    [
      'has(payload["a"])',
      0,
      'has() takes a path that ends with a key',
      'write it as in has(payload.temperature)',
    ],
    ['qos == "1"', 7, 'an int is never equal to a string', 'write 1 without quotes'],
    ['topic.city == 5', 14, 'a string is never equal to an int', 'convert the text, with double(topic.city)'],
    ['qos > "1"', 0, 'cannot compare an int with a string', 'write the number without quotes'],
    [
      '1 < payload.c < 5',
      0,
      'cannot compare true or false with an int',
      'write two comparisons with && between them',
    ],
    ['payload.c > [1]', 0, 'cannot compare a value of the payload with a list', undefined],
    ['"a" * 2', 0, 'cannot multiply a string by an int', 'convert the text, with double(…)'],
    ['device + 1', 0, 'cannot add an int to a string', 'convert the number, with string(…)'],
    ['payload.c * "a"', 0, 'cannot multiply a value of the payload by a string', undefined],
    ['-device', 0, 'cannot negate a string', undefined],
    [
      'payload.c in "abc"',
      13,
      'cannot look for something in a string',
      'a part of a text is found with text.contains(part)',
    ],
    ['payload.a && qos', 13, 'a condition is wanted here, and this gives an int', 'compare it with a number'],
    ['!device', 1, 'a condition is wanted here, and this gives a string', 'compare it with a text'],
    ['device.x', 7, 'a string has no keys, so there is no "x" in it', undefined],
    ['qos[0]', 0, 'an int has no elements', undefined],
    ['[1]["a"]', 4, 'an element of a list is asked for by its number, from 0', undefined],
    ['{1.5: 1}', 1, 'a double cannot be a key of a map', 'write text in quotes'],
    ['int(true)', 4, 'int() does not take true or false', undefined],
    ['5u', 0, 'unsigned ints such as 5u are not supported', 'leave the u out'],
    [
      'payload.x > 9223372036854775808',
      12,
      '9223372036854775808 is beyond a 64-bit int',
      'write 9223372036854775808.0, a double',
    ],
    ['payload.c.foo(1, 2, 3, 4)', 10, 'there is no method "foo"', undefined],
  ])('%s', (expression, at, problem, hint) => {
    const [foundAt, foundProblem, foundHint] = problemOf(expression);
    expect(foundProblem).toContain(problem);
    expect([foundAt, foundHint]).toEqual([at, hint]);
  });

  test('the levels of a filter that cannot be read are not checked', () => {
    const names = { ...NAMES, captureNames: 'unknown' } as const;
    expect(compileCel('topic.anything == "x"', names).ok).toBe(true);
  });
});

describe('limits', () => {
  test('the length of an expression', () => {
    const longest = `payload.x == "${'x'.repeat(CEL_MAX_CHARACTERS - 14)}`.slice(0, CEL_MAX_CHARACTERS - 1);
    expect(compileCel(`${longest}"`, NAMES).ok).toBe(true);
    expect(problemOf(`${longest}x"`)).toEqual([
      undefined,
      'the expression has 4097 characters, and may have 4096',
      undefined,
    ]);
  });

  test('its depth', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
    expect(compileCel(deep(CEL_MAX_DEPTH - 1), NAMES).ok).toBe(true);
    expect(problemOf(deep(CEL_MAX_DEPTH))[1]).toContain('nested too deeply');
    expect(problemOf(`${'!'.repeat(4_000)}true`)[1]).toContain('nested too deeply');
    expect(problemOf(`1${'+1'.repeat(2_000)}`)[1]).toContain('nested too deeply');
    expect(shown(compiled(`payload.x${'+1'.repeat(900)}`).evaluate(sampleReading('{"x":1}')))).toBe(901);
  });

  test('macros inside one another that walk the payload', () => {
    const inside = 'payload.l.all(x, x.all(y, payload.m.all(z, z > 1)))';
    expect(problemOf(inside)).toEqual([
      36,
      'all() is inside 2 others that walk the payload, which takes too long',
      'walk at most one list inside another',
    ]);
    expect(problemOf('element.all(x, x.all(y, y.all(z, z > 1)))')[0]).toBe(26);
    // A list that is written in the expression is short.
    expect(evaluated('payload.l.map(x, x.map(y, [y].map(z, z + 1)))', '{"l":[[1]]}')).toEqual([[[2]]]);
    // One behind another is not nested.
    expect(evaluated('payload.l.map(x, x + 1).filter(x, x > 2).all(x, x > 2)', '{"l":[1,2]}')).toBe(true);
  });
});
