import type { Client } from 'aedes';
import { type Access, isGrantRefusal } from '../access/access.js';
import type { Grant } from '../access/grant.js';
import { TimeSlice } from '../lib/time-slice.js';
import type { Session, Sessions } from './session.js';

/** SessionGrants keeps the grants of the living sessions to the rules in force. */
export class SessionGrants {
  readonly #access: Access;
  readonly #sessions: Sessions;
  #judging: Promise<void> | undefined;

  constructor(access: Access, sessions: Sessions) {
    this.#access = access;
    this.#sessions = sessions;
  }

  /**
   * What the client may do by the rules in force, whatever they were when it connected. `undefined`: it may no longer be
   * connected, and its connection is closed. Ask it for every packet: unless the rules have changed, it compares two numbers.
   */
  of(client: Client, session: Session): Grant | undefined {
    const { grant } = session;
    if (grant !== undefined && grant.generation === this.#access.generation) return grant;
    return this.#renew(client, session);
  }

  /** Judges all living sessions again after the rules were replaced; resolves when every one has been judged by the last rules. */
  judgeAgain(): Promise<void> {
    // A run that has begun goes on until it has seen the last rules.
    this.#judging ??= this.#judgeAll().finally(() => {
      this.#judging = undefined;
    });
    return this.#judging;
  }

  /** Nothing more is permitted to the client, its will included. */
  end(session: Session): void {
    session.identity = undefined;
    session.grant = undefined;
  }

  #renew(client: Client, session: Session): Grant | undefined {
    const { identity, clientId, remoteAddress, isProxied } = session;
    if (identity === undefined) return undefined;
    const renewed = this.#access.grantOf(identity, { clientId, remoteAddress, isProxied });
    if (!isGrantRefusal(renewed)) {
      session.grant = renewed;
      return renewed;
    }
    this.end(session);
    // The will of a connection that is closed is judged too: it has nothing left to close.
    if (this.#sessions.living().has(client)) this.#sessions.close(client, 'access-changed', renewed.detail);
    return undefined;
  }

  async #judgeAll(): Promise<void> {
    let generation: number;
    do {
      generation = this.#access.generation;
      const slice = new TimeSlice();
      for (const client of [...this.#sessions.living()]) {
        if (slice.isOver) await slice.yield();
        this.#judge(client);
      }
    } while (generation !== this.#access.generation);
  }

  #judge(client: Client): void {
    const session = this.#sessions.of(client);
    if (session?.isAuthenticated !== true || !this.#sessions.living().has(client)) return;
    const grant = this.of(client, session);
    if (grant === undefined) return;
    const lost = [...session.subscriptions].filter((filter) => !grant.maySubscribe(filter));
    if (lost.length === 0) return;
    const detail = `the rules have changed: ${lost.length} subscriptions removed, the first one ${lost[0]}`;
    this.#sessions.deny(client, 'subscribe-denied', detail);
    unsubscribe(client, lost);
  }
}

/** Without a packet id aedes sends no UNSUBACK, which the client has not asked for. */
function unsubscribe(client: Client, unsubscriptions: string[]): void {
  const removing = client as unknown as {
    unsubscribe(packet: { unsubscriptions: string[] }, done: () => void): void;
  };
  removing.unsubscribe({ unsubscriptions }, () => undefined);
}
