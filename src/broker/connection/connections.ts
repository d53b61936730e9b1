import type { BrokerRefusal, Refusals } from '../refusals.js';
import type { Connection } from './connection.js';

/** A client that does not read what it is sent for so long is closed; so is one that has left and still owes the end. */
const DRAIN_TIMEOUT_MS = 10_000;
/** A client is silent for half of its keep alive more before it is closed [MQTT-3.1.2-24]. */
const KEEP_ALIVE_FACTOR = 1.5;
const MAX_SWEEP_MS = 500;

const NOBODY = { remoteAddress: '', clientId: '', user: '' };

export interface ConnectionsDeps {
  readonly refusals: Refusals;
  readonly connectTimeoutMs: number;
  readonly monotonicMs: () => number;
}

/**
 * Connections keeps the open connections, counts why they end, and ends those whose time is over. One timer looks at all
 * of them: a timer for each would cost more memory than the rest of an idle connection.
 */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #deps: ConnectionsDeps;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sweptAtMs = 0;
  /** Two late sweeps in a row do not keep a connection open: between them every socket had its turn. */
  #wasLate = false;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
    this.#everyMs = Math.min(MAX_SWEEP_MS, Math.ceil(deps.connectTimeoutMs / 4));
  }

  get count(): number {
    return this.#open.size;
  }

  /** The open connections; some may be about to end. */
  open(): ReadonlySet<Connection> {
    return this.#open;
  }

  opened(connection: Connection): void {
    this.#open.add(connection);
    if (this.#timer !== undefined) return;
    this.#sweptAtMs = this.#deps.monotonicMs();
    this.#timer = setInterval(() => this.sweep(), this.#everyMs).unref();
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
    if (this.#open.size > 0) return;
    this.close();
  }

  /** Counts why a connection ends. */
  reject(connection: Connection | undefined, reason: BrokerRefusal, detail: string): void {
    if (connection !== undefined) connection.isRejected = true;
    this.#deps.refusals.add(reason, connection ?? NOBODY, detail);
  }

  /** Counts something that a client is denied while its connection stays open. */
  deny(connection: Connection, reason: BrokerRefusal, detail: string): void {
    this.#deps.refusals.add(reason, connection, detail);
  }

  /**
   * Ends the connections whose time is over; the timer calls it. Timers run before sockets are read: after the thread was
   * held up, a CONNECT or PINGREQ that came in time is still unread, so a sweep that is late leaves it to the next one.
   */
  sweep(): void {
    const nowMs = this.#deps.monotonicMs();
    const isLate = nowMs - this.#sweptAtMs > 2 * this.#everyMs;
    this.#sweptAtMs = nowMs;
    if (isLate && !this.#wasLate) {
      this.#wasLate = true;
      return;
    }
    this.#wasLate = false;
    for (const connection of this.#open) this.#look(connection, nowMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(connection: Connection, nowMs: number): void {
    const { state, fullSinceMs } = connection;
    if (fullSinceMs > 0 && nowMs - fullSinceMs > DRAIN_TIMEOUT_MS) {
      const detail = `it has read nothing of what it is sent for ${DRAIN_TIMEOUT_MS / 1000} s`;
      connection.close('reads-too-slowly', detail);
      return;
    }
    if (state === 'leaving') {
      if (nowMs - connection.leavingSinceMs > DRAIN_TIMEOUT_MS) connection.destroy();
      return;
    }
    const silentMs = nowMs - connection.lastReadAtMs;
    if (state === 'new') {
      // Its CONNECT may wait in the socket until the log has room.
      if (connection.isStopped()) return;
      // What is measured is the time since it opened: bytes of a CONNECT do not prolong it.
      if (nowMs - connection.openedAtMs > this.#deps.connectTimeoutMs) {
        connection.close('connect-timeout', `no CONNECT within ${this.#deps.connectTimeoutMs} ms`);
      }
      return;
    }
    if (state !== 'connected' || connection.keepAliveMs === 0) return;
    // What is not read may be a sign of life.
    if (connection.isStopped()) connection.keepAlive();
    else if (silentMs > connection.keepAliveMs * KEEP_ALIVE_FACTOR) {
      const seconds = Math.round(silentMs / 1000);
      connection.close(
        'keep-alive-expired',
        `silent for ${seconds} s, keep alive ${connection.keepAliveMs / 1000} s`,
      );
    }
  }
}
