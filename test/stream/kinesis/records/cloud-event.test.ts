import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REFUSED_PUBLISH_REASONS, type RefusedPublish } from '../../../../src/lib/refused-publish.js';
import { decodeCloudEvent } from '../../../../src/stream/kinesis/records/cloud-event-decoder.js';
import {
  CloudEventEncoder,
  recordEncoder,
} from '../../../../src/stream/kinesis/records/cloud-event-encoder.js';
import type { StreamRecord } from '../../../../src/stream/stream.js';

const SEED = 20_261_107;

const record = (changes: Partial<StreamRecord> = {}): StreamRecord => ({
  receivedAtNs: 1_793_881_696_123_456_789n,
  topic: 'sensors/oslo/s1/telemetry',
  clientId: 'device-1',
  qos: 1,
  payload: Buffer.from('{"temperature":21.50}'),
  ...changes,
});
const encoded = (changes: Partial<StreamRecord> = {}) =>
  new CloudEventEncoder('gw-1').encode(record(changes));
const parsed = (bytes: Buffer) => JSON.parse(bytes.toString()) as Record<string, unknown>;

const anyPayload = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
  fc
    .tuple(fc.constantFrom('', ' ', '\n', ' \t\r\n'), fc.json(), fc.constantFrom('', ' ', '\n'))
    .map((parts) => Buffer.from(parts.join(''))),
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
);
const anyTopic = fc
  .oneof(
    fc.constantFrom('a/b', '"', '\\', '/', 'ü/日本/😀', 'a\nb\u0001\u007f\u2028'),
    fc.string({ unit: 'binary', minLength: 1 }),
  )
  .map((topic) => topic.replace(/[+#\0]/g, '_'));
const anyRecord = fc.record({
  receivedAtNs: fc.oneof(
    fc.bigInt(0n, 2n ** 63n - 1n),
    fc.bigInt(1_793_881_696_000_000_000n, 1_793_881_699_000_000_000n),
  ),
  topic: anyTopic,
  clientId: fc.oneof(fc.constantFrom('', 'device-1'), fc.string({ unit: 'binary' })),
  user: fc.option(fc.string({ unit: 'binary', minLength: 1 }), { nil: undefined }),
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  payload: anyPayload,
});

describe('CloudEventEncoder', () => {
  it('writes the attributes in this order', () => {
    expect(encoded().toString()).toBe(
      '{"specversion":"1.0","id":"1793881696123456789","source":"urn:sluice:gw-1","type":"io.sluice.mqtt.publish.v1",' +
        '"subject":"sensors/oslo/s1/telemetry","time":"2026-11-05T12:28:16.123456789Z","clientid":"device-1","qos":1,' +
        '"data":{"temperature":21.50}}',
    );
    expect(encoded({ payload: Buffer.from([0xff, 0, 1]), qos: 0 }).toString()).toContain(
      ',"qos":0,"datacontenttype":"application/octet-stream","data_base64":"/wAB"}',
    );
  });

  it.each([
    ['{"n":12345678901234567890,"b":1.10,"a":-0}', 'numbers and order of keys survive'],
    ['{"a":1,"a":2}', 'so do keys that repeat'],
    [' {"a":1}\n', 'and white space around'],
    ['"text"', ''],
    ['null', ''],
  ])('puts %j in as it came', (payload) => {
    const bytes = encoded({ payload: Buffer.from(payload) });
    expect(bytes.toString().endsWith(`"data":${payload}}`)).toBe(true);
    expect(parsed(bytes).data).toEqual(JSON.parse(payload));
    expect(decodeCloudEvent(bytes)!.payload.toString()).toBe(payload);
  });

  it.each([
    ['no JSON', Buffer.from('21.5C')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', Buffer.alloc(0)],
    ['JSON behind a byte order mark', Buffer.from('\ufeff{}')],
    ['two values', Buffer.from('{}{}')],
    ['what would close the envelope', Buffer.from('1,"qos":2')],
    ['JSON nested beyond reason', Buffer.from(`${'['.repeat(500)}${']'.repeat(500)}`)],
  ])('puts %s in as base64', (_what, payload) => {
    const event = parsed(encoded({ payload }));
    expect(event).toMatchObject({
      datacontenttype: 'application/octet-stream',
      data_base64: payload.toString('base64'),
    });
    expect(event).not.toHaveProperty('data');
    expect(decodeCloudEvent(encoded({ payload }))!.payload).toEqual(payload);
  });

  it('percent-encodes the gateway', () => {
    const source = parsed(new CloudEventEncoder('halle 3/"ü"').encode(record())).source;
    expect(source).toBe('urn:sluice:halle%203%2F%22%C3%BC%22');
  });

  it(`keeps the rules of CloudEvents 1.0 (seed ${SEED})`, () => {
    const encoder = new CloudEventEncoder('gw-1');
    fc.assert(
      fc.property(anyRecord, (one) => {
        const bytes = encoder.encode(one);
        expect(isUtf8(bytes)).toBe(true);
        const event = parsed(bytes);
        for (const name of ['id', 'source', 'specversion', 'type']) {
          expect(typeof event[name]).toBe('string');
          expect(event[name]).not.toBe('');
        }
        expect(event.specversion).toBe('1.0');
        expect(() => new URL(event.source as string)).not.toThrow();
        for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$|^data_base64$/);
        for (const [name, value] of Object.entries(event)) {
          if (name === 'data') continue;
          expect(value === '' && name !== 'data_base64').toBe(false);
          expect(Number.isInteger(value) || typeof value === 'string').toBe(true);
        }
        expect('data' in event).toBe(!('data_base64' in event));
        expect(event).toMatchObject({ id: String(one.receivedAtNs), subject: one.topic, qos: one.qos });
        expect(event.clientid).toBe(one.clientId === '' ? undefined : one.clientId);
        expect(event.mqttuser).toBe(one.user);
        const payload = 'data' in event ? JSON.parse(one.payload.toString()) : one.payload.toString('base64');
        expect(event.data ?? event.data_base64 ?? null).toEqual(payload);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it(`gives back exactly what was stored (seed ${SEED})`, () => {
    const encoder = new CloudEventEncoder('gw-1');
    fc.assert(
      fc.property(anyRecord, (one) => {
        const bytes = encoder.encode(one);
        expect(encoder.encode(one)).toEqual(bytes);
        expect(decodeCloudEvent(bytes)).toEqual(one);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  it('does not mix up names once more have come than it remembers', () => {
    const encoder = new CloudEventEncoder('gw-1');
    for (let round = 0; round < 2; round += 1) {
      for (let n = 0; n < 25_000; n += 1) {
        const one = record({ topic: `t/${n}/x`, clientId: `c${n % 21_000}` });
        const event = decodeCloudEvent(encoder.encode(one))!;
        if (event.topic !== one.topic || event.clientId !== one.clientId) expect(event).toEqual(one);
      }
    }
  });
});

describe('the user of a record', () => {
  it('is an attribute behind the client id, and costs nothing where there is none [access 11]', () => {
    expect(encoded({ user: 'meter-17' }).toString()).toContain(
      ',"clientid":"device-1","mqttuser":"meter-17","qos":1,',
    );
    expect(encoded({ user: '' })).toEqual(encoded());
  });

  it('stays in quotes, whatever it holds [security 46]', () => {
    const user = 'a","qos":9,"x":"\u001b[2J\n\u202e';
    expect(parsed(encoded({ user }))).toMatchObject({ mqttuser: user, qos: 1 });
    expect(decodeCloudEvent(encoded({ user }))).toEqual({ ...record(), user });
  });
});

describe('a record that the broker has not accepted', () => {
  const refused: RefusedPublish = {
    reason: 'packet-too-large',
    detail: 'publish of 307230 bytes is over the limit of 262144',
    topicBytes: 25,
    payloadBytes: 307_200,
  };

  it('is an event of another type without data, so that nobody takes the beginning for a message', () => {
    expect(encoded({ refused, user: 'ops', payload: Buffer.from('{"t":1') }).toString()).toBe(
      '{"specversion":"1.0","id":"1793881696123456789","source":"urn:sluice:gw-1","type":"io.sluice.mqtt.publish.refused.v1",' +
        '"subject":"sensors/oslo/s1/telemetry","time":"2026-11-05T12:28:16.123456789Z","clientid":"device-1","mqttuser":"ops","qos":1,' +
        '"mqttrefused":"packet-too-large","mqttdetail":"publish of 307230 bytes is over the limit of 262144",' +
        '"mqtttopicbytes":25,"mqttbytes":307200,"mqttbeginning":"eyJ0Ijox"}',
    );
  });

  it(`comes back exactly, and keeps the rules of CloudEvents 1.0 (seed ${SEED})`, () => {
    const encoder = new CloudEventEncoder('gw-1');
    const anyRefused = fc.record({
      reason: fc.constantFrom(...REFUSED_PUBLISH_REASONS),
      detail: fc.string({ unit: 'grapheme', maxLength: 60 }),
      topicBytes: fc.integer({ min: 0, max: 65_535 }),
      payloadBytes: fc.integer({ min: 0, max: 2 ** 28 }),
    });
    fc.assert(
      fc.property(anyRecord, anyRefused, (one, why) => {
        const bytes = encoder.encode({ ...one, refused: why });
        expect(decodeCloudEvent(bytes)).toEqual({ ...one, refused: why });
        for (const [name, value] of Object.entries(parsed(bytes))) {
          expect(name).toMatch(/^[a-z0-9]{1,20}$/);
          expect(value).not.toBe('');
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('is an event also in a stream of raw payloads', () => {
    const encode = recordEncoder('raw', 'gw-1');
    expect(encode(record())).toEqual(record().payload);
    expect(decodeCloudEvent(Buffer.from(encode(record({ refused }))))).toEqual(record({ refused }));
  });

  it('is only what a gateway of Sluice says, whatever else it says', () => {
    const event = (source: string, members: string) =>
      decodeCloudEvent(
        Buffer.from(
          `{"specversion":"1.0","id":"1","source":"${source}","type":"io.sluice.mqtt.publish.refused.v1","subject":"a"${members}}`,
        ),
      );
    expect(event('/line/3', ',"mqttrefused":"packet-too-large"')).not.toHaveProperty('refused');
    expect(
      event('urn:sluice:g', ',"mqttrefused":"x","mqttbytes":-1,"mqtttopicbytes":"1e9","mqttdetail":7'),
    ).toMatchObject({
      refused: { reason: 'topic-not-accepted', detail: '', topicBytes: 0, payloadBytes: 0 },
      payload: Buffer.alloc(0),
    });
  });
});

describe('decodeCloudEvent', () => {
  const REQUIRED = '"specversion":"1.0","id":"1","source":"/line/3","type":"com.example.reading"';
  const decoded = (members: string) => decodeCloudEvent(Buffer.from(`{${REQUIRED}${members}}`));
  const payloadOf = (members: string) => decoded(members)?.payload.toString();

  it('takes the least an event may have', () => {
    expect(decoded('')).toEqual({
      topic: undefined,
      clientId: '/line/3',
      qos: undefined,
      receivedAtNs: undefined,
      payload: Buffer.alloc(0),
    });
  });

  it('takes attributes in any order, with white space, escapes and extensions', () => {
    const event =
      Buffer.from(`\n { "data" : { "a" : [ 1 , { } ] } ,\t"subject":"plant\\/\\u00fc", "traceparent" : "00-1", "nested":{"id":"no"},
      "\\u0074ime" : "2026-11-05T12:00:00+01:00" ,"qos":0,"clientid":"c \\"1\\"","type":"t","source":"s","id":"i","specversion":"\\u0031.0" } \r\n`);
    expect(decodeCloudEvent(event)).toEqual({
      topic: 'plant/ü',
      clientId: 'c "1"',
      qos: 0,
      receivedAtNs: 1_793_876_400_000_000_000n,
      payload: Buffer.from('{ "a" : [ 1 , { } ] }'),
    });
  });

  it('gives data as a view of the bytes', () => {
    const event = Buffer.from(`{${REQUIRED},"data":{"n":12345678901234567890}}`);
    const { payload } = decodeCloudEvent(event)!;
    expect(payload.toString()).toBe('{"n":12345678901234567890}');
    expect(payload.buffer).toBe(event.buffer);
    expect(payload.byteOffset).toBe(event.byteOffset + event.indexOf('{"n"'));
  });

  it.each([
    [',"data":"text"', '"text"', 'a JSON string, as there is no type'],
    [',"datacontenttype":"application/json","data":"text"', '"text"', 'a JSON string'],
    [',"datacontenttype":"Application/JSON; charset=utf-8","data":"text"', '"text"', 'a JSON string'],
    [',"datacontenttype":"application/senml+json","data":"text"', '"text"', 'a JSON string'],
    [',"datacontenttype":"text/plain","data":"21.5 \\u00b0C"', '21.5 °C', 'text'],
    [',"datacontenttype":"application/xml","data":"<a b=\\"c\\"/>"', '<a b="c"/>', 'text'],
    [',"datacontenttype":"text/plain","data":5', '5', 'no text after all'],
    [',"datacontenttype":null,"data":[1,2]', '[1,2]', 'JSON, as null is no type'],
    [',"data":12.50', '12.50', 'a number as it stands'],
    [',"data":null', 'null', 'an explicit null'],
    [',"data_base64":"eyJ0IjoxfQ=="', '{"t":1}', 'bytes'],
    [',"data_base64":"\\/\\u002b8="', Buffer.from('/+8=', 'base64').toString(), 'bytes with escapes'],
    [',"data_base64":""', '', 'no bytes'],
    [',"data_base64":null,"data":1', '1', 'null is absent'],
    [',"data_base64":"MQ==","data":null', '1', 'null is absent'],
    [',"data_base64":null', '', 'null is absent'],
  ])('takes %s as %j: %s', (members, payload) => {
    expect(payloadOf(members)).toBe(payload);
  });

  it.each([
    ['null', undefined],
    ['5', undefined],
    ['""', undefined],
    ['"a/+/b"', undefined],
    ['"a/#"', undefined],
    ['"a\\u0000b"', undefined],
    ['"a\\ud800b"', undefined],
    [`"${'x'.repeat(65_536)}"`, undefined],
    [`"${'ü'.repeat(32_768)}"`, undefined],
    [`"${'x'.repeat(65_535)}"`, 'x'.repeat(65_535)],
    ['"\\ud83d\\ude00"', '😀'],
    ['"$SYS/x"', '$SYS/x'],
  ])('subject %.20s: topic %.20s', (subject, topic) => {
    expect(decoded(`,"subject":${subject}`)!.topic).toBe(topic);
  });

  it.each([
    ['"c"', 'c'],
    ['""', ''],
    ['null', '/line/3'],
    ['7', '/line/3'],
    ['"\\udfff"', '/line/3'],
    [`"${'x'.repeat(65_536)}"`, '/line/3'],
  ])('clientid %.20s: client id %s', (clientId, expected) => {
    expect(decoded(`,"clientid":${clientId}`)!.clientId).toBe(expected);
  });

  it.each<[string, string | undefined, true | undefined]>([
    ['"ops"', 'ops', undefined],
    ['""', undefined, undefined],
    ['null', undefined, undefined],
    ['7', undefined, undefined],
    ['"\\udfff"', undefined, true],
    [`"${'x'.repeat(65_536)}"`, undefined, true],
  ])('mqttuser %.20s: user %s [drill B12]', (json, user, hasRefusedName) => {
    expect(decoded(`,"mqttuser":${json}`)).toMatchObject({ user, hasRefusedName });
  });

  it('has no client id when the source is none either', () => {
    const event = `{"specversion":"1.0","id":"1","source":"${'x'.repeat(70_000)}","type":"t"}`;
    expect(decodeCloudEvent(Buffer.from(event))!.clientId).toBeUndefined();
  });

  it.each<[string, 0 | 1 | 2 | undefined]>([
    ['0', 0],
    ['2', 2],
    ['"1"', 1],
    ['3', undefined],
    ['-1', undefined],
    ['1.0', undefined],
    ['true', undefined],
    ['null', undefined],
    ['[1]', undefined],
  ])('qos %s is %s', (json, qos) => {
    expect(decoded(`,"qos":${json}`)!.qos).toBe(qos);
  });

  it.each(['"yesterday"', '5', 'null', '"1969-12-31T23:59:59Z"', '"9999-12-31T23:59:59Z"'])(
    'time %s is none',
    (time) => {
      expect(decoded(`,"time":${time}`)!.receivedAtNs).toBeUndefined();
    },
  );

  const none: [string, string][] = [
    ['nothing', ''],
    ['no object', '[{"specversion":"1.0","id":"1","source":"s","type":"t"}]'],
    ['an empty object', '{}'],
    ['no specversion', '{"id":"1","source":"s","type":"t"}'],
    ['another specversion', '{"specversion":"0.3","id":"1","source":"s","type":"t"}'],
    ['a specversion that is a number', '{"specversion":1.0,"id":"1","source":"s","type":"t"}'],
    ['no id', '{"specversion":"1.0","source":"s","type":"t"}'],
    ['an empty source', '{"specversion":"1.0","id":"1","source":"","type":"t"}'],
    ['a type that is null', '{"specversion":"1.0","id":"1","source":"s","type":null}'],
    ['a required member twice', `{${REQUIRED},"id":"2"}`],
    ['a required member twice, once in disguise', `{${REQUIRED},"\\u0069d":"2"}`],
    ['data twice', `{${REQUIRED},"data":1,"data":2}`],
    ['data and data_base64', `{${REQUIRED},"data":1,"data_base64":"MQ=="}`],
    ['base64 that is none', `{${REQUIRED},"data_base64":"MQ"}`],
    ['base64 with other letters', `{${REQUIRED},"data_base64":"M-Q_"}`],
    ['base64 that is a number', `{${REQUIRED},"data_base64":1234}`],
    ['more behind it', `{${REQUIRED}} x`],
    ['a comma too many', `{${REQUIRED},}`],
    ['cut short', `{${REQUIRED},"data":{"a":1}`],
    ['a byte order mark', `\ufeff{${REQUIRED}}`],
    ['data nested beyond reason', `{${REQUIRED},"data":${'['.repeat(500)}${']'.repeat(500)}}`],
  ];
  it.each(none)('calls %s none', (_what, text) => {
    expect(decodeCloudEvent(Buffer.from(text))).toBeUndefined();
  });

  it('calls bytes that are no UTF-8 none', () => {
    const event = Buffer.from(`{${REQUIRED},"data":"?"}`);
    event[event.length - 3] = 0xff;
    expect(decodeCloudEvent(event)).toBeUndefined();
  });

  it(`never throws (seed ${SEED})`, () => {
    const sample = Buffer.from(
      `{${REQUIRED},"subject":"a\\u00fc","time":"2026-11-05T12:00:00Z","clientid":"é","qos":"1","datacontenttype":"text/plain","data":"\\n"}`,
    );
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(sample), fc.constant(encoded())),
        edits,
        fc.nat(),
        (whole, changes, cut) => {
          const changed = Buffer.from(whole);
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          decodeCloudEvent(changed);
          decodeCloudEvent(changed.subarray(0, cut % changed.length));
        },
      ),
      { seed: SEED, numRuns: 10_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        decodeCloudEvent(Buffer.from(bytes));
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });
});
