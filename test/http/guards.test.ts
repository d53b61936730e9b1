import { describe, expect, it } from 'vitest';
import { foreignChange, hostGuard } from '../../src/http/guards.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const ANOTHER_SITE = 'Another web site may not ask for changes.';
const NAME_WITHOUT_TLS =
  'Under a network name, changes are allowed over https only. Or open the page by its IP address.';

describe('hostGuard on loopback', () => {
  const mayAnswer = hostGuard('127.0.0.1');

  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.0.0.1:65535',
    '[::1]',
    '[::1]:8080',
  ])('answers %s', (host) => expect(mayAnswer(host)).toBe(true));

  it.each([
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'evil.example:127.0.0.1',
    '192.168.1.5:8080',
    '[::1',
    '',
    ' localhost',
  ])('refuses %j', (host) => expect(mayAnswer(host)).toBe(false));

  it('refuses a request without a Host header', () => expect(mayAnswer(undefined)).toBe(false));

  it.each(['localhost', '::1', '127.0.0.2'])('guards a listener bound to %s as well', (bound) => {
    expect(hostGuard(bound)('evil.example')).toBe(false);
    expect(hostGuard(bound)('localhost:8080')).toBe(true);
  });

  it('answers to the very address it is bound to', () => {
    expect(hostGuard('127.0.0.2')('127.0.0.2:8080')).toBe(true);
    expect(mayAnswer('127.0.0.2:8080')).toBe(false);
  });
});

it('answers to every name when bound to an address that others reach', () => {
  for (const bound of ['0.0.0.0', '::', '192.168.1.5'])
    expect(hostGuard(bound)('gateway.plant.example')).toBe(true);
});

describe('foreignChange', () => {
  it.each([
    ['a program', {}],
    ['a browser that says nothing of its site', { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' }],
    [
      'our page',
      { origin: 'http://localhost:8080', host: 'localhost:8080', 'sec-fetch-site': 'same-origin' },
    ],
    ['our page, in other letters', { origin: 'http://LocalHost:8080', host: 'LOCALHOST:8080' }],
    ['our page by IPv6', { origin: 'http://[::1]:8080', host: '[::1]:8080' }],
    ['our page by the address of the machine', { origin: 'http://10.0.0.7:8080', host: '10.0.0.7:8080' }],
    ['our page by a name without a domain', { origin: 'http://gateway:8080', host: 'gateway:8080' }],
    ['our page by the configured name', { origin: 'http://gw.plant.example', host: 'gw.plant.example' }],
    [
      'our page by another name that has a certificate',
      { origin: 'https://sluice.example', host: 'sluice.example' },
    ],
    ['a bookmark', { 'sec-fetch-site': 'none' }],
  ])('accepts %s', (_who, headers) => {
    expect(foreignChange({ ...JSON_TYPE, ...headers }, 'gw.plant.example')).toBeUndefined();
  });

  it.each([
    ['application/json; charset=utf-8', undefined],
    ['Application/JSON', undefined],
    ['text/plain', 'The request must be application/json.'],
    ['application/x-www-form-urlencoded', 'The request must be application/json.'],
    ['multipart/form-data; boundary=application/json', 'The request must be application/json.'],
    ['text/plain; application/json', 'The request must be application/json.'],
    [undefined, 'The request must be application/json.'],
  ])('answers a request of the type %s with: %s', (type, refusal) => {
    expect(foreignChange(type === undefined ? {} : { 'content-type': type }, '127.0.0.1')).toBe(refusal);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, ANOTHER_SITE],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }, ANOTHER_SITE],
    ['another origin', { origin: 'http://evil.example', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['another port', { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['a sandboxed frame', { origin: 'null', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['an origin without a host', { origin: 'http://127.0.0.1:8080' }, ANOTHER_SITE],
    [
      'a name that was pointed here',
      { origin: 'http://evil.example:8080', host: 'evil.example:8080', 'sec-fetch-site': 'same-origin' },
      NAME_WITHOUT_TLS,
    ],
    [
      'a name that looks like an address',
      { origin: 'http://127.0.0.1.evil.example', host: '127.0.0.1.evil.example' },
      NAME_WITHOUT_TLS,
    ],
  ])('refuses %s', (_who, headers, refusal) => {
    expect(foreignChange({ ...JSON_TYPE, ...headers }, '0.0.0.0')).toBe(refusal);
  });
});
