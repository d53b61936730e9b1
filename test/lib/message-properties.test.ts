import fc from 'fast-check';
import { expect, it } from 'vitest';
import { messageProperties } from '../../harness/arbitrary-properties.js';
import {
  decodeMessageProperties,
  encodeMessageProperties,
  messagePropertiesOf,
} from '../../src/lib/message-properties.js';

it('reads what it has written', () => {
  fc.assert(
    fc.property(messageProperties, (properties) => {
      expect(decodeMessageProperties(encodeMessageProperties(properties))).toEqual(properties);
    }),
  );
});

it('writes the form of MQTT 5', () => {
  const bytes = encodeMessageProperties({
    isText: false,
    expirySeconds: 258,
    userProperties: [
      ['n', 'ü'],
      ['n', ''],
    ],
  });
  expect([...bytes]).toEqual([
    ...[0x01, 0, 0x02, 0, 0, 1, 2],
    ...[0x26, 0, 1, 0x6e, 0, 2, 0xc3, 0xbc, 0x26, 0, 1, 0x6e, 0, 0],
  ]);
});

it('writes no properties as no bytes', () => {
  expect(encodeMessageProperties({})).toHaveLength(0);
  expect(decodeMessageProperties(Buffer.alloc(0))).toEqual({});
});

it('writes data that comes from another thread, and so is no Buffer', () => {
  const sent = structuredClone({ correlationData: Buffer.from('abc') });
  expect(decodeMessageProperties(encodeMessageProperties(sent))?.correlationData).toEqual(Buffer.from('abc'));
});

it('keeps nothing of the bytes it reads', () => {
  const bytes = encodeMessageProperties({ correlationData: Buffer.from('kept') });
  const properties = decodeMessageProperties(bytes);
  bytes.fill(0);
  expect(properties?.correlationData?.toString()).toBe('kept');
});

it('knows nothing of bytes that are cut, or of properties that belong to one connection', () => {
  const bytes = encodeMessageProperties({ contentType: 'text/plain' });
  for (let end = 1; end < bytes.length; end += 1) {
    expect(decodeMessageProperties(bytes.subarray(0, end))).toBeUndefined();
  }
  const alias = [0x23, 0, 1];
  const identifier = [0x0b, 1];
  for (const other of [alias, identifier])
    expect(decodeMessageProperties(Buffer.from(other))).toBeUndefined();
  expect(messagePropertiesOf({ topicAlias: 1, subscriptionIdentifier: 1 })).toBeUndefined();
});

it('throws for a text that MQTT cannot hold', () => {
  expect(encodeMessageProperties({ contentType: 'x'.repeat(65_535) })).toHaveLength(65_538);
  expect(() => encodeMessageProperties({ contentType: 'x'.repeat(65_536) })).toThrow(RangeError);
});

it('never throws, whatever the bytes are', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 8, 9, 0x26), fc.uint8Array({ maxLength: 40 }), (id, random) => {
      for (const bytes of [Buffer.from(random), Buffer.from([id, ...random])]) {
        const properties = decodeMessageProperties(bytes);
        // The order on the wire is lost.
        if (properties !== undefined) expect(encodeMessageProperties(properties)).toHaveLength(bytes.length);
      }
    }),
    { numRuns: 2000 },
  );
});
