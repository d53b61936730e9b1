import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageProperties } from '../../../../src/lib/message-properties.js';
import { decodeCloudEvent } from '../../../../src/stream/kinesis/records/cloud-event-decoder.js';
import {
  CloudEventEncoder,
  recordEncoder,
} from '../../../../src/stream/kinesis/records/cloud-event-encoder.js';
import { propertyAttributes } from '../../../../src/stream/kinesis/records/property-attributes.js';
import { openUserRecords } from '../../../../src/stream/kinesis/records/user-records.js';
import type { StreamRecord } from '../../../../src/stream/stream.js';
import { anyProperties } from '../../../support/message-properties.js';

const SEED = 20_261_201;

const record = (changes: Partial<StreamRecord> = {}): StreamRecord => ({
  receivedAtNs: 1_793_881_696_123_456_789n,
  topic: 'sensors/oslo/s1/telemetry',
  clientId: 'device-1',
  qos: 1,
  payload: Buffer.from('{"temperature":21.50}'),
  ...changes,
});
const encoder = new CloudEventEncoder('gw-1');
const parsed = (bytes: Buffer) => JSON.parse(bytes.toString()) as Record<string, unknown>;

const all: MessageProperties = {
  isText: true,
  expirySeconds: 3_600,
  contentType: 'application/json; charset=utf-8',
  responseTopic: 'answers/s1',
  correlationData: Buffer.from([0, 0xff]),
  userProperties: [
    ['site', 'pune'],
    ['site', 'ü"\\'],
  ],
};

