import { type Clock, SystemClock } from '../clock.js';
import { LimitedWarning } from '../limited-warning.js';
import type { Warn } from '../warnings.js';

interface RefusalKind {
  /** `warn`: somebody has to mend something; `debug`: comes with every fleet, every day. */
  readonly level: 'warn' | 'debug';
  readonly sentence: string;
}

/** Why a connection or packet was turned away: closed list behind a metric's label. */
const REFUSALS = {
  'too-many-connections': {
    level: 'warn',
    sentence: 'a connection was turned away: broker.maxConnections is reached',
  },
  'not-mqtt': { level: 'warn', sentence: 'a connection was closed: what it sent is not MQTT' },
  'not-websocket': { level: 'debug', sentence: 'a request to a ws listener was no WebSocket handshake' },
  'origin-refused': { level: 'warn', sentence: 'a WebSocket from a page of another host was refused' },
  'connect-timeout': {
    level: 'debug',
    sentence: 'a connection was closed: no CONNECT within broker.connectTimeout',
  },
  'protocol-version': {
    level: 'warn',
    sentence: 'a client was turned away: it does not speak MQTT 3.1.1 or 3.1',
  },
  'connect-malformed': { level: 'warn', sentence: 'a client was turned away: its CONNECT is malformed' },
  'not-authenticated': {
    level: 'warn',
    sentence: 'a client was closed: it sent a packet before its CONNECT',
  },
  'packet-too-large': { level: 'warn', sentence: 'a client was closed: its packet is too large' },
  'topic-invalid': {
    level: 'warn',
    sentence: 'a client was closed: it published to a topic that is not taken',
  },
  'publish-malformed': { level: 'warn', sentence: 'a client was closed: its PUBLISH is malformed' },
  'subscribe-malformed': {
    level: 'warn',
    sentence: 'a client was closed: its SUBSCRIBE or UNSUBSCRIBE is malformed',
  },
  'subscribe-denied': { level: 'debug', sentence: 'a subscription was answered with SUBACK 0x80' },
  'protocol-violation': { level: 'warn', sentence: 'a client was closed: it broke the rules of MQTT' },
  'too-many-in-flight': {
    level: 'warn',
    sentence: 'a client was closed: too much of it waits for an answer',
  },
  'reads-too-slowly': { level: 'debug', sentence: 'a client was closed: it does not read what it is sent' },
  'keep-alive-expired': {
    level: 'debug',
    sentence: 'a client was closed: it was silent over its keep alive',
  },
  'taken-over': {
    level: 'debug',
    sentence: 'a client was closed: another connection came with its client id [MQTT-3.1.4-2]',
  },
  unexpected: { level: 'warn', sentence: 'a client was closed by an unexpected error' },
} as const satisfies Readonly<Record<string, RefusalKind>>;

export type BrokerRefusal = keyof typeof REFUSALS;

export const BROKER_REFUSALS = Object.keys(REFUSALS) as readonly BrokerRefusal[];

/** Those that come with every fleet, every day: no warning and no alert. */
export const EVERYDAY_REFUSALS = BROKER_REFUSALS.filter((refusal) => REFUSALS[refusal].level === 'debug');

/** Counts of what was turned away; only ever grow. */
export type RefusalCounts = Record<BrokerRefusal, number>;

export function createRefusalCounts(): RefusalCounts {
  return Object.fromEntries(BROKER_REFUSALS.map((refusal) => [refusal, 0])) as RefusalCounts;
}

/** Who was turned away, as far as it is known. */
export interface Peer {
  readonly remoteAddress: string;
  /** What its CONNECT says; empty before that. */
  readonly clientId: string;
}

export interface RefusalLines {
  readonly warn: Warn;
  readonly debug?: (fields: object, sentence: string) => void;
  readonly clock?: Clock;
}

/** Counts what is turned away, and says it: at most every 30 s a reason, so that no flood of one hides another. */
export class Refusals {
  readonly #counts = createRefusalCounts();
  readonly #lines: LimitedWarning<BrokerRefusal>;

  constructor({ warn, debug, clock = new SystemClock() }: RefusalLines) {
    this.#lines = new LimitedWarning<BrokerRefusal>(
      ({ code: reason, heldBack, ...fields }, sentence) => {
        if (REFUSALS[reason].level === 'debug') {
          debug?.({ reason, ...fields, ...(heldBack > 0 ? { heldBack } : {}) }, sentence);
          return;
        }
        const code =
          reason === 'too-many-connections' ? 'BROKER_TOO_MANY_CONNECTIONS' : 'BROKER_CLIENT_REFUSED';
        warn({ code, heldBack, reason, ...fields }, sentence);
      },
      clock,
      { later: (ms, run) => void setTimeout(run, ms).unref() },
    );
  }

  counts(): RefusalCounts {
    return { ...this.#counts };
  }

  /** `detail`: what was found, for the line. */
  add(reason: BrokerRefusal, { remoteAddress, clientId }: Peer, detail: string): void {
    this.#counts[reason] += 1;
    const fields = { remoteAddress, ...(clientId === '' ? {} : { clientId }), detail };
    this.#lines.say(reason, fields, REFUSALS[reason].sentence);
  }
}
