import type { Client } from 'aedes';
import { type Access, isGrantRefusal } from '../../access/access.js';
import type { Grant } from '../../access/grant.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { TimeSlice } from '../../lib/time-slice.js';
import type { Session, Sessions } from '../session.js';

/** SessionGrants keeps the grants of the living sessions to the rules in force. */
export class SessionGrants {
  readonly #access: Access;
  readonly #sessions: Sessions;
  readonly #onRenewed: (client: Client, session: Session) => void;
  readonly #runs = new SerialQueue();

  /** `onRenewed` is called for a living session that has got another grant. */
  constructor(
    access: Access,
    sessions: Sessions,
    onRenewed: (client: Client, session: Session) => void = () => undefined,
  ) {
    this.#access = access;
    this.#sessions = sessions;
    this.#onRenewed = onRenewed;
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

  /** Judges all living sessions again after the rules were replaced; resolves when it has judged every one. */
  judgeAgain(): Promise<void> {
    return this.#runs.run(() => this.#judgeAll());
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
      if (this.#sessions.living().has(client)) this.#onRenewed(client, session);
      return renewed;
    }
    this.end(session);
    this.#sessions.close(client, 'access-changed', renewed.detail);
    return undefined;
  }

  async #judgeAll(): Promise<void> {
    const slice = new TimeSlice();
    for (const client of [...this.#sessions.living()]) {
      if (slice.isOver) await slice.yield();
      this.#judge(client);
    }
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
