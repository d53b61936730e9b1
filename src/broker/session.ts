import type { Client } from 'aedes';
import type { Acknowledgements } from './acknowledgements.js';
import type { BrokerRefusal, Refusals } from './refusals.js';
import type { SocketBrake } from './socket-brake.js';

/** What the broker keeps of one connection. */
export interface Session {
  readonly brake: SocketBrake;
  readonly acknowledgements: Acknowledgements;
  readonly remoteAddress: string;
  readonly isLocal: boolean;
  /** Only set by `authenticate`: what came before it is refused, whatever aedes makes of it. */
  isAuthenticated: boolean;
  /** As the CONNECT says it; what is published goes under it once authenticated. */
  clientId: string;
  askedForCleanSession: boolean;
  /** The reason why it ends is counted; what aedes reports of it afterwards is the same thing again. */
  isTurnedAway: boolean;
}

const NOBODY = { remoteAddress: '', clientId: '' };

/** The sessions of all connections, by aedes' clients, and what they are turned away for. */
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

  /** Counts a packet for which the connection ends. */
  turnAway(client: Client | null, reason: BrokerRefusal, detail: string): void {
    const session = this.of(client);
    if (session !== undefined) session.isTurnedAway = true;
    this.#refusals.add(reason, session ?? NOBODY, detail);
  }

  /** Counts what the client does not get, while its connection stays. */
  deny(client: Client, reason: BrokerRefusal, detail: string): void {
    this.#refusals.add(reason, this.of(client) ?? NOBODY, detail);
  }
}
