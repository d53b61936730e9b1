import type { Client } from 'aedes';
import type { ClientCertificate, Identity } from '../access/access.js';
import type { Grant } from '../access/grant.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { ReadPace } from './limits/read-pace.js';
import type { BrokerRefusal, Refusals } from './refusals.js';
import type { SocketBackpressure } from './socket-backpressure.js';
import type { UnfinishedPacket } from './unfinished-packets.js';

/** What the transport says of a connection, and what guards it. */
export interface SessionParts {
  readonly backpressure: SocketBackpressure;
  readonly acknowledgements: Acknowledgements;
  readonly unfinished: UnfinishedPacket;
  readonly pace: ReadPace;
  readonly remoteAddress: string;
  readonly isProxied: boolean;
  readonly isEncrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
}

/** What the broker knows of one connection. */
export interface Session extends SessionParts {
  /** True once its CONNECT is read, whatever the answer. */
  hasConnect: boolean;
  /** Set when the client is granted access, and only then: what came before it is rejected, whatever aedes does with it. */
  isAuthenticated: boolean;
  /** The client id of the CONNECT; records are stored under it once the client is authenticated. */
  clientId: string;
  /** The user name of the CONNECT, then the user that the credential proved. */
  user: string;
  /** Who the client is; undefined until it is authenticated, and again once its access has ended. */
  identity: Identity | undefined;
  /** What the client may do, by the rules when it was made. SessionGrants keeps it to the rules in force. */
  grant: Grant | undefined;
  willTopic: string | undefined;
  /** Stops the timer that ends the connection when its credential expires. */
  stopExpiry: () => void;
  /** Gives back what counts for its user while it is connected. */
  leaveUser: () => void;
  /** The topic filters that it has subscribed to. */
  readonly subscriptions: Set<string>;
  wantsCleanSession: boolean;
  /** True once the reason why the connection ends is counted: what aedes reports afterwards has the same cause. */
  isRejected: boolean;
}

export function createSession(parts: SessionParts): Session {
  return {
    ...parts,
    hasConnect: false,
    isAuthenticated: false,
    clientId: '',
    user: '',
    identity: undefined,
    grant: undefined,
    willTopic: undefined,
    stopExpiry: () => undefined,
    leaveUser: () => undefined,
    subscriptions: new Set(),
    wantsCleanSession: true,
    isRejected: false,
  };
}

const NOBODY = { remoteAddress: '', clientId: '', user: '' };

/** Sessions keeps the session of each connection, by aedes' client, and counts why packets and clients are rejected. */
export class Sessions {
  /** Also of connections that are closed: aedes publishes their wills afterwards. */
  readonly #byClient = new WeakMap<Client, Session>();
  readonly #living = new Set<Client>();
  readonly #refusals: Refusals;

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  opened(client: Client, session: Session): void {
    this.#byClient.set(client, session);
    this.#living.add(client);
  }

  closed(client: Client): void {
    this.#living.delete(client);
  }

  of(client: Client | null): Session | undefined {
    return client === null ? undefined : this.#byClient.get(client);
  }

  /** The clients whose connections are open. */
  living(): ReadonlySet<Client> {
    return this.#living;
  }

  /** Counts a packet because of which the connection ends. */
  reject(client: Client | null, reason: BrokerRefusal, detail: string): void {
    const session = this.of(client);
    if (session !== undefined) session.isRejected = true;
    this.#refusals.add(reason, session ?? NOBODY, detail);
  }

  /** Counts something the client is denied while its connection stays open. */
  deny(client: Client, reason: BrokerRefusal, detail: string): void {
    this.#refusals.add(reason, this.of(client) ?? NOBODY, detail);
  }

  /** Ends a connection and counts why, unless the reason is counted already. */
  close(client: Client, reason: BrokerRefusal, detail: string): void {
    if (this.of(client)?.isRejected !== true) this.reject(client, reason, detail);
    client.conn.destroy();
  }
}
