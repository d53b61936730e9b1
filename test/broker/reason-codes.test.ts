import { describe, expect, it } from 'vitest';
import { SIGN_IN_REFUSALS } from '../../src/access/access.js';
import { connackCodeOf, reasonCodeOf } from '../../src/broker/reason-codes.js';
import { checkReasonCodes } from './conformance/reason-codes-of-servers.js';

const CONNACK = 2;
const DISCONNECT = 14;

describe('the reason code of a refusal', () => {
  it.each([
    ...SIGN_IN_REFUSALS,
    'client-id-denied',
    'client-id-in-use',
    'connect-malformed',
    'protocol-version',
    'publish-denied',
    'server-busy',
    'too-many-from-user',
    'unexpected',
  ] as const)('is one that CONNACK has: %s [MQTT-3.2.2-8]', (refusal) => {
    expect(() => checkReasonCodes(CONNACK, [connackCodeOf(refusal)])).not.toThrow();
  });

  it.each([
    'access-changed',
    'certificate-revoked',
    'credential-expired',
    'keep-alive-expired',
    'packet-timeout',
    'packet-too-large',
    'protocol-violation',
    'publish-malformed',
    'rate-exceeded',
    'reads-too-slowly',
    'silent',
    'subscribe-malformed',
    'taken-over',
    'unfinished-bytes',
    'user-disabled',
  ] as const)('is one that DISCONNECT has: %s [MQTT-3.14.2-1]', (refusal) => {
    expect(() => checkReasonCodes(DISCONNECT, [reasonCodeOf(refusal)])).not.toThrow();
  });
});
