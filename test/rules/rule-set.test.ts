import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMappingWarningCounts, type Mapped, MappingWarnings } from '../../src/rules/mapped.js';
import { DEFAULT_RULES, type RuleOptions } from '../../src/rules/rule-options.js';
import { compileRules, type RuleSet } from '../../src/rules/rule-set.js';
import type { Point } from '../../src/sink/point.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { BAD_PAYLOADS, STRICT_RULE } from '../fixtures/bad-payloads.js';
import { RECEIVED_AT_NS, sampleRecord } from './sample-record.js';

const CITIES = '{"id":"CITIMUM","temperature":31.2,"humidity":64.5,"timestamp":1732155786,"city":"Mumbai"}';
const WINDOW = { maxPastMs: 7 * 86_400_000, maxFutureMs: 600_000 };

const CLIMATE: RuleOptions = {
  name: 'city-climate',
  topic: 'sensors/+city/+device/telemetry',
  where: 'payload.temperature > -60.0',
  measurement: 'sensordata',
  time: { path: 'timestamp', unit: 'auto', ...WINDOW },
  tags: { device: { path: 'topic.device' }, city: { path: 'topic.city' } },
  fields: {
    temperature: { path: 'payload.temperature' },
    humidity: { path: 'payload.humidity', type: 'float', range: [0, 100] },
  },
};

function ruleSet(...rules: readonly RuleOptions[]): RuleSet {
  const compiled = compileRules(rules);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.ruleSet;
}

function apply(rules: RuleSet, payload: string | Buffer, overrides: Partial<StreamRecord> = {}): Mapped {
  return rules.apply(sampleRecord(payload, overrides), new MappingWarnings());
}

function onlyPoint(mapped: Mapped): Point {
  if (mapped.kind !== 'points') throw new Error(JSON.stringify(mapped));
  expect(mapped.points).toHaveLength(1);
  return mapped.points[0] as Point;
}

describe('a record becomes a point', () => {
  test('by the rule of the configuration example', () => {
    expect(apply(ruleSet(CLIMATE), CITIES)).toEqual({
      kind: 'points',
      rule: 'city-climate',
      points: [
        {
          series: {
            measurement: 'sensordata',
            tags: [
              { name: 'city', value: 'Mumbai' },
              { name: 'device', value: 'CITIMUM' },
            ],
          },
          fields: [
            { name: 'temperature', type: 'float', value: 31.2 },
            { name: 'humidity', type: 'float', value: 64.5 },
          ],
          timestampNs: 1_732_155_786_000_000_000n,
        },
      ],
    });
  });

  test('by the default rule', () => {
    const point = onlyPoint(apply(ruleSet(...DEFAULT_RULES), CITIES));
    expect(point.series).toEqual({
      measurement: 'telemetry',
      tags: [
        { name: 'device', value: 'CITIMUM' },
        { name: 'topic', value: 'sensors/Mumbai/CITIMUM/telemetry' },
      ],
    });
    expect(point.fields.map(({ name }) => name)).toEqual(['temperature', 'humidity']);
    expect(point.timestampNs).toBe(1_732_155_786_000_000_000n);
  });

  test.each([
    ['home/kitchen/temperature', 'kitchen', 'the last level but one'],
    ['a/b', 'a', 'two levels'],
    ['temperature', 'client-1', 'one level: the client id'],
    ['/temperature', 'client-1', 'an empty level is no device'],
  ])('on %s the device is %s: %s', (topic, device, _why) => {
    const point = onlyPoint(apply(ruleSet(...DEFAULT_RULES), '{"t":1}', { topic }));
    expect(point.series.tags).toEqual([
      { name: 'device', value: device },
      { name: 'topic', value: topic },
    ]);
  });

  test('two clients on one topic without a device level are two series', () => {
    const rules = ruleSet(...DEFAULT_RULES);
    const devices = ['c1', 'c2', 'c1'].map((clientId) =>
      onlyPoint(apply(rules, '{"t":1}', { topic: 't', clientId })).series.tags.map(({ value }) => value),
    );
    expect(devices).toEqual([
      ['c1', 't'],
      ['c2', 't'],
      ['c1', 't'],
    ]);
  });

  test.each([
    [{ a: { path: 'payload.id' } }, 'x1', 'x2', 'the payload'],
    [{ a: { path: 'clientId' } }, 'c1', 'c2', 'the client id'],
    [{ a: { path: 'payload.id' }, b: { path: 'topic.city' } }, 'x1,Mumbai', 'x2,Mumbai', 'payload and topic'],
    [{ a: { path: 'clientId' }, b: { path: 'device' } }, 'c1,CITIMUM', 'c2,CITIMUM', 'client id and device'],
  ])('tags of %j follow each record of one topic, not the first one', (tags, first, second, _why) => {
    const rules = ruleSet({ ...CLIMATE, tags });
    const values = ['1', '2', '1'].map((one) =>
      onlyPoint(apply(rules, `{"id":"x${one}","temperature":1}`, { clientId: `c${one}` }))
        .series.tags.map(({ value }) => value)
        .join(','),
    );
    expect(values).toEqual([first, second, first]);
  });

  test('without a time in the rule it is the receive time, without a warning', () => {
    const { time: _time, ...timeless } = CLIMATE;
    const warnings = new MappingWarnings();
    const mapped = ruleSet(timeless).apply(sampleRecord(CITIES), warnings);
    expect(onlyPoint(mapped).timestampNs).toBe(RECEIVED_AT_NS);
    expect(warnings.total()).toEqual(createMappingWarningCounts());
  });

  test('records of one series share its object, so that a sink can remember its prefix', () => {
    const rules = ruleSet({ ...CLIMATE, tags: { id: { path: 'payload.id' } } }, ...DEFAULT_RULES);
    const series = () => onlyPoint(apply(rules, CITIES)).series;
    expect(series()).toBe(series());
    const other = () => onlyPoint(apply(rules, CITIES, { topic: 'x/CITIMUM/y' })).series;
    expect(other()).toBe(other());
  });

  test('an omitted tag gives a warning for every record of its topic', () => {
    const rules = ruleSet({ ...CLIMATE, topic: 'x/+city/+device' });
    const warnings = new MappingWarnings();
    for (const _round of [1, 2, 3]) rules.apply(sampleRecord(CITIES, { topic: 'x//d' }), warnings);
    expect(warnings.total()['tag-missing']).toBe(3);
  });
});

