import { expect, test } from 'vitest';
import { type LineFormat, readRecordLine } from '../../src/commands/explain-input.js';

const DEFAULTS = { clientId: 'explain', qos: 1, receivedAtNs: 7n } as const;

function read(line: string, format: LineFormat = 'auto', topic?: string) {
  const record = readRecordLine(
    Buffer.from(line),
    format,
    topic === undefined ? DEFAULTS : { ...DEFAULTS, topic },
  );
  return typeof record === 'string' ? record : { ...record, payload: record.payload.toString() };
}

test('a line of JSON: text is the payload, any other value is written as JSON, numbers as they are', () => {
  expect(read('{"topic":"a/b","payload":"21.5"}')).toEqual({ ...DEFAULTS, topic: 'a/b', payload: '21.5' });
  expect(read('{"topic":"a","payload":{"n":12345678901234567890.10,"l":[null,true,"x"]}}')).toMatchObject({
    payload: '{"n":12345678901234567890.10,"l":[null,true,"x"]}',
  });
});

test('it may name client, user, QoS and receive time', () => {
  expect(
    read(
      '{"topic":"a","payload":1,"clientId":"d1","user":"ops","qos":0,"receivedAt":"2026-03-01T12:00:00Z","more":1}',
    ),
  ).toEqual({
    topic: 'a',
    payload: '1',
    clientId: 'd1',
    user: 'ops',
    qos: 0,
    receivedAtNs: 1_772_366_400_000_000_000n,
  });
});

test('it may have message properties, as a parked record has them', () => {
  const line = (properties: string) => read(`{"topic":"a","payload":1,"properties":${properties}}`);
  expect(line('{"contentType":"text/csv","user":[["site","pune"]]}')).toMatchObject({
    properties: { contentType: 'text/csv', userProperties: [['site', 'pune']] },
  });
  expect(line('{"contentType":7}')).toBe('properties: contentType: expected a text');
});

test('a parked record is one: its id is its receive time, and its payload may be base64', () => {
  expect(read('{"id":"1772366400000000001","topic":"a","payloadBase64":"AAE="}')).toMatchObject({
    receivedAtNs: 1_772_366_400_000_000_001n,
    payload: '\u0000\u0001',
  });
});

test('a line of mosquitto_sub -v', () => {
  expect(read('a/b {"t":1}')).toEqual({ ...DEFAULTS, topic: 'a/b', payload: '{"t":1}' });
  expect(read('a/b ')).toMatchObject({ topic: 'a/b', payload: '' });
  expect(read('{x} 5', 'mosquitto')).toMatchObject({ topic: '{x}', payload: '5' });
});

test('--topic is for lines without one', () => {
  expect(read('{"payload":1}', 'auto', 'given')).toMatchObject({ topic: 'given' });
  expect(read('{"topic":"own","payload":1}', 'auto', 'given')).toMatchObject({ topic: 'own' });
});

test.each([
  ['{"payload":1}', 'topic: expected a text'],
  ['{"topic":5,"payload":1}', 'topic: expected a text'],
  ['{"topic":"a"}', 'payload: expected a text or a JSON value'],
  ['{"topic":"a","payload":1,"qos":3}', 'qos: expected 0, 1 or 2'],
  ['{"topic":"a","payload":1,"clientId":3}', 'clientId: expected a text'],
  ['{"topic":"a","payload":1,"user":null}', 'user: expected a text'],
  ['{"topic":"a","payload":1,"receivedAt":"noon"}', 'receivedAt: expected RFC 3339'],
  ['{"topic":"a"', 'not readable as JSON: '],
  ['nothing', 'expected a topic, a blank and a payload'],
  [' x', 'expected a topic, a blank and a payload'],
])('%s: %s', (line, problem) => {
  expect(read(line)).toContain(problem);
});

test('a format that is given is not guessed', () => {
  expect(read('a/b 5', 'json')).toContain('not readable as JSON: ');
});
