import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRules, deviceOf } from '../../../../src/consumer/rules/rule-set.js';
import { deviceKeyOf } from '../../../../src/stream/kinesis/records/device-key.js';
import type { StreamRecord } from '../../../../src/stream/stream.js';

const SEED = 20_261_104;

const compiled = compileRules([
  { name: 'all', topic: '#', measurement: 'm', tags: {}, fields: { v: { path: 'payload.v' } } },
]);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
const { ruleSet } = compiled;

const recordOf = (topic: string, clientId = 'client-7'): StreamRecord => ({
  receivedAtNs: 1n,
  topic,
  clientId,
  qos: 1,
  payload: Buffer.alloc(0),
});

/** Agrees with the device that the consumer's rules see, or there would be two orders. */
function agrees(record: StreamRecord): void {
  const match = ruleSet.match(record.topic);
  if (match === undefined) throw new Error(`no rule takes ${record.topic}`);
  expect([record.topic, deviceKeyOf(record, 'device')]).toEqual([record.topic, deviceOf(match, record)]);
}

it('is the last topic level but one, or the client id', () => {
  const device = (topic: string) => deviceKeyOf(recordOf(topic), 'device');
  expect(device('sensors/oslo/s1/telemetry')).toBe('s1');
  expect(device('s1/telemetry')).toBe('s1');
  expect(device('s1/')).toBe('s1');
  for (const topic of ['telemetry', '/telemetry', 'a//telemetry', '//', '/', ''])
    expect(device(topic)).toBe('client-7');
});

it('is the client id or the topic when asked for that', () => {
  expect(deviceKeyOf(recordOf('a/b/c'), 'client')).toBe('client-7');
  expect(deviceKeyOf(recordOf('a/b/c'), 'topic')).toBe('a/b/c');
});

it(`agrees with the rules of the consumer (seed ${SEED})`, () => {
  for (const topic of [
    '/',
    '//',
    '///',
    'a',
    'a/',
    '/a',
    'a/b',
    'a//b',
    '//b',
    'a/b/',
    'a/b//',
    ' / ',
    'ü/日本/x',
  ]) {
    agrees(recordOf(topic));
  }
  const level = fc.oneof(
    fc.constant(''),
    fc.constantFrom('a', 'device-1', 'ü', ' '),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 6 }), fc.string(), (levels, clientId) => {
      const topic = levels.join('/');
      fc.pre(topic !== '' && !/^\$|[+#\0]/.test(topic));
      agrees(recordOf(topic, clientId));
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});
