import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedLine } from '../../src/dead-letter/checked-line.js';
import { isCausedByDevice, PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { parkedHead, parkedOverview } from '../../src/dead-letter/parked-head.js';
import {
  isSeal,
  type ParkedRecord,
  parkedJson,
  parkedLine,
  parkedRecord,
  parseParkedLine,
  sealLine,
  withoutPayload,
} from '../../src/dead-letter/parked-record.js';
import type { MessageProperties } from '../../src/lib/message-properties.js';
import type { RefusedPublish } from '../../src/lib/refused-publish.js';
import { REJECTION_CODES } from '../../src/sink/sink.js';
import { STREAM_REJECTION_CODES } from '../../src/stream/stream.js';
import { damages } from '../support/damages.js';
import { testRecord } from '../support/log-fixture.js';
import { anyProperties } from '../support/message-properties.js';

const SIZE = 100_000;
const parked = (payload: Buffer): ParkedRecord =>
  parkedRecord({ ...testRecord(1), payload }, { code: 'payload-not-json', reason: 'r', rule: 'rule' }, 1);

/** A line as it is read: without its line feed. */
const bytesOf = (line: string): Buffer => Buffer.from(line.trimEnd());

it.each([
  ['NUL bytes', Buffer.alloc(SIZE)],
  ['quotes', Buffer.alloc(SIZE, '"')],
  ['backslashes', Buffer.alloc(SIZE, '\\')],
  ['control characters', Buffer.alloc(SIZE, 0x1f)],
  ['line feeds', Buffer.alloc(SIZE, '\n')],
  ['bytes that are not UTF-8', Buffer.alloc(SIZE, 0xff)],
  ['text of three bytes a character', Buffer.from('語'.repeat(SIZE / 3))],
  ['plain text', Buffer.alloc(SIZE, 'x')],
])('a parked payload of %s takes at most 1.4 times its bytes on disk', (_what, payload) => {
  const line = parkedLine(parked(payload));
  expect(Buffer.byteLength(line)).toBeLessThan(payload.length * 1.4);
  expect(parseParkedLine(bytesOf(line))).toEqual(parked(payload));
});

it('every payload takes at most 4/3 of its bytes and some hundred for the rest, and comes back bit for bit', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 2_000 }), fc.string({ unit: 'binary' })), (content) => {
      const payload = Buffer.from(content as Uint8Array);
      const line = parkedLine(parked(payload));
      expect(Buffer.byteLength(line)).toBeLessThan((payload.length * 4) / 3 + 300);
      expect(parseParkedLine(bytesOf(line))?.payload).toEqual(payload);
    }),
    { numRuns: 500 },
  );
});

it('a payload that is text is shown as text, however it is stored', () => {
  expect(parkedJson(parked(Buffer.alloc(4)))).toMatchObject({ payload: '\0\0\0\0' });
  expect(parkedLine(parked(Buffer.from('{"v":')))).toContain(String.raw`"payload":"{\"v\":"`);
});

it('no flipped bit in a line goes unnoticed', () => {
  const line = bytesOf(parkedLine(parked(Buffer.from('{"temperature": 21.5'))));
  for (let bit = 0; bit < line.length * 8; bit += 1) {
    const flipped = Buffer.from(line);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(parseParkedLine(flipped), `bit ${bit}`).toBeUndefined();
  }
});

it('a line of version 0.1, which has no checksum, is read', () => {
  const line =
    '{"id":"17","parkedAt":"2026-11-01T00:00:00.000Z","code":"rule-none","reason":"r","topic":"t","clientId":"c","qos":1,"payload":"x"}';
  expect(parseParkedLine(bytesOf(line))).toMatchObject({ id: '17', payload: Buffer.from('x') });
});

it('a record without its payload keeps identity, reason and size, within a bound', () => {
  const topic = 't'.repeat(60_000);
  const record = { ...parked(Buffer.alloc(SIZE)), topic, clientId: topic, reason: topic };
  const line = parkedLine(withoutPayload(record));
  expect(Buffer.byteLength(line)).toBeLessThan(1_100);
  expect(parseParkedLine(bytesOf(line))).toMatchObject({
    id: record.id,
    code: record.code,
    bytesNotKept: SIZE,
    payload: Buffer.alloc(0),
  });
});

