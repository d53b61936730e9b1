import { type Clock, SystemClock } from '../lib/clock.js';
import { LimitedWarning } from '../lib/limited-warning.js';
import type { Warn, WarningCode } from '../lib/warnings.js';
import { REFUSAL_NEXT_STEPS } from './refusal-next-steps.js';
import { TakeOvers } from './take-overs.js';

interface RefusalKind {
  /** `warn` when somebody has to fix something, `debug` when it happens with every fleet, every day. */
  readonly level: 'warn' | 'debug';
  readonly sentence: string;
}

/** Why a connection or packet was rejected. The list is closed: it is used by the label of a metric. */
const REFUSALS = {
  'too-many-connections': {
    level: 'warn',
    sentence: 'a connection was rejected: broker.maxConnections is reached',
  },
  'too-many-from-address': {
    level: 'warn',
    sentence: 'a connection was rejected: broker.maxConnectionsPerAddress is reached',
  },
  'too-many-from-user': {
    level: 'warn',
    sentence: 'a client was rejected: its user has as many connections as broker.limits allows',
  },
  'too-many-new-connections': {
    level: 'warn',
    sentence: 'a connection was rejected: its address opens more than broker.limits.newConnectionsPerSecond',
  },
  'server-busy': {
    level: 'warn',
    sentence: 'a client was rejected with CONNACK 3: the gateway has too much to do',
  },
  'rate-exceeded': {
    level: 'warn',
    sentence: 'a client was closed: it has sent more than its rate for broker.limits.disconnectAfter',
  },
  silent: {
    level: 'debug',
    sentence: 'a client was closed: it has neither published nor subscribed within broker.limits.silentAfter',
  },
  'no-open-files': {
    level: 'warn',
    sentence: 'connections were rejected: the process may open no more files',
  },
  'not-mqtt': { level: 'warn', sentence: 'a connection was closed: the bytes it sent are not MQTT' },
  'not-websocket': { level: 'debug', sentence: 'a request to a ws listener was not a WebSocket handshake' },
  'tls-failed': { level: 'warn', sentence: 'a TLS connection could not be made' },
  'proxy-refused': {
    level: 'warn',
    sentence: 'a connection to a listener with PROXY protocol was rejected',
  },
  'host-refused': {
    level: 'warn',
    sentence: 'a WebSocket to a name that is not of this listener was rejected',
  },
  'origin-refused': { level: 'warn', sentence: 'a WebSocket from a page of another host was rejected' },
  'connect-timeout': {
    level: 'debug',
    sentence: 'a connection was closed: no CONNECT within broker.connectTimeout',
  },
  'protocol-version': {
    level: 'warn',
    sentence: 'a client was rejected: it does not speak MQTT 5, 3.1.1 or 3.1',
  },
  'connect-malformed': { level: 'warn', sentence: 'a client was rejected: its CONNECT is malformed' },
  'not-authenticated': {
    level: 'warn',
    sentence: 'a client was closed: it sent a packet before its CONNECT',
  },
  'credential-missing': {
    level: 'warn',
    sentence: 'a client was rejected: it shows no user name, token or certificate',
  },
  'credential-wrong': {
    level: 'warn',
    sentence: 'a client was rejected: its user, password, token or certificate is not valid',
  },
  'credential-expired': {
    level: 'warn',
    sentence: 'a client was rejected or closed: its credential has expired',
  },
  'certificate-revoked': {
    level: 'warn',
    sentence: 'a client was rejected or closed: its certificate is revoked',
  },
  'user-disabled': { level: 'warn', sentence: 'a client was rejected: its user is disabled' },
  'too-many-attempts': {
    level: 'warn',
    sentence: 'a client was rejected: its user or address has failed to sign in too often',
  },
  'sign-in-busy': {
    level: 'warn',
    sentence: 'a client was rejected: its credential could not be checked in time',
  },
  'client-id-denied': {
    level: 'warn',
    sentence: 'a client was rejected: the access rules do not allow its user this client id',
  },
  'client-id-in-use': {
    level: 'warn',
    sentence: 'a client was rejected: a client of another user is connected with its client id',
  },
  'publish-denied': {
    level: 'warn',
    sentence: 'a client was closed: the access rules do not allow it to publish on the topic',
  },
  'access-changed': {
    level: 'warn',
    sentence: 'a client was closed: by the new access rules it may no longer be connected',
  },
  'packet-too-large': { level: 'warn', sentence: 'a packet was not taken: it is too large' },
  'packet-timeout': {
    level: 'warn',
    sentence: 'a client was closed: its packet was not complete within broker.packetTimeout',
  },
  'unfinished-bytes': {
    level: 'warn',
    sentence:
      'a client was closed: unfinished packets use up broker.maxInFlightBytes, and its share is the largest',
  },
  'topic-invalid': {
    level: 'warn',
    sentence: 'a message was acknowledged and parked: its topic is not accepted',
  },
  'publish-malformed': { level: 'warn', sentence: 'a client was closed: its PUBLISH is malformed' },
  'subscribe-malformed': {
    level: 'warn',
    sentence: 'a client was closed: its SUBSCRIBE or UNSUBSCRIBE is malformed',
  },
  'subscribe-denied': { level: 'warn', sentence: 'a subscription was answered with SUBACK 0x80' },
  'protocol-violation': { level: 'warn', sentence: 'a client was closed: it violated the MQTT protocol' },
  'reads-too-slowly': { level: 'debug', sentence: 'a client was closed: it does not read its answers' },
  'keep-alive-expired': {
    level: 'debug',
    sentence: 'a client was closed: its keep alive has expired',
  },
  'taken-over': {
    level: 'debug',
    sentence: 'a client was closed: another connection uses its client id [MQTT-3.1.4-2]',
  },
  unexpected: { level: 'warn', sentence: 'a client was closed by an unexpected error' },
} as const satisfies Readonly<Record<string, RefusalKind>>;

