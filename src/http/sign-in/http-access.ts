import type { FastifyRequest } from 'fastify';
import type { Access, Credential, SignIn } from '../../access/access.js';
import type { Clock } from '../../lib/clock.js';
import { ANONYMOUS, type Caller } from './caller.js';
import { credentialOf, sessionTokenOf } from './request-credential.js';
import { SignInSessions } from './sign-in-sessions.js';

export interface HttpAccessOptions {
  readonly access: Access;
  /** Whether reading needs a sign-in. */
  readonly read: 'open' | 'token';
  readonly clock: Clock;
}

const NS_PER_MS = 1_000_000n;

/**
 * HttpAccess finds out who a request comes from, and what the rules in force allow him. The rules are asked at each
 * request, so that a reload takes effect at once.
 */
export class HttpAccess {
  readonly sessions: SignInSessions;
  readonly read: 'open' | 'token';
  readonly #access: Access;
  readonly #clock: Clock;

  constructor({ access, read, clock }: HttpAccessOptions) {
    this.#access = access;
    this.read = read;
    this.#clock = clock;
    this.sessions = new SignInSessions(clock);
  }

  /** A credential in the header goes before the cookie: one that is not accepted is not helped by the other. */
  async callerOf(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers;
    if (authorization === undefined) return this.#callerOfCookie(request);
    const credential = credentialOf(authorization);
    if (credential === undefined) return { kind: 'refused', reason: 'credential-missing' };
    const signIn = await this.signIn(credential, request);
    if (signIn.kind === 'refused') return { ...signIn, user: credential.userName };
    const { identity } = signIn;
    return { kind: 'known', identity, role: this.#access.httpRoleOf(identity) };
  }

  /** Never rejects. */
  async signIn(credential: Credential, { raw }: FastifyRequest): Promise<SignIn> {
    const { remoteAddress = '' } = raw.socket;
    return this.#access.signIn(credential, { remoteAddress, isEncrypted: 'encrypted' in raw.socket });
  }

  /** Whether the caller may read, by the rules and at the time of the call: event streams ask as long as they are open. */
  mayRead(caller: Caller): boolean {
    if (this.read === 'open') return true;
    if (caller.kind !== 'known') return false;
    const { identity, session } = caller;
    const { expiresAtMs } = identity;
    if (expiresAtMs !== undefined && this.#clock.nowNs() / NS_PER_MS >= expiresAtMs) return false;
    if (session !== undefined && !this.sessions.isLiving(session.token)) return false;
    return this.#access.httpRoleOf(identity) !== 'none';
  }

  /** The role of an identity by the rules in force. */
  roleOf(identity: Extract<Caller, { kind: 'known' }>['identity']) {
    return this.#access.httpRoleOf(identity);
  }

  #callerOfCookie(request: FastifyRequest): Caller {
    const token = sessionTokenOf(request.headers);
    const session = token === undefined ? undefined : this.sessions.use(token);
    if (token === undefined || session === undefined) return ANONYMOUS;
    const { identity, expiresAtMs } = session;
    const role = this.#access.httpRoleOf(identity);
    if (role !== 'none') return { kind: 'known', identity, role, session: { token, expiresAtMs } };
    // The user was disabled, has lost his role or has another secret: the cookie is worth nothing from now on.
    this.sessions.end(token);
    return ANONYMOUS;
  }
}
