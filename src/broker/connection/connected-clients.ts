import type { BrokerDeps } from '../broker-options.js';
import type { BrokerLimits } from '../limits/broker-limits.js';
import type { DelayedWills } from '../publish/delayed-wills.js';
import type { OpenHandshakes } from '../publish/open-handshakes.js';
import type { Deliveries } from '../sessions/deliveries.js';
import { grantedConnack } from '../sign-in/granted-connack.js';
import type { SignInGate } from '../sign-in/sign-in-gate.js';
import type { Connection } from './connection.js';

export interface ConnectedClientsDeps {
  readonly deliveries: Deliveries;
  readonly handshakes: OpenHandshakes;
  readonly delayedWills: DelayedWills;
  readonly limits: BrokerLimits;
  readonly signInGate: SignInGate;
  readonly onClient: BrokerDeps['onClient'];
  readonly maxPacketBytes: number;
  /** QoS 1 and 2 packets of a client of MQTT 5 that may be without an answer. */
  readonly receiveMaximum: number;
}

/** ConnectedClients begins what a client has while it is connected, its session and its limits, and ends it. */
export class ConnectedClients {
  readonly #deps: ConnectedClientsDeps;

  constructor(deps: ConnectedClientsDeps) {
    this.#deps = deps;
  }

  /** The client has its grant, its id and its user: it gets its CONNACK, and what waits for it. */
  granted(connection: Connection, assignedClientId: string | undefined): void {
    const { deliveries, handshakes, delayedWills, limits, onClient } = this.#deps;
    const { isCleanStart, sessionExpirySeconds: expirySeconds } = connection;
    delayedWills.connected(connection);
    const session = deliveries.attach(connection, { isCleanStart, expirySeconds });
    connection.sessionExpirySeconds = session.expirySeconds;
    if (isCleanStart) handshakes.sessionEnded(connection);
    const { maxPacketBytes, receiveMaximum } = this.#deps;
    const answer = grantedConnack(connection, {
      isSessionPresent: session.isPresent,
      sessionExpirySeconds: session.expirySeconds,
      maxPacketBytes,
      receiveMaximum,
      assignedClientId,
    });
    if (answer.length > (connection.maximumPacketBytes ?? Number.POSITIVE_INFINITY)) {
      this.#refuseSmall(connection, answer.length);
      return;
    }
    connection.isAttached = true;
    connection.write(answer);
    limits.signedIn(connection);
    connection.granted();
    deliveries.begin(connection);
    onClient?.('connected', connection);
  }

  /** Nothing more is taken from the client. */
  ended(connection: Connection): void {
    const { deliveries, handshakes, delayedWills, limits, signInGate, onClient } = this.#deps;
    const { will, isAttached, sessionExpirySeconds: expirySeconds } = connection;
    connection.will = undefined;
    if (isAttached) deliveries.detach(connection, { expirySeconds });
    if (will !== undefined) delayedWills.add(connection, will);
    limits.ended(connection);
    signInGate.ended(connection);
    if (!isAttached) return;
    connection.isAttached = false;
    if (expirySeconds === 0) handshakes.sessionEnded(connection);
    onClient?.('disconnected', connection);
  }

  /** Not even its CONNACK is as small as the client asks for, and there is nothing else that it could be sent [MQTT-3.1.2-24]. */
  #refuseSmall(connection: Connection, connackBytes: number): void {
    this.#deps.deliveries.detach(connection, { expirySeconds: connection.sessionExpirySeconds });
    // It was never connected.
    connection.will = undefined;
    connection.close('packet-too-large', `its CONNACK has ${connackBytes} bytes, the client takes fewer`);
  }
}