describe('which rule takes a record', () => {
  const named = (name: string, topic: string, where?: string): RuleOptions => ({
    name,
    topic,
    measurement: name,
    tags: {},
    fields: 'auto',
    where,
  });
  const rules = ruleSet(
    named('first', 'a/+'),
    named('second', 'a/#', 'payload.t > 5'),
    named('third', 'a/b/c'),
  );

  test.each([
    ['a/b', 'points first'],
    ['a/b/c', 'filtered second'],
    ['a', 'filtered second'],
    ['b', 'parked undefined'],
    ['$SYS/a', 'parked undefined'],
  ])('on %s: %s, the first whose filter matches', (topic, expected) => {
    for (const _cached of [false, true]) {
      const mapped = apply(rules, '{"t":1}', { topic });
      expect(`${mapped.kind} ${mapped.rule}`).toBe(expected);
    }
  });

  test('what no rule takes is parked without being decoded', () => {
    expect(apply(rules, Buffer.from([0xff]), { topic: 'b\n' })).toEqual({
      kind: 'parked',
      code: 'rule-none',
      reason: 'no rule takes the topic "b\\n"',
    });
  });

  test('a condition that fails parks the record under its rule', () => {
    expect(apply(ruleSet(CLIMATE), '{"humidity":1}')).toEqual({
      kind: 'parked',
      rule: 'city-climate',
      code: 'rule-where-failed',
      reason: 'where `payload.temperature > -60.0` failed: payload.temperature: no such key',
    });
  });

  test('a condition that is false filters the record before its time is looked at', () => {
    expect(apply(ruleSet(CLIMATE), '{"temperature":-61,"timestamp":"?"}')).toEqual({
      kind: 'filtered',
      rule: 'city-climate',
    });
  });
});

