import { describe, expect, it } from 'vitest';
import { foreignChange } from '../../src/http/guards.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const ANOTHER_SITE = 'Another web site may not ask for changes.';

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
    expect(foreignChange({ ...JSON_TYPE, ...headers })).toBeUndefined();
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
    expect(foreignChange(type === undefined ? {} : { 'content-type': type })).toBe(refusal);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }, ANOTHER_SITE],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }, ANOTHER_SITE],
    ['another origin', { origin: 'http://evil.example', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['another port', { origin: 'http://127.0.0.1:3000', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['a sandboxed frame', { origin: 'null', host: '127.0.0.1:8080' }, ANOTHER_SITE],
    ['an origin without a host', { origin: 'http://127.0.0.1:8080' }, ANOTHER_SITE],
  ])('refuses %s', (_who, headers, refusal) => {
    expect(foreignChange({ ...JSON_TYPE, ...headers })).toBe(refusal);
  });
});
