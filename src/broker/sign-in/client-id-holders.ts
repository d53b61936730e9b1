import type { Client } from 'aedes';

interface Holding {
  readonly user: string;
  /** Connections that hold the id: for a moment two, when a user's new connection takes over from the old one. */
  connections: number;
  latest: Client | undefined;
}

/**
 * ClientIdHolders binds each client id in use to its user. A client of the same user takes it over [MQTT-3.1.4-2]; a
 * client of another user must not, or it could end every connection whose id it knows.
 */
export class ClientIdHolders {
  readonly #byClientId = new Map<string, Holding>();

  /** Reserves the id, until `release` is called once. Call it in the tick of the grant: another sign-in may be under way. */
  take(clientId: string, user: string, client: Client): 'taken' | 'in-use' {
    const holding = this.#byClientId.get(clientId);
    if (holding === undefined) {
      this.#byClientId.set(clientId, { user, connections: 1, latest: client });
      return 'taken';
    }
    if (holding.user !== user) return 'in-use';
    holding.connections += 1;
    holding.latest = client;
    return 'taken';
  }

  /** The connection that took the id last. */
  holderOf(clientId: string): Client | undefined {
    return this.#byClientId.get(clientId)?.latest;
  }

  release(clientId: string, client: Client): void {
    const holding = this.#byClientId.get(clientId);
    if (holding === undefined) return;
    holding.connections -= 1;
    if (holding.latest === client) holding.latest = undefined;
    if (holding.connections === 0) this.#byClientId.delete(clientId);
  }
}
