import { type Access, type Identity, isGrantRefusal, type SignIn } from '../../access/access.js';
import { type Clock, SystemClock } from '../../lib/clock.js';
import { errorText } from '../../lib/errors.js';
import { quoted } from '../../lib/printable.js';
import { type Schedule, scheduleOnTimer } from '../../lib/timers.js';
import type { Connection } from '../connection/connection.js';
import type { LoadShedding } from '../limits/load-shedding.js';
import type { UserConnections } from '../limits/user-connections.js';
import type { BrokerRefusal } from '../refusals.js';
import type { ClientIdHolders } from './client-id-holders.js';
import { atExpiry, isExpired } from './credential-expiry.js';
import type { DenialDelays } from './denial-delays.js';
import { refuseConnect } from './refuse-connect.js';
import type { SessionGrants } from './session-grants.js';

export interface SignInGateDeps {
  readonly access: Access;
  readonly grants: SessionGrants;
  readonly holders: ClientIdHolders;
  readonly denials: DenialDelays;
  readonly users: UserConnections;
  readonly shedding: LoadShedding;
  /** Time from the CONNECT to the CONNACK. */
  readonly timeoutMs: number;
  /** The server reference for clients of MQTT 5, when this broker has too much to do. */
  readonly serverReference: string | undefined;
  /** The client has its grant, its id and its user, and is to get its CONNACK; with the id that the broker has made for it. */
  readonly onGranted: (connection: Connection, assignedClientId: string | undefined) => void;
  readonly clock?: Clock;
  readonly schedule?: Schedule;
}

/** A CONNECT that is not answered. */
interface Pending {
  /** The client id that the connection gets. */
  readonly clientId: string;
  readonly stopTimer: () => void;
}

/**
 * SignInGate decides every CONNECT that is well formed: who the client is, what it may do, and whether it gets the client id
 * that it asks for. An answer may take time; until then nothing more is read of the socket.
 */
export class SignInGate {
  readonly #deps: SignInGateDeps;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  /** The clients that wait for their CONNACK. */
  readonly #pending = new Map<Connection, Pending>();

  constructor(deps: SignInGateDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? new SystemClock();
    this.#schedule = deps.schedule ?? scheduleOnTimer;
  }

  /** Call it once the connection has ended. */
  ended(connection: Connection): void {
    this.#pending.get(connection)?.stopTimer();
    this.#pending.delete(connection);
    connection.stopExpiry?.();
    connection.leaveUser?.();
    this.#deps.holders.release(connection.clientId, connection);
  }

  /** Judges a CONNECT; `clientId` is that of CONNECT, or the one that the broker has made. */
  signIn(
    connection: Connection,
    clientId: string,
    userName: string | undefined,
    password: Buffer | undefined,
  ): void {
    const { remoteAddress, isEncrypted, certificate } = connection;
    const busy = this.#deps.shedding.reason();
    if (busy !== undefined) {
      refuseConnect(connection, 'server-busy', busy, { serverReference: this.#deps.serverReference });
      return;
    }
    const credential = {
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined ? {} : { password }),
      ...(certificate === undefined ? {} : { certificate }),
    };
    const signIn = this.#deps.access.signIn(credential, { remoteAddress, isEncrypted });
    // Without access rules there is nothing to wait for.
    if (!(signIn instanceof Promise)) {
      this.#pending.set(connection, { clientId, stopTimer: () => undefined });
      this.#signedIn(connection, signIn);
      return;
    }
    // A sign-in without an answer would keep the connection for ever.
    const { timeoutMs } = this.#deps;
    const stopTimer = this.#schedule(timeoutMs, () => {
      const detail = `the sign-in was not answered within ${timeoutMs} ms of the CONNECT`;
      this.#refuse(connection, 'sign-in-busy', detail);
    });
    this.#pending.set(connection, { clientId, stopTimer });
    signIn.then(
      (answered) => this.#signedIn(connection, answered),
      // It never rejects; if it does all the same, neither may the process end nor the client stay.
      (thrown) => this.#refuse(connection, 'unexpected', `the sign-in failed: ${errorText(thrown)}`),
    );
  }

  #signedIn(connection: Connection, signIn: SignIn): void {
    if (signIn.kind === 'refused') {
      this.#refuse(connection, signIn.reason, signIn.detail);
      return;
    }
    const { identity } = signIn;
    // Within the time that is left for the CONNACK, unless the sign-in itself took long.
    const delayMs = Math.min(
      this.#deps.denials.delayMs(identity.user, connection.remoteAddress),
      this.#deps.timeoutMs / 2,
    );
    if (delayMs === 0) this.#grant(connection, identity);
    else this.#schedule(delayMs, () => this.#grant(connection, identity));
  }

  /** Grants and reserves in one tick: between the two, another connection could be given the same client id. */
  #grant(connection: Connection, identity: Identity): void {
    const pending = this.#pending.get(connection);
    // Its time is over, or the client is gone.
    if (pending === undefined) return;
    const { access, holders, users } = this.#deps;
    const { remoteAddress, isProxied, will } = connection;
    const { clientId } = pending;
    connection.user = identity.user;
    const { expiresAtMs } = identity;
    if (expiresAtMs !== undefined && isExpired(expiresAtMs, this.#clock)) {
      this.#refuse(connection, 'credential-expired', 'it expired before CONNACK');
      return;
    }
    const grant = access.grantOf(identity, { clientId, remoteAddress, isProxied });
    if (isGrantRefusal(grant)) {
      const made = connection.clientId === '' ? ' (CONNECT had no client id: the broker made this one)' : '';
      this.#refuse(connection, grant.reason, `${grant.detail}${made}`);
      return;
    }
    if (will !== undefined && !grant.mayPublish(will.topic)) {
      this.#deps.denials.denied(identity.user, remoteAddress);
      this.#refuse(connection, 'publish-denied', `will on ${quoted(will.topic)}`);
      return;
    }
    const holder = holders.holderOf(clientId);
    const isReplacing = holder !== undefined && holder.user === identity.user;
    const tooMany = isReplacing ? undefined : users.refusalOf(identity.user, grant.limits?.connections);
    if (tooMany !== undefined) {
      this.#refuse(connection, 'too-many-from-user', tooMany);
      return;
    }
    if (holder !== undefined && !isReplacing) {
      this.#refuse(connection, 'client-id-in-use', 'a client of another user is connected with it');
      return;
    }
    // [MQTT-3.1.4-2]. It gives its id back before the new one takes it.
    holder?.close('taken-over', `by a connection from ${remoteAddress}`);
    holders.take(clientId, connection);
    pending.stopTimer();
    this.#pending.delete(connection);
    connection.leaveUser = users.opened(identity.user);
    const assignedClientId = connection.clientId === '' ? clientId : undefined;
    connection.clientId = clientId;
    connection.identity = identity;
    connection.grant = grant;
    if (expiresAtMs !== undefined) {
      connection.stopExpiry = atExpiry(expiresAtMs, this.#clock, this.#schedule, () =>
        this.#expired(connection),
      );
    }
    this.#deps.onGranted(connection, assignedClientId);
  }

  #expired(connection: Connection): void {
    this.#deps.grants.end(connection);
    connection.close('credential-expired', 'the credential of the connection has expired');
  }

  #refuse(connection: Connection, reason: BrokerRefusal, detail: string): void {
    const pending = this.#pending.get(connection);
    if (pending === undefined) return;
    pending.stopTimer();
    this.#pending.delete(connection);
    refuseConnect(connection, reason, detail);
  }
}
