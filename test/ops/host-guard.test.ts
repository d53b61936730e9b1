import { describe, expect, it } from 'vitest';
import { hostGuard } from '../../src/ops/host-guard.js';

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