export type BrokerRefusal = keyof typeof REFUSALS;

export const BROKER_REFUSALS = Object.keys(REFUSALS) as readonly BrokerRefusal[];

/** The refusals that happen with every fleet, every day: they give no warning and no alert. */
export const EVERYDAY_REFUSALS = BROKER_REFUSALS.filter((refusal) => REFUSALS[refusal].level === 'debug');

/** The codes of the refusals that a setting, the access file or the system decides; the client decides the others. */
const CODES: Partial<Readonly<Record<BrokerRefusal, WarningCode>>> = {
  'too-many-connections': 'BROKER_TOO_MANY_CONNECTIONS',
  'too-many-from-address': 'BROKER_TOO_MANY_FROM_ADDRESS',
  'credential-missing': 'BROKER_SIGN_IN_REFUSED',
  'credential-wrong': 'BROKER_SIGN_IN_REFUSED',
  'credential-expired': 'BROKER_SIGN_IN_REFUSED',
  'certificate-revoked': 'BROKER_SIGN_IN_REFUSED',
  'user-disabled': 'BROKER_SIGN_IN_REFUSED',
  'too-many-attempts': 'BROKER_SIGN_IN_REFUSED',
  'sign-in-busy': 'BROKER_SIGN_IN_REFUSED',
  'client-id-denied': 'BROKER_ACCESS_DENIED',
  'client-id-in-use': 'BROKER_ACCESS_DENIED',
  'publish-denied': 'BROKER_ACCESS_DENIED',
  'access-changed': 'BROKER_ACCESS_DENIED',
  'subscribe-denied': 'BROKER_ACCESS_DENIED',
  'too-many-from-user': 'BROKER_TOO_MANY_FROM_USER',
  'too-many-new-connections': 'BROKER_TOO_MANY_NEW',
  'server-busy': 'BROKER_BUSY',
  'rate-exceeded': 'BROKER_RATE_EXCEEDED',
  'no-open-files': 'OPEN_FILES_EXHAUSTED',
  'tls-failed': 'BROKER_TLS_FAILED',
  'proxy-refused': 'BROKER_PROXY_REFUSED',
  'host-refused': 'BROKER_HOST_REFUSED',
};

const NEXT: Partial<Readonly<Record<BrokerRefusal, string>>> = REFUSAL_NEXT_STEPS;

/** How often each refusal happened; the counts only grow. */
export type RefusalCounts = Record<BrokerRefusal, number>;

export function createRefusalCounts(): RefusalCounts {
  return Object.fromEntries(BROKER_REFUSALS.map((refusal) => [refusal, 0])) as RefusalCounts;
}

/** Who was rejected, as far as it is known. */
export interface Peer {
  readonly remoteAddress: string;
  /** The client id of the CONNECT; empty before one arrived. */
  readonly clientId: string;
  /** The user name of the CONNECT, or the user that was proved; empty or absent when there is none. */
  readonly user?: string;
}

export interface RefusalDeps {
  readonly warn: Warn;
  readonly debug?: (fields: object, sentence: string) => void;
  readonly clock?: Clock;
}

/** Refusals counts and logs each refusal: at most one line per reason in 30 s, so that a flood of one does not hide another. */
export class Refusals {
  readonly #counts = createRefusalCounts();
  readonly #lines: LimitedWarning<BrokerRefusal>;
  readonly #takeOvers = new TakeOvers();
  readonly #contested: LimitedWarning<'BROKER_CLIENT_ID_CONTESTED'>;
  readonly #clock: Clock;

  constructor({ warn, debug, clock = new SystemClock() }: RefusalDeps) {
    this.#clock = clock;
    const later = (ms: number, run: () => void) => void setTimeout(run, ms).unref();
    this.#contested = new LimitedWarning(warn, clock, { later });
    this.#lines = new LimitedWarning<BrokerRefusal>(
      ({ code: reason, heldBack, ...fields }, sentence) => {
        if (REFUSALS[reason].level === 'debug') {
          debug?.({ reason, ...fields, ...(heldBack > 0 ? { heldBack } : {}) }, sentence);
          return;
        }
        const next = NEXT[reason];
        const code = CODES[reason] ?? 'BROKER_CLIENT_REFUSED';
        warn({ code, heldBack, reason, ...fields, ...(next === undefined ? {} : { next }) }, sentence);
      },
      clock,
      { later },
    );
  }

  counts(): RefusalCounts {
    return { ...this.#counts };
  }

  /** `detail` is what was found; it goes into the log line. */
  add(reason: BrokerRefusal, { remoteAddress, clientId, user = '' }: Peer, detail: string): void {
    this.#counts[reason] += 1;
    const fields = {
      remoteAddress,
      ...(user === '' ? {} : { user }),
      ...(clientId === '' ? {} : { clientId }),
      detail,
    };
    this.#lines.log(reason, fields, REFUSALS[reason].sentence);
    if (reason === 'taken-over') this.#takenOver(clientId, fields);
  }

  #takenOver(clientId: string, fields: Readonly<Record<string, unknown>>): void {
    const takeOvers = this.#takeOvers.contested(clientId, this.#clock.monotonicMs());
    if (takeOvers === undefined) return;
    const sentence = 'clients take over from each other: they use the same client id';
    this.#contested.log('BROKER_CLIENT_ID_CONTESTED', { ...fields, takeOvers }, sentence);
  }
}
