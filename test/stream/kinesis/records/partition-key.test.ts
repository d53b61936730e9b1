import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileRules, deviceOf } from '../../../../src/rules/rule-set.js';
import {
  deviceKeyOf,
  partitionKeyOf,
  prefixOf,
} from '../../../../src/stream/kinesis/records/partition-key.js';
import type { StreamRecord } from '../../../../src/stream/stream.js';

const SEED = 20_261_104;
const KEY_SEED = 20_261_101;

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
  const [match] = ruleSet.matches(record.topic);
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

it('is the group and the node of Sparkplug B, for all that a node and its devices send', () => {
  const device = (topic: string) => deviceKeyOf(recordOf(topic), 'device');
  for (const rest of ['NBIRTH/edge', 'NDATA/edge', 'NDEATH/edge', 'DBIRTH/edge/oven', 'DDATA/edge/lamp']) {
    expect(device(`spBv1.0/plant/${rest}`)).toBe('plant/edge');
  }
  expect(device('spBv1.0/plant/NDATA/other')).toBe('plant/other');
  expect(device('spBv1.0/STATE/scada')).toBe('STATE');
  expect(deviceKeyOf(recordOf('spBv1.0/plant/NDATA/edge'), 'topic')).toBe('spBv1.0/plant/NDATA/edge');
});

it('is the client id or the topic when that is configured', () => {
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

it('keeps what Kinesis takes', () => {
  for (const device of ['0', 'device-0001', 'a4:cf:12', 'ü', ' ', 'x'.repeat(256)])
    expect(partitionKeyOf(device)).toBe(device);
});

it('maps the rest, the same for ever', () => {
  expect(partitionKeyOf('')).toBe('-');
  expect(partitionKeyOf('d'.repeat(300))).toBe(`${'d'.repeat(223)}~63c29b7d223e3d582a479bc591f260d4`);
});

it('gives different keys for long ones that begin alike', () => {
  const keys = Array.from({ length: 100 }, (_, n) => partitionKeyOf(`${'d'.repeat(256)}${n}`));
  expect(new Set(keys).size).toBe(100);
});

it(`makes 1 to 256 characters of anything, without half a character (seed ${KEY_SEED})`, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (device) => {
      const key = partitionKeyOf(device);
      expect(key.length).toBeGreaterThan(0);
      expect(key.length).toBeLessThanOrEqual(256);
      expect(Buffer.from(key).toString()).toBe(key);
      expect(partitionKeyOf(key)).toBe(key);
    }),
    { seed: KEY_SEED, numRuns: 500 },
  );
  expect(partitionKeyOf('😀'.repeat(200))).toMatch(/^(?:😀){111}~[0-9a-f]{32}$/u);
  expect(prefixOf('a😀', 2)).toBe('a');
  expect(prefixOf('a😀', 3)).toBe('a😀');
});
