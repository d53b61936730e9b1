import type { BrokerRefusal } from '../refusals.js';

const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

const BY_REFUSAL: Partial<Readonly<Record<BrokerRefusal, number>>> = {
  'client-id-denied': IDENTIFIER_REJECTED,
  'client-id-in-use': IDENTIFIER_REJECTED,
  'connect-malformed': IDENTIFIER_REJECTED,
  'too-many-attempts': SERVER_UNAVAILABLE,
  'sign-in-busy': SERVER_UNAVAILABLE,
  'too-many-from-user': SERVER_UNAVAILABLE,
  'server-busy': SERVER_UNAVAILABLE,
  unexpected: SERVER_UNAVAILABLE,
  'credential-missing': BAD_CREDENTIALS,
  'credential-wrong': BAD_CREDENTIALS,
  'credential-expired': BAD_CREDENTIALS,
};

/** The return code of the CONNACK that a refused client gets (MQTT 3.1.1 section 3.2.2.3). */
export function connackOf(refusal: BrokerRefusal): number {
  return BY_REFUSAL[refusal] ?? NOT_AUTHORIZED;
}