describe('a record that the broker has not accepted', () => {
  const refused = {
    reason: 'packet-too-large',
    detail: 'publish of 307225 bytes is over the limit of 262144',
    topicBytes: 1,
    payloadBytes: 307_200,
  } as const;
  const why = { code: 'packet-too-large', reason: 'r' } as const;
  const parkedOf = (payload: Buffer, changes: Partial<RefusedPublish> = {}) =>
    parkedRecord({ ...testRecord(7), topic: 't', payload, refused: { ...refused, ...changes } }, why, 5);

  it.each([
    ['text', Buffer.from('{"temperature": 21.5, "rest":'), 'payloadStart'],
    ['binary', Buffer.from([0xff, 0, 1]), 'payloadStartBase64'],
    ['text that JSON would make longer', Buffer.alloc(1_024, '\u0001'), 'payloadStartBase64'],
  ])('keeps the beginning of a payload: %s', (_what, payload, key) => {
    const line = parkedLine(parkedOf(payload));
    expect(Buffer.byteLength(line)).toBeLessThan(1_700);
    expect(line).toContain(`"qos":1,"payloadKept":false,"payloadBytes":307200,"${key}":`);
    expect(parseParkedLine(bytesOf(line))).toMatchObject({
      payload,
      bytesNotKept: 307_200,
      code: 'packet-too-large',
    });
    // An older version must not take the beginning for the payload.
    expect(line).not.toMatch(/"payload(Base64)?":/);
    expect(parkedOverview(bytesOf(line))).toMatchObject({ isPayloadKept: false });
  });

  it('is like any other when topic and payload were kept whole', () => {
    const whole = parkedOf(Buffer.from('21.5'), { payloadBytes: 4 });
    expect(whole.bytesNotKept).toBeUndefined();
    expect(parkedLine(whole)).toContain('"payload":"21.5"');
    expect(parkedOf(Buffer.from('21.5'), { payloadBytes: 4, topicBytes: 2_000 }).bytesNotKept).toBe(4);
  });

  it('says the size that was sent also without its beginning', () => {
    const line = parkedLine(withoutPayload(parkedOf(Buffer.from('{"t'))));
    expect(parseParkedLine(bytesOf(line))).toMatchObject({ payload: Buffer.alloc(0), bytesNotKept: 307_200 });
  });
});

it('a seal is no record', () => {
  const seal = bytesOf(sealLine());
  expect(isSeal(seal)).toBe(true);
  expect(parseParkedLine(seal)).toBeUndefined();
});

it('a device causes format, rule, time and size; store, stream and bugs of our own are never its fault', () => {
  const others = PARK_CODES.filter((code) => !isCausedByDevice(code));
  expect(others).toEqual(['mapping-failed', ...REJECTION_CODES, ...STREAM_REJECTION_CODES]);
  expect(isCausedByDevice('a code of a later version')).toBe(false);
});

it('a line of version 0.1, which has no checksum, is read as a record that can be shown, or not at all', () => {
  const file = join(
    import.meta.dirname,
    '..',
    'fixtures',
    'data-directory-0.1',
    'dead-letter',
    'parked-00000000.jsonl',
  );
  const [line] = readFileSync(file, 'utf8').split('\n');
  let unreadable = 0;
  for (const damaged of damages(Buffer.from(line!))) {
    const parked = parseParkedLine(damaged);
    if (parked === undefined) unreadable += 1;
    else {
      expect(() => parkedJson(parked), damaged.toString()).not.toThrow();
      expect([0, 1, 2]).toContain(parked.qos);
    }
  }
  expect(unreadable).toBeGreaterThan(line!.length);
});

describe('a parked record with message properties', () => {
  it('keeps them, whatever its payload is', () => {
    fc.assert(
      fc.property(anyProperties, fc.uint8Array({ maxLength: 50 }), (properties, payload) => {
        const record = { ...parked(Buffer.from(payload)), properties };
        expect(parseParkedLine(bytesOf(parkedLine(record)))).toEqual(record);
      }),
    );
  });

  it('is found by its own keys, and not by what a device has named', () => {
    const properties: MessageProperties = {
      userProperties: [
        ['code', 'x'],
        ['"rule":"evil"', '"payloadKept":false'],
      ],
    };
    const line = bytesOf(parkedLine({ ...parked(Buffer.from('x')), rule: undefined, properties }));
    expect(parkedOverview(line)).toMatchObject({ code: 'payload-not-json', isPayloadKept: true });
    expect(parkedOverview(line)?.rule).toBeUndefined();
    expect(parkedHead(line)).toMatchObject({ code: 'payload-not-json', clientId: testRecord(1).clientId });
  });

  it('loses them with its payload, so that what is kept has a bound', () => {
    const properties = { contentType: 'x'.repeat(10_000) };
    const kept = withoutPayload({ ...parked(Buffer.from('x')), properties });
    expect(kept).not.toHaveProperty('properties');
    expect(parkedOverview(bytesOf(parkedLine(kept)))?.isPayloadKept).toBe(false);
  });

  it('says of a refused one whether its payload is kept, in front of them', () => {
    const record = parkedRecord(
      {
        ...testRecord(1),
        properties: { contentType: 'x'.repeat(2_000) },
        refused: { reason: 'packet-too-large', detail: 'd', topicBytes: 1, payloadBytes: 300_000 },
      },
      { code: 'packet-too-large', reason: 'r' },
      1,
    );
    const line = bytesOf(parkedLine(record));
    expect(parkedOverview(line)?.isPayloadKept).toBe(false);
    expect(parseParkedLine(line)).toEqual(record);
  });

  it('is a record all the same when another program has spoilt them', () => {
    const line = checkedLine({ ...parkedJson(parked(Buffer.from('x'))), properties: { contentType: 7 } });
    expect(parseParkedLine(bytesOf(line))).toEqual(parked(Buffer.from('x')));
  });
});
