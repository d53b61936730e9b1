import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mqttData, mqttText, uint16, uint32, userProperties } from '../../harness/arbitrary-properties.js';
import {
  MAX_VARIABLE_INTEGER,
  PropertyFault,
  type PropertyName,
  readProperties,
  readVariableInteger,
  variableInteger,
  writeProperties,
} from '../../src/lib/mqtt-properties.js';

const byte = fc.integer({ min: 0, max: 255 });

/** A value for each property that there is (MQTT 5 section 2.2.2.2). */
const VALUES = {
  payloadFormat: byte,
  messageExpirySeconds: uint32,
  contentType: mqttText(),
  responseTopic: mqttText(),
  correlationData: mqttData,
  subscriptionIdentifier: fc.integer({ min: 0, max: MAX_VARIABLE_INTEGER }),
  sessionExpirySeconds: uint32,
  assignedClientId: mqttText(),
  serverKeepAliveSeconds: uint16,
  authenticationMethod: mqttText(),
  authenticationData: mqttData,
  requestProblemInformation: byte,
  willDelaySeconds: uint32,
  requestResponseInformation: byte,
  responseInformation: mqttText(),
  serverReference: mqttText(),
  reasonString: mqttText(),
  receiveMaximum: uint16,
  topicAliasMaximum: uint16,
  topicAlias: uint16,
  maximumQos: byte,
  retainAvailable: byte,
  userProperties,
  maximumPacketBytes: uint32,
  wildcardAvailable: byte,
  identifiersAvailable: byte,
  sharedAvailable: byte,
} satisfies Record<PropertyName, fc.Arbitrary<unknown>>;

const ALL: ReadonlySet<PropertyName> = new Set(Object.keys(VALUES) as PropertyName[]);

const read = (bytes: readonly number[], allowed = ALL) =>
  readProperties(Buffer.from([9, ...bytes, 9]), 1, 1 + bytes.length, allowed);

describe('properties', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.record(VALUES, { requiredKeys: [] }), (properties) => {
        const bytes = writeProperties(properties);
        expect(readProperties(bytes, 0, bytes.length, ALL)).toEqual(properties);
      }),
    );
  });

  it('have the ids and forms of the specification (section 2.2.2.2)', () => {
    // Table 2-4, without the fields' contents: byte, two and four bytes, variable, text, data, pair.
    const forms: readonly (readonly [id: number, value: readonly number[]])[] = [
      ...[0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a].map((id) => [id, [1]] as const),
      ...[0x13, 0x21, 0x22, 0x23].map((id) => [id, [0, 1]] as const),
      ...[0x02, 0x11, 0x18, 0x27].map((id) => [id, [0, 0, 0, 1]] as const),
      [0x0b, [0x80, 1]],
      ...[0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f].map((id) => [id, [0, 1, 65]] as const),
      [0x26, [0, 1, 65, 0, 1, 66]],
    ];
    expect(forms).toHaveLength(ALL.size);
    const names = forms.map(([id, value]) => {
      const properties = read([id, ...value]);
      expect(properties).not.toBeInstanceOf(PropertyFault);
      for (let length = 0; length < value.length; length += 1) {
        expect(read([id, ...value.slice(0, length)])).toMatchObject({ isProtocolError: false });
      }
      return Object.keys(properties)[0];
    });
    expect(new Set(names)).toEqual(ALL);
  });

  it('may each come once, but for user properties', () => {
    expect(read([0x23, 0, 1, 0x23, 0, 1])).toEqual(new PropertyFault('topic alias twice', true));
    expect(read([0x25, 0, 0x25, 0])).toEqual(new PropertyFault('retain available twice', true));
    expect(read([0x03, 0, 0, 0x03, 0, 0])).toEqual(new PropertyFault('content type twice', true));
    expect(read([0x26, 0, 0, 0, 0, 0x26, 0, 0, 0, 0])).toEqual({
      userProperties: [
        ['', ''],
        ['', ''],
      ],
    });
  });

  it.each([
    ['one that does not exist', [0x04, 0], 'property 0x04'],
    ['id 0', [0x00], 'property 0x00'],
    ['an id in two bytes', [0x81, 0x00, 1], 'property 0x81'],
    ['one that the packet must not have', [0x22, 0, 1], 'property 0x22'],
    ['a text that is not UTF-8 [MQTT-1.5.4-1]', [0x03, 0, 1, 0xff], 'not UTF-8'],
    ['a NUL in a text [MQTT-1.5.4-2]', [0x03, 0, 1, 0], 'a NUL'],
    ['a name that is not UTF-8', [0x26, 0, 1, 0xff, 0, 0], 'not UTF-8'],
    ['a value that is not UTF-8', [0x26, 0, 0, 0, 1, 0xff], 'not UTF-8'],
    ['an identifier that ends early', [0x0b, 0x80], 'cut'],
    ['an identifier of five bytes', [0x0b, 0x80, 0x80, 0x80, 0x80, 1], 'cut'],
    ['an identifier in too many bytes [MQTT-1.5.5-1]', [0x0b, 0x81, 0x00], 'cut'],
  ])('are malformed with %s', (_, bytes, detail) => {
    const fault = read(
      bytes,
      new Set<PropertyName>(['contentType', 'userProperties', 'subscriptionIdentifier']),
    );
    expect(fault).toMatchObject({ isProtocolError: false, detail: expect.stringContaining(detail) });
  });

  it('never throw, whatever the bytes are', () => {
    const ids = fc.integer({ min: 0, max: 0x30 });
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 40 }), (id, random) => {
        const bytes = Buffer.from([id, ...random]);
        const properties = readProperties(bytes, 0, bytes.length, ALL);
        if (properties instanceof PropertyFault) return;
        const again = writeProperties(properties);
        expect(again).toHaveLength(bytes.length);
        expect(readProperties(again, 0, again.length, ALL)).toEqual(properties);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a variable byte integer (section 1.5.5)', () => {
  it.each([
    [0, [0x00]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [2_097_151, [0xff, 0xff, 0x7f]],
    [2_097_152, [0x80, 0x80, 0x80, 0x01]],
    [MAX_VARIABLE_INTEGER, [0xff, 0xff, 0xff, 0x7f]],
  ])('of %i', (value, bytes) => {
    expect([...variableInteger(value)]).toEqual(bytes);
    const around = Buffer.from([0xff, ...bytes, 0xff]);
    expect(readVariableInteger(around, 1, around.length)).toEqual({ value, end: 1 + bytes.length });
    for (let end = 1; end < 1 + bytes.length; end += 1) {
      expect(readVariableInteger(around, 1, end)).toBeUndefined();
    }
  });

  it.each([
    ['more than four bytes', [0x80, 0x80, 0x80, 0x80, 0x01]],
    ['more bytes than it needs [MQTT-1.5.5-1]', [0x80, 0x00]],
  ])('has not %s', (_, bytes) => {
    expect(readVariableInteger(Buffer.from(bytes), 0, bytes.length)).toBeUndefined();
  });
});
