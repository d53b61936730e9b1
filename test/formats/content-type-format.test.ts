import { describe, expect, test } from 'vitest';
import { contentTypeFormat } from '../../src/formats/content-type-format.js';
import { outcomeIn, ruleOf, ruleSetOf } from '../rules/rule-outcome.js';

describe('the format that a content type names', () => {
  test.each([
    ['application/json', 'json'],
    ['APPLICATION/JSON; charset=utf-8', 'json'],
    ['text/json', 'json'],
    ['application/geo+json', 'json'],
    ['text/plain;charset=utf-8', 'text'],
    [' text/plain ; x=y', 'text'],
    ['text/csv; header=present', 'csv'],
    ['application/cbor', 'cbor'],
    ['application/vnd.acme+cbor', 'cbor'],
    ['application/msgpack', 'msgpack'],
    ['application/x-msgpack', 'msgpack'],
    ['application/vnd.msgpack', 'msgpack'],
    ['application/senml+json', 'senml'],
    ['application/senml+cbor', 'senml'],
  ])('%j is %s', (contentType, name) => {
    expect(contentTypeFormat(contentType)?.name).toBe(name);
    // Looked up again, it comes out of the cache.
    expect(contentTypeFormat(contentType)).toBe(contentTypeFormat(contentType));
  });

  test.each([
    '',
    ';',
    'json',
    'application/octet-stream',
    'application/x+xml',
    'constructor',
    'a/b+toString',
    '+json',
    `application/json;${' '.repeat(200)}`,
  ])('%j names none', (contentType) => {
    expect(contentTypeFormat(contentType)).toBeUndefined();
    expect(contentTypeFormat(contentType)).toBeUndefined();
  });
});

describe('a message with a content type', () => {
  const CBOR = Buffer.from('a161761901f4', 'hex'); // {"v": 500}
  const of = (contentType: string) => ({ topic: 't', properties: { contentType } });
  const rules = ruleSetOf('rules: [{ name: r, topic: "#", measurement: m, fields: { v: payload.v } }]');

  test('is decoded by it where nobody names a format, whatever its topic had before', () => {
    expect(outcomeIn(rules, '{"v":1}', { topic: 't' }).lines[0]).toContain('m v=1 ');
    expect(outcomeIn(rules, CBOR, of('application/cbor')).lines[0]).toContain('m v=500');
    expect(outcomeIn(rules, '{"v":1}', of('application/json')).lines[0]).toContain('m v=1 ');
    expect(outcomeIn(rules, CBOR, { topic: 't' }).outcome).toBe('parked as payload-not-utf8');
  });

  test('is decoded as before by one that names none', () => {
    expect(outcomeIn(rules, '{"v":1}', of('application/octet-stream')).outcome).toBe('written');
  });

  test('that contradicts it is parked, and the reason names both', () => {
    const { outcome, reason } = outcomeIn(rules, '{"v":1}', of('application/cbor'));
    expect(outcome).toMatch(/^parked as payload-/);
    expect(reason).toMatch(/; the format is cbor, by the content type "application\/cbor" of the message$/);
    expect(outcomeIn(rules, '{"v":1}', of('text/plain')).reason).toMatch(
      /the payload is a string; .*; the format is text, by the content type "text\/plain" of the message$/,
    );
  });

  test.each([
    ['the rule', ruleOf('format: json, fields: { v: payload.v }')],
    [
      'consumer.formats',
      ruleSetOf(
        'rules: [{ name: r, topic: "#", measurement: m, fields: { v: payload.v } }]\nconsumer: { formats: [{ topic: "#", format: json }] }',
      ),
    ],
  ])('does not change the format that is named by %s', (_who, set) => {
    expect(outcomeIn(set, '{"v":1}', { properties: { contentType: 'application/cbor' } }).outcome).toBe(
      'written',
    );
  });

  test('on a topic of Sparkplug B is decoded by it: a topic is only a convention', () => {
    const topic = 'spBv1.0/g/DDATA/n/d';
    expect(outcomeIn(rules, CBOR, { ...of('application/cbor'), topic }).outcome).toBe('written');
    expect(outcomeIn(rules, CBOR, { ...of('application/json'), topic }).outcome).toBe(
      'parked as payload-not-utf8',
    );
  });

  test('that says it is text and is not UTF-8 is parked by the format that reads it', () => {
    const properties = { isText: true };
    const bad = Buffer.from([0x22, 0xff, 0x22]);
    expect(outcomeIn(rules, bad, { topic: 't', properties }).outcome).toMatch(/^parked as payload-not-/);
    // The rule knows better than the device.
    expect(outcomeIn(ruleOf('format: cbor, fields: { v: payload.v }'), CBOR, { properties }).outcome).toBe(
      'written',
    );
  });

  test('that several rules take is decoded once for each format', () => {
    const set = ruleSetOf(
      'rules: [{ name: a, topic: "#", measurement: a, continue: true, fields: { v: payload.v } }, { name: b, topic: "#", measurement: b, fields: { v: payload.v } }, { name: c, topic: "#", measurement: c, format: json }]',
    );
    expect(outcomeIn(set, CBOR, of('application/cbor')).lines).toHaveLength(2);
  });
});
