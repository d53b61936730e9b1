import { describe, expect, test } from 'vitest';
import { compilePayloadReference, compileReference } from '../../src/rules/reference.js';
import { sampleReading } from './sample-record.js';

const reading = sampleReading(
  '{"t":21.5,"a":{"b":{"c":1}},"list":[10,{"x":20}],"odd key":3,"a.b":4,"q\\"q":5,"DS18B20-1":6,"nothing":null,"payload":{"t":7},"device":"inner"}',
);

describe('what a reference names', () => {
  const cases: readonly [text: string, value: unknown, why: string][] = [
    ['payload.t', 21.5, 'a key'],
    ['payload.a.b.c', 1, 'nested keys'],
    ['payload.list[0]', 10, 'an index'],
    ['payload.list[1].x', 20, 'a key behind an index'],
    ['payload["odd key"]', 3, 'a quoted key'],
    ["payload['odd key']", 3, 'a quoted key with the other quotes'],
    ['payload["a.b"]', 4, 'a point inside a quoted key'],
    ['payload["q\\"q"]', 5, 'an escaped quote'],
    ['payload.DS18B20-1', 6, 'hyphens are common in device keys'],
    ['payload.nothing', null, 'null is not the same as missing'],
    ['payload.missing', undefined, 'missing'],
    ['payload.t.deeper', undefined, 'below a number'],
    ['payload.list[9]', undefined, 'behind the end'],
    ['payload.list.length', undefined, 'an array has no keys'],
    ['payload.a[0]', undefined, 'an object has no index'],
    ['payload.toString', undefined, 'inherited is not in the payload'],
    ['payload.a.valueOf', undefined, 'inherited, nested'],
    ['payload.payload.t', 7, 'a key that is called payload'],
    ['payload.device', 'inner', 'the payload has a device of its own'],
    ['device', 'CITIMUM', 'the device'],
    ['clientId', 'client-1', 'the client id'],
    ['topic.city', 'Mumbai', 'a captured level'],
  ];
  test.each(cases)('%s', (text, value, _why) => {
    const compiled = compileReference(text, { captureNames: ['city', 'device'], variables: [] });
    if (!compiled.ok) expect.fail(compiled.problem);
    expect(compiled.reference.get(reading)).toEqual(value);
  });

  test('user is the user, and absent without one [access 11]', () => {
    const compiled = compileReference('user', { captureNames: [], variables: [] });
    if (!compiled.ok) expect.fail(compiled.problem);
    const of = (user?: string) => compiled.reference.get({ ...reading, record: { ...reading.record, user } });
    expect([of('meter-17'), of(''), of()]).toEqual(['meter-17', undefined, undefined]);
  });

  test('a path inside the payload may leave out the root', () => {
    for (const [path, value] of [
      ['t', 21.5],
      ['payload.t', 21.5],
      ['a.b.c', 1],
      ['["odd key"]', 3],
      ['payload["odd key"]', 3],
      ['device', 'inner'],
    ] as const) {
      const compiled = compilePayloadReference(path, { captureNames: [], variables: [] });
      if (!compiled.ok) expect.fail(compiled.problem);
      expect(compiled.reference.get(reading)).toBe(value);
    }
  });
});

test.each([
  ['temperature', 'starts with none of payload, topic, device, clientId, user'],
  ['', 'it is empty'],
  ['topic.nope', 'has no +nope or #nope; it names city'],
  ['device.x', 'starts with none of'],
  ['payload.', 'cannot be read from character 1'],
  ['payload.a..b', 'cannot be read from character 3'],
  ['payload.a[x]', '[x] is no variable (the rule has no each); write ["x"] for a key'],
  ['payload.a[-1]', 'cannot be read from character 3'],
  ['payload.list[0]x', 'cannot be read from character 9'],
  ['payload.a b', 'cannot be read from character 3'],
  ['payload["open', 'cannot be read from character 1'],
  ['payload["\\x"]', 'is not a quoted key'],
  ['payload.__proto__', 'is never accepted in a payload'],
  ['payload.a["constructor"]', 'is never accepted in a payload'],
])('the reference %j is rejected', (text, words) => {
  const compiled = compileReference(text, { captureNames: ['city'], variables: [] });
  expect(compiled.ok ? '' : compiled.problem).toContain(words);
});
