import type { Connection } from '../connection/connection.js';

/**
 * ClientIdHolders binds each client id in use to its connection. A client of the same user takes it over [MQTT-3.1.4-2]; a
 * client of another user must not, or it could end every connection whose id it knows.
 */
export class ClientIdHolders {
  readonly #byClientId = new Map<string, Connection>();

  holderOf(clientId: string): Connection | undefined {
    return this.#byClientId.get(clientId);
  }

  /** Reserves the id, which nobody holds. Call it in the tick of the grant: another sign-in may be under way. */
  take(clientId: string, connection: Connection): void {
    this.#byClientId.set(clientId, connection);
  }

  release(clientId: string, connection: Connection): void {
    if (this.#byClientId.get(clientId) === connection) this.#byClientId.delete(clientId);
  }
}
