import type { Clock } from '../../lib/clock.js';
import type { Outlet } from './deliveries.js';
import type { DurableWrites } from './durable-writes.js';
import { MqttSession } from './mqtt-session.js';
import { encodeSessionEntry } from './session-entry.js';
import type { SessionOptions } from './session-options.js';

const NS_PER_MS = 1_000_000n;

export interface StoredSessionsDeps {
  readonly clock: Clock;
  readonly writes: DurableWrites;
  /** Forgets what a session that ends has subscribed to and is owed. */
  readonly onEnd: (session: MqttSession) => void;
  /** A session ended because there are too many. */
  readonly onOverLimit: (session: MqttSession) => void;
}

/**
 * StoredSessions keeps the durable sessions, those of clients that connect with clean session 0. A session belongs to a
 * user and a client id: the same client id of another user does not get it.
 */
export class StoredSessions {
  readonly #options: SessionOptions;
  readonly #deps: StoredSessionsDeps;
  readonly #byId = new Map<number, MqttSession>();
  readonly #byName = new Map<string, MqttSession>();
  /** Those of absent clients, the longest absent first. */
  readonly #absent = new Set<MqttSession>();
  #lastId = 0;
  /** No session ends before. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;

  constructor(options: SessionOptions, deps: StoredSessionsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get size(): number {
    return this.#byId.size;
  }

  all(): IterableIterator<MqttSession> {
    return this.#byId.values();
  }

  get(id: number): MqttSession | undefined {
    return this.#byId.get(id);
  }

  /** The session of the client of the connection, if one is kept. */
  find({ user, clientId }: Pick<Outlet, 'user' | 'clientId'>): MqttSession | undefined {
    return this.#byName.get(nameOf(user, clientId));
  }

  /** For how long a session is kept of a client that asks for so many seconds; before MQTT 5 they say only whether at all. */
  granted({ level }: Outlet, askedSeconds: number): number {
    return level === 5 ? Math.min(askedSeconds, Math.ceil(this.#options.expiryMs / 1000)) : askedSeconds;
  }

  /** Makes the session of a client that has none. */
  create(outlet: Outlet, expirySeconds: number): MqttSession {
    if (this.#byId.size >= this.#options.maxSessions) this.expire();
    while (this.#byId.size >= this.#options.maxSessions) {
      const [oldest] = this.#absent;
      // The others are connected, and so many are bounded by the connections.
      if (oldest === undefined) break;
      this.end(oldest);
      this.#deps.onOverLimit(oldest);
    }
    const session = new MqttSession(this.#lastId + 1, outlet);
    session.expirySeconds = expirySeconds;
    this.add(session);
    this.#deps.writes.append(sessionEntry(session));
    return session;
  }

  /** Adds a session that the journal holds. */
  add(session: MqttSession): void {
    this.#lastId = Math.max(this.#lastId, session.id);
    this.#byId.set(session.id, session);
    this.#byName.set(nameOf(session.user, session.clientId), session);
  }

  /** Its client is connected again. */
  present(session: MqttSession, outlet: Outlet, expirySeconds: number): void {
    this.#absent.delete(session);
    session.absentSinceMs = 0;
    session.isBridge = outlet.isBridge;
    session.expirySeconds = expirySeconds;
    const { id: sessionId, isBridge } = session;
    this.#deps.writes.append(encodeSessionEntry({ kind: 'attached', sessionId, isBridge, expirySeconds }));
  }

  /** Its client is gone. */
  absent(session: MqttSession, expirySeconds = session.expirySeconds): void {
    const atMs = this.#nowMs();
    session.absentSinceMs = atMs;
    session.expirySeconds = expirySeconds;
    this.#absent.add(session);
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, this.#expiryOf(session));
    const { id: sessionId } = session;
    this.#deps.writes.append(encodeSessionEntry({ kind: 'detached', sessionId, atMs, expirySeconds }));
  }

  end(session: MqttSession): void {
    this.forget(session);
    this.#deps.writes.append(encodeSessionEntry({ kind: 'ended', sessionId: session.id }));
  }

  /** Like `end`, for an end that the journal holds already. */
  forget(session: MqttSession): void {
    this.#byId.delete(session.id);
    this.#byName.delete(nameOf(session.user, session.clientId));
    this.#absent.delete(session);
    this.#deps.onEnd(session);
  }

  /** Ends the sessions whose clients were absent for too long. */
  expire(): void {
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextExpiryMs) return;
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const session of this.#absent) {
      const expiryMs = this.#expiryOf(session);
      if (expiryMs <= nowMs) this.end(session);
      else this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiryMs);
    }
  }

  /** The journal is read: who was connected when the process ended has been absent since now. */
  restored(): void {
    const absent = [...this.#byId.values()];
    for (const session of absent) {
      if (session.absentSinceMs === 0) this.absent(session);
    }
    this.#absent.clear();
    for (const session of absent.sort((a, b) => a.absentSinceMs - b.absentSinceMs)) this.#absent.add(session);
    this.#nextExpiryMs = 0;
    this.expire();
  }

  #expiryOf({ absentSinceMs, expirySeconds }: MqttSession): number {
    return absentSinceMs + Math.min(expirySeconds * 1000, this.#options.expiryMs);
  }

  #nowMs(): number {
    return Number(this.#deps.clock.nowNs() / NS_PER_MS);
  }
}

export function sessionEntry(session: MqttSession): Buffer {
  const { id: sessionId, user, clientId, isBridge, absentSinceMs, nextPacketId, expirySeconds } = session;
  return encodeSessionEntry({
    kind: 'session',
    sessionId,
    user,
    clientId,
    isBridge,
    absentSinceMs,
    nextPacketId,
    expirySeconds,
  });
}

/** Neither name can hold U+0000. */
function nameOf(user: string, clientId: string): string {
  return `${user}\0${clientId}`;
}