/** As it comes back: an attribute must not be empty. */
function withoutEmpty(properties: MessageProperties): MessageProperties | undefined {
  const kept = Object.entries(properties).filter(([, value]) => (value as { length?: number }).length !== 0);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

describe('an event of a record with message properties', () => {
  it('has one attribute for each, behind the QoS', () => {
    expect(encoder.encode(record({ properties: all, user: 'ops' })).toString()).toBe(
      '{"specversion":"1.0","id":"1793881696123456789","source":"urn:sluice:gw-1","type":"io.sluice.mqtt.publish.v1",' +
        '"subject":"sensors/oslo/s1/telemetry","time":"2026-11-05T12:28:16.123456789Z","clientid":"device-1","mqttuser":"ops","qos":1,' +
        '"mqttcontenttype":"application/json; charset=utf-8","mqttpayloadformat":1,"mqttmessageexpiry":3600,"mqttresponsetopic":"answers/s1",' +
        '"mqttcorrelationdata":"AP8=","mqttuserproperties":"[[\\"site\\",\\"pune\\"],[\\"site\\",\\"ü\\\\\\"\\\\\\\\\\"]]",' +
        '"data":{"temperature":21.50}}',
    );
  });

  it.each([
    ['application/cbor', 'application/cbor'],
    ['application/vnd.acme+cbor; v=1', 'application/vnd.acme+cbor; v=1'],
    ['no media type', 'application/octet-stream'],
    ['text/plain\nx', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])(
    'of bytes that are no JSON says %j as their type only where that is a media type',
    (contentType, type) => {
      const event = encoder.encode(record({ payload: Buffer.from([0xff, 0]), properties: { contentType } }));
      expect(parsed(event)).toMatchObject({ datacontenttype: type, data_base64: '/wA=' });
      expect(decodeCloudEvent(event)?.payload).toEqual(Buffer.from([0xff, 0]));
    },
  );

  it('says no type beside JSON, which a content type of the publisher may contradict', () => {
    const event = encoder.encode(
      record({ payload: Buffer.from('21.5'), properties: { contentType: 'text/plain' } }),
    );
    expect(parsed(event)).toMatchObject({ mqttcontenttype: 'text/plain', data: 21.5 });
    expect(parsed(event)).not.toHaveProperty('datacontenttype');
  });

  it(`comes back exactly but for empty texts, refused or not, and keeps the rules of CloudEvents 1.0 (seed ${SEED})`, () => {
    const refused = {
      reason: 'topic-not-accepted',
      detail: 'why',
      topicBytes: 25,
      payloadBytes: 21,
    } as const;
    fc.assert(
      fc.property(anyProperties, fc.boolean(), fc.uint8Array(), (properties, isRefused, payload) => {
        const one = record({
          properties,
          payload: Buffer.from(payload),
          ...(isRefused && { refused }),
        });
        const bytes = encoder.encode(one);
        const expected = withoutEmpty(properties);
        expect(decodeCloudEvent(bytes)).toEqual({ ...one, properties: expected });
        const { data: _data, ...attributes } = parsed(bytes);
        for (const [name, value] of Object.entries(attributes)) {
          expect(name).toMatch(/^(?:[a-z0-9]{1,20}|data_base64)$/);
          expect(value).not.toBe(name === 'data_base64' ? undefined : '');
          if (typeof value === 'number') expect(value).toBeLessThanOrEqual(2 ** 31 - 1);
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('is read by the consumer as the record that it was', () => {
    const kinesisRecord = {
      data: encoder.encode(record({ properties: all })),
      partitionKey: 's1',
      sequenceNumber: '1',
      arrivedAtMs: 1_793_881_697_000,
    };
    expect(openUserRecords(kinesisRecord, 'telemetry').cursor(0).next()).toEqual(record({ properties: all }));
  });

  it('is the payload alone in a stream of raw payloads', () => {
    expect(recordEncoder('raw', 'gw-1')(record({ properties: all }))).toEqual(record().payload);
  });
});

describe('message properties in an event of another program', () => {
  const counts = () => ({ namesReplaced: 0, timesReplaced: 0 });
  const read = (members: object, counted = counts()) => {
    const event = { specversion: '1.0', id: '1', source: '/line/3', type: 'x', subject: 'a/b', ...members };
    const kinesisRecord = {
      data: Buffer.from(JSON.stringify(event)),
      partitionKey: 's1',
      sequenceNumber: '1',
      arrivedAtMs: 1_793_881_697_000,
    };
    return openUserRecords(kinesisRecord, 'telemetry', counted).cursor(0).next()?.properties;
  };

  it('are read, also where a way through HTTP has made texts of the numbers', () => {
    expect(read(propertyAttributes(all))).toEqual(all);
    expect(read({ mqttpayloadformat: '0', mqttmessageexpiry: '4294967295' })).toEqual({
      isText: false,
      expirySeconds: 4_294_967_295,
    });
    expect(read({})).toBeUndefined();
  });

  it.each([
    ['a number for a text', { mqttcontenttype: 7 }],
    ['a NUL', { mqttcontenttype: 'a\0b' }],
    ['half of a surrogate pair', { mqttresponsetopic: '\ud800' }],
    ['a wildcard in the response topic [MQTT-3.3.2-14]', { mqttresponsetopic: 'a/#' }],
    ['a format that is neither 0 nor 1', { mqttpayloadformat: 2 }],
    ['an expiry beyond 32 bits', { mqttmessageexpiry: '4294967296' }],
    ['correlation data that is no Base64', { mqttcorrelationdata: 'a?' }],
    ['user properties that are no JSON', { mqttuserproperties: 'site=pune' }],
    ['user properties that are no pairs', { mqttuserproperties: '[["site"]]' }],
    ['a NUL in a user property', { mqttuserproperties: '[["a","\\u0000"]]' }],
    ['more than 16 KiB', { mqttcontenttype: 'x'.repeat(17_000) }],
  ])('are omitted and counted where MQTT does not allow them: %s', (_what, members) => {
    const counted = counts();
    expect(read(members, counted)).toBeUndefined();
    expect(counted.namesReplaced).toBe(1);
  });

  it('keep what is good beside what is not', () => {
    expect(read({ mqttcontenttype: 'text/csv', mqttpayloadformat: 2 })).toEqual({ contentType: 'text/csv' });
  });
});
