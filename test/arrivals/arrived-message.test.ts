import { expect, it } from 'vitest';
import {
  arrivedMessage,
  MAX_NAME_CHARACTERS,
  MAX_PAYLOAD_BYTES,
} from '../../src/arrivals/arrived-message.js';
import { sampleRecord } from '../rules/sample-record.js';

it('keeps the beginning of a long text up to a whole character', () => {
  const message = arrivedMessage(sampleRecord(`xx${'€'.repeat(400_000)}`));
  expect(message.payload).toBe(`xx${'€'.repeat(1364)}`);
  expect(message.payloadBase64).toBeUndefined();
  expect(message.payloadBytes).toBe(1_200_002);
});

it('keeps what is not text as base64, also where only its end is not', () => {
  const binary = Buffer.alloc(1024 * 1024, 0xff);
  expect(arrivedMessage(sampleRecord(binary))).toMatchObject({
    payloadBase64: binary.subarray(0, MAX_PAYLOAD_BYTES).toString('base64'),
    payloadBytes: 1024 * 1024,
  });
  const cutCharacter = Buffer.from('good: €').subarray(0, -1);
  expect(arrivedMessage(sampleRecord(cutCharacter)).payload).toBeUndefined();
});

it('copies the payload, which is overwritten later', () => {
  const payload = Buffer.from('{"t":1}');
  const message = arrivedMessage(sampleRecord(payload));
  payload.fill('#');
  expect(message.payload).toBe('{"t":1}');
});

it('has the user where there is one, cut as other names [access 11]', () => {
  const user = 'u'.repeat(2_000);
  expect(arrivedMessage(sampleRecord('{}', { user: 'ops' })).user).toBe('ops');
  expect(arrivedMessage(sampleRecord('{}', { user })).user).toHaveLength(MAX_NAME_CHARACTERS + 1);
  for (const none of ['', undefined])
    expect(arrivedMessage(sampleRecord('{}', { user: none }))).not.toHaveProperty('user');
});

it('has the message properties where there are any, cut', () => {
  const properties = { contentType: 'x'.repeat(1_000), correlationData: Buffer.from([1]) };
  expect(arrivedMessage(sampleRecord('{}', { properties })).properties).toEqual({
    contentType: `${'x'.repeat(200)}…`,
    correlationData: 'AQ==',
  });
  expect(arrivedMessage(sampleRecord('{}', { properties: undefined }))).not.toHaveProperty('properties');
});

it('keeps NUL and markup to the letter, and cuts names', () => {
  const hostile = '<img src=x onerror=alert(1)>\u0000';
  const message = arrivedMessage(sampleRecord(hostile, { topic: hostile, clientId: 'c'.repeat(60_000) }));
  expect([message.payload, message.topic]).toEqual([hostile, hostile]);
  expect(message.client.length).toBe(MAX_NAME_CHARACTERS + 1);
});

it('says how large a message was of which the broker has kept only the beginning', () => {
  const refused = { reason: 'packet-too-large', detail: 'd', topicBytes: 3, payloadBytes: 300_000 } as const;
  expect(arrivedMessage(sampleRecord('{"t":', { refused }))).toMatchObject({
    payload: '{"t":',
    payloadBytes: 300_000,
  });
});