describe('one bad payload of each kind', () => {
  const rules = ruleSet(STRICT_RULE, ...DEFAULT_RULES);

  test.each(BAD_PAYLOADS)('$name is parked as $code', ({ topic, payload, code }) => {
    const mapped = apply(rules, payload, { topic });
    expect(mapped).toMatchObject({
      kind: 'parked',
      code,
      rule: topic.startsWith('strict') ? 'strict' : 'default',
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the absence of control characters is the point
    expect(mapped.kind === 'parked' ? mapped.reason : '').toMatch(/^[^\u0000-\u001f\u007f]{10,500}$/);
    const next = apply(rules, '{"temperature":21.5}', { topic: 'good/probe/telemetry' });
    expect(next.kind).toBe('points');
  });

  test('names are usable in a topic and unique', () => {
    const names = BAD_PAYLOADS.map(({ name }) => name);
    expect(names.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('problems of a configuration', () => {
  test('come from all rules together', () => {
    const compiled = compileRules([{ ...CLIMATE, measurement: '' }, CLIMATE, { ...CLIMATE, topic: '' }]);
    expect(compiled.ok ? [] : compiled.problems.map(({ index, path }) => [index, path.join('.')])).toEqual([
      [0, 'measurement'],
      [1, 'name'],
      [2, 'topic'],
      [2, 'name'],
    ]);
  });

  test('two rules of one name would be the same in the ledger', () => {
    const compiled = compileRules([CLIMATE, { ...CLIMATE, topic: 'x' }]);
    expect(compiled.ok ? [] : compiled.problems.filter(({ path }) => path[0] === 'name')).toEqual([
      {
        list: 'rules',
        rule: 'city-climate',
        index: 1,
        path: ['name'],
        got: '"city-climate"',
        expected: 'a name of its own; rule 1 has this one',
      },
    ]);
  });
});

describe('what is known of a series without its payload', () => {
  const known = (change: Partial<RuleOptions>, topic = 'sensors/Pune/X1/telemetry') =>
    ruleSet({ ...CLIMATE, ...change }).knownSeries({ topic, clientId: 'client', user: 'ops' });

  test('is the measurement and the tags that the rule takes from topic, client or itself', () => {
    const tags: RuleOptions['tags'] = {
      id: { path: 'payload.id' },
      either: { path: ['payload.id', 'topic.device'] },
      device: { path: 'topic.device' },
      city: { path: 'topic.city', map: { Pune: 'pn' } },
      client: { cel: 'clientId + "!"' },
      level: { path: 'device' },
      site: { value: 'west' },
      qos: { cel: 'string(qos)' },
    };
    const { measurement, tags: found = [] } = known({ tags }) ?? {};
    expect(measurement).toBe('sensordata');
    expect(Object.fromEntries(found.map(({ name, value }) => [name, value]))).toEqual({
      device: 'X1',
      city: 'pn',
      client: 'client!',
      level: 'X1',
      site: 'west',
    });
  });

  test('has a measurement only where topic and client name it', () => {
    expect(known({ measurement: { template: 'm_{topic.city}' } })?.measurement).toBe('m_Pune');
    expect(known({ measurement: { path: 'payload.kind' } })).not.toHaveProperty('measurement');
    expect(known({}, 'elsewhere')).toBeUndefined();
  });

  test('has the user of the message [access 11]', () => {
    expect(known({ tags: { owner: { path: 'user' } } })?.tags).toEqual([{ name: 'owner', value: 'ops' }]);
  });

  test('is that of the rule that took the message, where several take the topic', () => {
    const compiled = compileRules([
      { ...CLIMATE, continue: true },
      { ...CLIMATE, name: 'second', measurement: 'other' },
    ]);
    if (!compiled.ok) throw new Error('rules');
    const of = (rule?: string) =>
      compiled.ruleSet.knownSeries({ topic: 'sensors/Pune/X1/telemetry', clientId: 'c' }, rule)?.measurement;
    expect([of(), of('second'), of('gone')]).toEqual(['sensordata', 'other', 'sensordata']);
  });

  test('a rule remembers the measurements that messages have named', () => {
    const rules = ruleSet({ ...CLIMATE, measurement: { path: 'payload.city' } });
    apply(rules, CITIES, { topic: 'sensors/Mumbai/CITIMUM/telemetry' });
    expect([rules.hasNamed('city-climate', 'Mumbai'), rules.hasNamed('city-climate', 'Pune')]).toEqual([
      true,
      false,
    ]);
    expect(ruleSet(CLIMATE).hasNamed('city-climate', 'sensordata')).toBe(true);
  });
});

describe('a replay', () => {
  const payloads = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .dictionary(
        fc.constantFrom('temperature', 'count', 'ts', 'time', 'timestamp', 'a', 'a_b', '_x', 'n\n'),
        fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          fc.integer({ min: 1_731_900_000, max: 1_732_300_000 }),
          fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        ),
      )
      .map((payload) => JSON.stringify(payload)),
    fc.string({ unit: 'binary' }),
  );
  const topics = fc.oneof(
    fc.constantFrom('strict/d', 'sensors/Mumbai/X/telemetry', 'sensors/Pune/Y/telemetry', 't', '/', '$x/y'),
    fc.string({ unit: 'binary', minLength: 1 }),
  );

  test('gives the same outcome, points and warnings, whatever was seen before; nothing throws; points are writable', () => {
    const warm = ruleSet(STRICT_RULE, CLIMATE, ...DEFAULT_RULES);
    fc.assert(
      fc.property(topics, payloads, fc.string(), (topic, payload, clientId) => {
        const record = sampleRecord(payload, { topic, clientId, receivedAtNs: RECEIVED_AT_NS });
        const cold = ruleSet(STRICT_RULE, CLIMATE, ...DEFAULT_RULES);
        const [warmNotes, coldNotes] = [new MappingWarnings(), new MappingWarnings()];
        const mapped = warm.apply(record, warmNotes);
        expect(cold.apply(record, coldNotes)).toEqual(mapped);
        expect(coldNotes.byRule()).toEqual(warmNotes.byRule());
        if (mapped.kind !== 'points') return;
        for (const point of mapped.points) expectWritable(point);
      }),
      { numRuns: 3_000 },
    );
  });

  function expectWritable({ series, fields, timestampNs }: Point): void {
    const names = [...series.tags, ...fields].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(fields.length).toBeGreaterThan(0);
    for (const { value } of series.tags) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
      expect(value).toMatch(/^[^\u0000-\u001f\u007f]*[^\u0000-\u001f\u007f\\]$/u);
    }
    for (const field of fields) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the point
      expect(field.name).toMatch(/^[^_\u0000-\u001f\u007f]/);
      if (field.type === 'float') expect(Number.isFinite(field.value)).toBe(true);
    }
    expect(BigInt.asIntN(64, timestampNs)).toBe(timestampNs);
  }
});

describe('a rule that ignores a topic on purpose', () => {
  const ignored = ruleSet(
    { ...CLIMATE, name: 'no-logs', topic: 'logs/#', where: 'false', tags: {} },
    { ...CLIMATE, name: 'no-images', topic: '+kind/+device', where: 'topic.kind != "image"', tags: {} },
  );

  test.each([
    ['text', 'a line of a log'],
    ['bytes', Buffer.from([0, 0xff, 0xfe])],
    ['nothing', ''],
    ['far too much', Buffer.alloc(1 << 20, 'x')],
    ['an object', '{"v":1}'],
  ])('filters %s, and parks none of it', (_what, payload) => {
    expect(apply(ignored, payload, { topic: 'logs/a/b' })).toEqual({ kind: 'filtered', rule: 'no-logs' });
    expect(apply(ignored, payload, { topic: 'image/d1' })).toEqual({ kind: 'filtered', rule: 'no-images' });
  });

  test('takes what its condition lets through, and parks it when it cannot be decoded', () => {
    expect(apply(ignored, 'text', { topic: 'telemetry/d1' })).toMatchObject({
      kind: 'parked',
      code: 'payload-not-json',
    });
  });

  test('decodes the payload for a condition that names it', () => {
    const rules = ruleSet({ ...CLIMATE, where: 'has(payload.v) && topic.city == "x"' });
    const topic = 'sensors/y/d/telemetry';
    expect(apply(rules, 'text', { topic })).toMatchObject({ kind: 'parked', code: 'payload-not-json' });
    expect(apply(rules, '{"v":1}', { topic })).toMatchObject({ kind: 'filtered' });
  });
});

describe('a record that the broker has not accepted', () => {
  const refused = {
    reason: 'packet-too-large',
    detail: 'publish of 307240 bytes is over the limit of 262144',
    topicBytes: 30,
    payloadBytes: 307_200,
  } as const;

  test('is parked before any rule sees it, with topic, size, client and limit', () => {
    const topic = 'sensors/pune/CITIMUM/telemetry';
    const rules = ruleSet({ ...CLIMATE, where: 'false' });
    expect(apply(rules, CITIES, { topic, clientId: 'meter-17', refused })).toEqual({
      kind: 'parked',
      code: 'packet-too-large',
      reason: `publish of 307240 bytes is over the limit of 262144: topic "${topic}", payload of 307200 bytes, client "meter-17"; only of the payload the first ${CITIES.length} bytes are kept`,
    });
  });

  test('says what is kept of a topic that was too long', () => {
    const why = {
      ...refused,
      reason: 'topic-not-accepted',
      detail: 'd',
      topicBytes: 2_000,
      payloadBytes: 2,
    } as const;
    expect(apply(ruleSet(CLIMATE), '{}', { topic: 'a', clientId: '\u001b[2J', refused: why })).toMatchObject({
      code: 'topic-not-accepted',
      reason: 'd: topic "a", payload of 2 bytes, client "\\u001b[2J"; only of the topic 1 bytes are kept',
    });
  });
});
