import type { Client, ConnectPacket } from 'aedes';
import { cappedKeepaliveSeconds, connectFault } from './connect-checks.js';
import type { OpenHandshakes } from './open-handshakes.js';
import type { Sessions } from './session.js';

type Answer = (error: (Error & { returnCode: number }) | null, success: boolean | null) => void;

/** Every CONNECT passes here, before and while aedes answers it. */
export class ConnectGate {
  readonly #maxKeepaliveSeconds: number;
  readonly #sessions: Sessions;
  readonly #handshakes: OpenHandshakes;
  readonly #withoutId = new WeakSet<Client>();

  constructor(maxKeepaliveMs: number, sessions: Sessions, handshakes: OpenHandshakes) {
    this.#maxKeepaliveSeconds = Math.min(65_535, Math.max(1, Math.floor(maxKeepaliveMs / 1000)));
    this.#sessions = sessions;
    this.#handshakes = handshakes;
  }

  preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const session = this.#sessions.of(client)!;
    session.clientId = packet.clientId ?? '';
    const version: number | undefined = packet.protocolVersion;
    if (version !== 3 && version !== 4) {
      this.#sessions.turnAway(client, 'protocol-version', `protocol version ${version} in CONNECT`);
      // Aedes answers it with CONNACK 1 [MQTT-3.1.2-2].
      done(null, true);
      return;
    }
    const fault = connectFault(packet);
    if (fault !== undefined) {
      this.#sessions.turnAway(client, 'connect-malformed', fault);
      done(new Error(fault), false);
      return;
    }
    session.askedForCleanSession = packet.clean === true;
    // [MQTT-3.1.3-8]; answered with CONNACK 2 in `authenticate`.
    if (session.clientId === '' && packet.clean !== true) this.#withoutId.add(client);
    // Stored sessions would keep an unbounded queue in memory; the open QoS 2 handshakes are kept by us.
    packet.clean = true;
    packet.keepalive = cappedKeepaliveSeconds(packet.keepalive ?? 0, this.#maxKeepaliveSeconds);
    done(null, true);
  }

  /** `holder`: the connection that has the client id now, and loses it. */
  authenticate(client: Client, holder: Client | undefined, done: Answer): void {
    if (this.#withoutId.has(client)) {
      const fault = 'client id needed without clean session';
      this.#sessions.turnAway(client, 'connect-malformed', fault);
      done(Object.assign(new Error(fault), { returnCode: 2 }), false);
      return;
    }
    const session = this.#sessions.of(client)!;
    session.isAuthenticated = true;
    session.clientId = client.id;
    if (holder !== undefined) {
      this.#sessions.turnAway(holder, 'taken-over', `by a connection from ${session.remoteAddress}`);
    }
    if (session.askedForCleanSession) this.#handshakes.sessionEnded(client.id);
    done(null, true);
  }
}
