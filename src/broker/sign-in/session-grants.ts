import { type Access, isGrantRefusal } from '../../access/access.js';
import type { Grant } from '../../access/grant.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { TimeSlice } from '../../lib/time-slice.js';
import type { Connection } from '../connection/connection.js';
import type { Connections } from '../connection/connections.js';
import type { Deliveries } from '../sessions/deliveries.js';

/** SessionGrants keeps the grants of the living connections to the rules in force. */
export class SessionGrants {
  readonly #access: Access;
  readonly #connections: Connections;
  readonly #onRenewed: (connection: Connection) => void;
  readonly #runs = new SerialQueue();

  /** `onRenewed` is called for a living connection that has got another grant. */
  constructor(
    access: Access,
    connections: Connections,
    onRenewed: (connection: Connection) => void = () => undefined,
  ) {
    this.#access = access;
    this.#connections = connections;
    this.#onRenewed = onRenewed;
  }

  /**
   * What the client may do by the rules in force, whatever they were when it connected. `undefined`: it may no longer be
   * connected, and its connection is closed. Ask it for every packet: unless the rules have changed, it compares two numbers.
   */
  of(connection: Connection): Grant | undefined {
    const { grant } = connection;
    if (grant !== undefined && grant.generation === this.#access.generation) return grant;
    return this.#renew(connection);
  }

  /** Judges all living connections again after the rules were replaced; resolves when it has judged every one. */
  judgeAgain(deliveries: Pick<Deliveries, 'judgeAgain'>): Promise<void> {
    return this.#runs.run(() => this.#judgeAll(deliveries));
  }

  /** Nothing more is permitted to the client, its will included. */
  end(connection: Connection): void {
    connection.identity = undefined;
    connection.grant = undefined;
  }

  #renew(connection: Connection): Grant | undefined {
    const { identity, clientId, remoteAddress, isProxied } = connection;
    if (identity === undefined) return undefined;
    const renewed = this.#access.grantOf(identity, { clientId, remoteAddress, isProxied });
    if (!isGrantRefusal(renewed)) {
      connection.grant = renewed;
      if (connection.isConnected) this.#onRenewed(connection);
      return renewed;
    }
    this.end(connection);
    connection.close('access-changed', renewed.detail);
    return undefined;
  }

  async #judgeAll(deliveries: Pick<Deliveries, 'judgeAgain'>): Promise<void> {
    const slice = new TimeSlice();
    for (const connection of [...this.#connections.open()]) {
      if (slice.isOver) await slice.yield();
      this.#judge(connection, deliveries);
    }
  }

  #judge(connection: Connection, deliveries: Pick<Deliveries, 'judgeAgain'>): void {
    if (!connection.isConnected || this.of(connection) === undefined) return;
    deliveries.judgeAgain(connection);
  }
}
