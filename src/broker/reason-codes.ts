import { REASON_CODES, type ReasonCode } from './protocol/packets.js';
import type { BrokerRefusal } from './refusals.js';

/** Return codes of CONNACK (MQTT 3.1.1 section 3.2.2.3). */
export const RETURN_CODES = {
  unacceptableVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badCredentials: 4,
  notAuthorized: 5,
} as const;

interface Codes {
  /** Of the CONNACK before MQTT 5. */
  readonly returnCode: number;
  /** Of the CONNACK or DISCONNECT of MQTT 5. */
  readonly reasonCode: ReasonCode;
  /** Of that CONNACK where it has no such reason code [MQTT-3.2.2-8]. */
  readonly connackCode?: ReasonCode;
}

const { unacceptableVersion, identifierRejected, serverUnavailable, badCredentials, notAuthorized } =
  RETURN_CODES;
const {
  unsupportedProtocolVersion,
  clientIdentifierNotValid,
  badUserNameOrPassword,
  malformedPacket,
  protocolError,
  serverBusy,
} = REASON_CODES;

const BY_REFUSAL: Readonly<Record<BrokerRefusal, Codes>> = {
  'protocol-version': codes(unacceptableVersion, unsupportedProtocolVersion),
  'client-id-denied': codes(identifierRejected, clientIdentifierNotValid),
  'client-id-in-use': codes(identifierRejected, clientIdentifierNotValid),
  'connect-malformed': codes(identifierRejected, malformedPacket),
  'too-many-attempts': codes(serverUnavailable, REASON_CODES.connectionRateExceeded),
  'sign-in-busy': codes(serverUnavailable, serverBusy),
  'too-many-from-user': codes(serverUnavailable, REASON_CODES.quotaExceeded),
  'server-busy': codes(serverUnavailable, serverBusy),
  unexpected: codes(serverUnavailable, REASON_CODES.unspecifiedError),
  'credential-missing': codes(badCredentials, badUserNameOrPassword),
  'credential-wrong': codes(badCredentials, badUserNameOrPassword),
  'credential-expired': {
    ...codes(badCredentials, REASON_CODES.maximumConnectTime),
    connackCode: badUserNameOrPassword,
  },
  'certificate-revoked': codes(notAuthorized, REASON_CODES.notAuthorized),
  'user-disabled': codes(notAuthorized, REASON_CODES.notAuthorized),
  'publish-denied': codes(notAuthorized, REASON_CODES.notAuthorized),
  'subscribe-denied': codes(notAuthorized, REASON_CODES.notAuthorized),
  'access-changed': codes(notAuthorized, REASON_CODES.notAuthorized),
  'too-many-connections': codes(serverUnavailable, serverBusy),
  'too-many-from-address': codes(serverUnavailable, REASON_CODES.quotaExceeded),
  'too-many-new-connections': codes(serverUnavailable, REASON_CODES.connectionRateExceeded),
  'no-open-files': codes(serverUnavailable, serverBusy),
  'rate-exceeded': codes(serverUnavailable, REASON_CODES.messageRateTooHigh),
  silent: codes(notAuthorized, REASON_CODES.administrativeAction),
  'not-mqtt': codes(notAuthorized, protocolError),
  'not-websocket': codes(notAuthorized, protocolError),
  'tls-failed': codes(notAuthorized, protocolError),
  'proxy-refused': codes(notAuthorized, protocolError),
  'host-refused': codes(notAuthorized, protocolError),
  'origin-refused': codes(notAuthorized, protocolError),
  'connect-timeout': codes(notAuthorized, protocolError),
  'not-authenticated': codes(notAuthorized, protocolError),
  'packet-too-large': codes(notAuthorized, REASON_CODES.packetTooLarge),
  'packet-timeout': codes(notAuthorized, REASON_CODES.implementationSpecificError),
  'unfinished-bytes': codes(notAuthorized, REASON_CODES.quotaExceeded),
  'topic-invalid': codes(notAuthorized, REASON_CODES.topicNameInvalid),
  'publish-malformed': codes(notAuthorized, malformedPacket),
  'subscribe-malformed': codes(notAuthorized, malformedPacket),
  'protocol-violation': codes(notAuthorized, protocolError),
  'reads-too-slowly': codes(notAuthorized, REASON_CODES.implementationSpecificError),
  'keep-alive-expired': codes(notAuthorized, REASON_CODES.keepAliveTimeout),
  'taken-over': codes(notAuthorized, REASON_CODES.sessionTakenOver),
};

/** The return code of the CONNACK that a refused client gets before MQTT 5. */
export function returnCodeOf(refusal: BrokerRefusal): number {
  return BY_REFUSAL[refusal].returnCode;
}

/** The reason code of the CONNACK that a refused client of MQTT 5 gets. */
export function connackCodeOf(refusal: BrokerRefusal): ReasonCode {
  const { connackCode, reasonCode } = BY_REFUSAL[refusal];
  return connackCode ?? reasonCode;
}

/** The reason code of the DISCONNECT that a client of MQTT 5 gets. */
export function reasonCodeOf(refusal: BrokerRefusal): ReasonCode {
  return BY_REFUSAL[refusal].reasonCode;
}

/**
 * What a refusal found is said to the client where it is about the packets of the client itself; who else is connected, and what
 * the rules say, is not.
 */
const SHOWN: ReadonlySet<BrokerRefusal> = new Set([
  'protocol-version',
  'connect-malformed',
  'publish-malformed',
  'subscribe-malformed',
  'protocol-violation',
  'packet-too-large',
  'packet-timeout',
  'topic-invalid',
  'keep-alive-expired',
  'rate-exceeded',
  'silent',
]);

/** The reason string for a client of MQTT 5; undefined when it gets none. */
export function reasonStringOf(refusal: BrokerRefusal, detail: string): string | undefined {
  return SHOWN.has(refusal) ? detail : undefined;
}

function codes(returnCode: number, reasonCode: ReasonCode): Codes {
  return { returnCode, reasonCode };
}
