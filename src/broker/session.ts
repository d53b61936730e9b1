import type { Client } from 'aedes';
import type { Grant } from '../access/grant.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { BrokerRefusal, Refusals } from './refusals.js';
import type { SocketBackpressure } from './socket-backpressure.js';
import type { UnfinishedPacket } from './unfinished-packets.js';

/** What the broker knows of one connection. */
export interface Session {
  readonly backpressure: SocketBackpressure;
  readonly acknowledgements: Acknowledgements;
  readonly unfinished: UnfinishedPacket;
  readonly remoteAddress: string;
  readonly isLocal: boolean;
  /** True once its CONNECT is read, whatever the answer. */
  hasConnect: boolean;
  /** Set by `authenticate` only: what came before it is rejected, whatever aedes does with it. */
  isAuthenticated: boolean;
  /** The client id of the CONNECT; records are stored under it once the client is authenticated. */
  clientId: string;
  /** What the client may do; undefined until it is authenticated. */
  grant: Grant | undefined;
  wantsCleanSession: boolean;
  /** True once the reason why the connection ends is counted: what aedes reports afterwards has the same cause. */
  isRejected: boolean;
}

const NOBODY = { remoteAddress: '', clientId: '' };

/** Sessions keeps the session of each connection, by aedes' client, and counts why packets and clients are rejected. */
export class Sessions {
  readonly #byClient = new WeakMap<Client, Session>();
  readonly #refusals: Refusals;

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  opened(client: Client, session: Session): void {
    this.#byClient.set(client, session);
  }

  of(client: Client | null): Session | undefined {
    return client === null ? undefined : this.#byClient.get(client);
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
}
