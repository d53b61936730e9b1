import { describe, expect, it } from 'vitest';
import { hostGuard } from '../../src/lib/host-guard.js';

describe.each(['127.0.0.1', 'localhost', '::1', '0.0.0.0', '::', '192.168.1.5'])(
  'hostGuard bound to %s [drill N2]',
  (bound) => {
    const mayAnswer = hostGuard(['Gateway.plant.example'], bound);

    it.each([
      'localhost',
      'localhost:8080',
      'LOCALHOST:1',
      '127.0.0.1',
      '127.0.0.1:65535',
      '[::1]',
      '[::1]:8080',
      '192.168.1.5:8080',
      '[fe80::1]',
      'gateway:8080',
      'gateway.plant.example',
      'GATEWAY.plant.example:443',
    ])('answers %s', (host) => expect(mayAnswer(host)).toBe(true));

    it.each([
      'evil.example',
      'evil.example:8080',
      'evil.',
      'localhost.',
      'localhost.evil.example',
      'plant.example',
      'evil.gateway.plant.example',
      'gateway.plant.example.evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.1@evil.example',
      'localhost@evil.example',
      'evil.example:127.0.0.1',
      '127.1.evil',
      '[::1',
      '::1',
      '[evil.example]',
      '',
      ' localhost',
      'localhost evil.example',
      'localhost, evil.example',
    ])('refuses %j', (host) => expect(mayAnswer(host)).toBe(false));

    it('refuses a request without a Host header', () => expect(mayAnswer(undefined)).toBe(false));
  },
);

it('answers to the name that it is bound to', () => {
  expect(hostGuard([], 'gw.plant.example')('gw.plant.example:8080')).toBe(true);
});
