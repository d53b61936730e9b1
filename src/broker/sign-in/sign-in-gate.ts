import type { Client } from 'aedes';
import { type Access, type Identity, isGrantRefusal, type SignIn } from '../../access/access.js';
import { type Clock, SystemClock } from '../../lib/clock.js';
import { errorText } from '../../lib/errors.js';
import { quoted } from '../../lib/printable.js';
import { type Schedule, scheduleOnTimer } from '../../lib/timers.js';
import type { ClientIdHolders } from './client-id-holders.js';
import { connackOf } from './connack-codes.js';
import { atExpiry, isExpired } from './credential-expiry.js';
import type { DenialDelays } from './denial-delays.js';
import type { LoadShedding } from '../limits/load-shedding.js';
import type { UserConnections } from '../limits/user-connections.js';
import type { OpenHandshakes } from '../open-handshakes.js';
import type { BrokerRefusal } from '../refusals.js';
import type { Session, Sessions } from '../session.js';
import type { SessionGrants } from './session-grants.js';

/** The callback of aedes' `authenticate`. */
export type AnswerConnect = (error: (Error & { returnCode: number }) | null, success: boolean | null) => void;

export interface SignInGateDeps {
  readonly access: Access;
  readonly sessions: Sessions;
  readonly grants: SessionGrants;
  readonly handshakes: OpenHandshakes;
  readonly holders: ClientIdHolders;
  readonly denials: DenialDelays;
  readonly users: UserConnections;
  readonly shedding: LoadShedding;
  /** Time from the connection to the CONNACK. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
  readonly schedule?: Schedule;
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
  readonly #pending = new Map<Client, AnswerConnect>();

  constructor(deps: SignInGateDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? new SystemClock();
    this.#schedule = deps.schedule ?? scheduleOnTimer;
  }

  /** Call it once per connection, before anything is read. */
  opened(client: Client, session: Session): void {
    // Aedes stops its own timer when CONNECT arrives; a sign-in without an answer would keep the connection for ever.
    const stop = this.#schedule(this.#deps.timeoutMs, () => {
      const detail = `the sign-in was not answered within ${this.#deps.timeoutMs} ms of the connection`;
      if (this.#pending.has(client)) this.#refuse(client, 'sign-in-busy', detail);
    });
    client.conn.once('close', () => {
      stop();
      this.#pending.delete(client);
      session.stopExpiry();
      session.leaveUser();
      if (session.isAuthenticated) this.#deps.holders.release(session.clientId, client);
    });
  }

  authenticate(
    client: Client,
    userName: string | undefined,
    password: Buffer | undefined,
    answer: AnswerConnect,
  ): void {
    const { remoteAddress, isEncrypted, certificate } = this.#deps.sessions.of(client)!;
    this.#pending.set(client, answer);
    const busy = this.#deps.shedding.reason();
    if (busy !== undefined) {
      this.#refuse(client, 'server-busy', busy);
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
      this.#signedIn(client, signIn);
      return;
    }
    signIn.then(
      (answered) => this.#signedIn(client, answered),
      // It never rejects; if it does all the same, neither may the process end nor the client stay.
      (thrown) => this.#refuse(client, 'unexpected', `the sign-in failed: ${errorText(thrown)}`),
    );
  }

  #signedIn(client: Client, signIn: SignIn): void {
    if (signIn.kind === 'refused') {
      this.#refuse(client, signIn.reason, signIn.detail);
      return;
    }
    const { identity } = signIn;
    const { remoteAddress } = this.#deps.sessions.of(client)!;
    // Within the time that is left for the CONNACK, unless the sign-in itself took long.
    const delayMs = Math.min(
      this.#deps.denials.delayMs(identity.user, remoteAddress),
      this.#deps.timeoutMs / 2,
    );
    if (delayMs === 0) this.#grant(client, identity);
    else this.#schedule(delayMs, () => this.#grant(client, identity));
  }

  /** Grants and reserves in one tick: between the two, another connection could be given the same client id. */
  #grant(client: Client, identity: Identity): void {
    const answer = this.#pending.get(client);
    // Its time is over, or the client is gone.
    if (answer === undefined) return;
    const { access, sessions, holders, handshakes, users } = this.#deps;
    const session = sessions.of(client)!;
    const { remoteAddress, isProxied, willTopic } = session;
    const clientId = client.id;
    session.user = identity.user;
    const { expiresAtMs } = identity;
    if (expiresAtMs !== undefined && isExpired(expiresAtMs, this.#clock)) {
      this.#refuse(client, 'credential-expired', 'it expired before CONNACK');
      return;
    }
    const grant = access.grantOf(identity, { clientId, remoteAddress, isProxied });
    if (isGrantRefusal(grant)) {
      const made = session.clientId === '' ? ' (CONNECT had no client id: the broker made this one)' : '';
      this.#refuse(client, grant.reason, `${grant.detail}${made}`);
      return;
    }
    if (willTopic !== undefined && !grant.mayPublish(willTopic)) {
      this.#deps.denials.denied(identity.user, remoteAddress);
      this.#refuse(client, 'publish-denied', `will on ${quoted(willTopic)}`);
      return;
    }
    const holder = holders.holderOf(clientId);
    const isReplacing = holder !== undefined && sessions.of(holder)?.user === identity.user;
    const tooMany = isReplacing ? undefined : users.refusalOf(identity.user, grant.limits?.connections);
    if (tooMany !== undefined) {
      this.#refuse(client, 'too-many-from-user', tooMany);
      return;
    }
    if (holders.take(clientId, identity.user, client) === 'in-use') {
      this.#refuse(client, 'client-id-in-use', 'a client of another user is connected with it');
      return;
    }
    this.#pending.delete(client);
    session.leaveUser = users.opened(identity.user);
    session.clientId = clientId;
    session.identity = identity;
    session.grant = grant;
    session.isAuthenticated = true;
    if (holder !== undefined) sessions.reject(holder, 'taken-over', `by a connection from ${remoteAddress}`);
    if (session.wantsCleanSession) handshakes.sessionEnded(session);
    if (expiresAtMs !== undefined) {
      session.stopExpiry = atExpiry(expiresAtMs, this.#clock, this.#schedule, () =>
        this.#expired(client, session),
      );
    }
    answer(null, true);
  }

  #expired(client: Client, session: Session): void {
    this.#deps.grants.end(session);
    this.#deps.sessions.close(client, 'credential-expired', 'the credential of the connection has expired');
  }

  #refuse(client: Client, reason: BrokerRefusal, detail: string): void {
    const answer = this.#pending.get(client);
    if (answer === undefined) return;
    this.#pending.delete(client);
    this.#deps.sessions.reject(client, reason, detail);
    answer(Object.assign(new Error(detail), { returnCode: connackOf(reason) }), false);
  }
}
