import { createHash, randomBytes } from 'node:crypto';
import type { Identity } from '../../access/access.js';
import type { Clock } from '../../lib/clock.js';

/** Sessions of all users together. Beyond it the one ends that was used least recently. */
export const MAX_SESSIONS = 1_000;
/** Sessions of one user: browsers that are forgotten must not keep the others out. */
export const MAX_SESSIONS_OF_USER = 16;
/** Without a request for this long a session ends. An open page asks all the time. */
export const SESSION_IDLE_MS = 8 * 3_600_000;
/** A session ends then, however much it is used. */
export const SESSION_LIFETIME_MS = 7 * 86_400_000;
const TOKEN_BYTES = 32;
const NS_PER_MS = 1_000_000n;

export interface Session {
  readonly identity: Identity;
  /** ms since 1970. */
  readonly expiresAtMs: number;
  readonly endsAtMonotonicMs: number;
  lastUsedMs: number;
}

interface BegunSession {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly lifetimeMs: number;
}

/**
 * SignInSessions remembers who has signed in on the page. They are kept in memory only, by a hash: what reads the memory
 * of the process, or a core dump, finds no cookie that can be used.
 */
export class SignInSessions {
  readonly #clock: Clock;
  /** By the hash of the token; the one that was used least recently comes first. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Begins a session. The token is for the cookie and is kept nowhere else. */
  begin(identity: Identity): BegunSession {
    this.#makeRoom(identity.user);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const nowMs = Number(this.#clock.nowNs() / NS_PER_MS);
    const lifetimeMs = Math.min(SESSION_LIFETIME_MS, (identity.expiresAtMs ?? Infinity) - nowMs);
    const lastUsedMs = this.#clock.monotonicMs();
    const expiresAtMs = nowMs + lifetimeMs;
    const endsAtMonotonicMs = lastUsedMs + lifetimeMs;
    this.#sessions.set(hashOf(token), { identity, expiresAtMs, endsAtMonotonicMs, lastUsedMs });
    return { token, expiresAtMs, lifetimeMs };
  }

  /** Returns the session of a token unless it has ended, and keeps it from becoming idle. */
  use(token: string): Session | undefined {
    const hash = hashOf(token);
    const session = this.#living(hash);
    if (session === undefined) return undefined;
    session.lastUsedMs = this.#clock.monotonicMs();
    this.#sessions.delete(hash);
    this.#sessions.set(hash, session);
    return session;
  }

  /** Whether the session of the token goes on, which is not a use of it. */
  isLiving(token: string): boolean {
    return this.#living(hashOf(token)) !== undefined;
  }

  end(token: string): void {
    this.#sessions.delete(hashOf(token));
  }

  #living(hash: string): Session | undefined {
    const session = this.#sessions.get(hash);
    if (session === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < session.endsAtMonotonicMs && nowMs - session.lastUsedMs < SESSION_IDLE_MS) return session;
    this.#sessions.delete(hash);
    return undefined;
  }

  #makeRoom(user: string): void {
    const ofUser = [...this.#sessions].filter(([, { identity }]) => identity.user === user);
    if (ofUser.length < MAX_SESSIONS_OF_USER && this.#sessions.size < MAX_SESSIONS) return;
    const [oldest] =
      ofUser.length < MAX_SESSIONS_OF_USER ? this.#sessions.keys() : ofUser.map(([hash]) => hash);
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
