import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import { senderOf } from '../../lib/remote-address.js';
import { TokenBucket } from '../../lib/token-bucket.js';

export interface NewConnectionsOptions {
  /** From one address. */
  readonly perSecond: number;
  /** A connection that would wait longer is refused: its device has given up by then. */
  readonly maxWaitMs: number;
}

/**
 * A fleet that reconnects at once behind one address: so many connections of this time are not slowed, 5,000 by default. What it
 * costs is bounded by the rate behind it.
 */
const BURST_MS = 5_000;

/** Addresses that are kept. One that is forgotten too early may connect at its full rate again, and no faster. */
const MAX_ADDRESSES = 10_000;

/** NewConnections limits how many connections a second an address may open: first they wait, then they are refused. */
export class NewConnections {
  readonly #options: NewConnectionsOptions;
  readonly #clock: Clock;
  readonly #addresses = new Map<string, TokenBucket>();
  readonly #waiting = new Set<Duplex>();
  #delayed = 0;

  constructor(options: NewConnectionsOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Connections that have had to wait. */
  get delayed(): number {
    return this.#delayed;
  }

  /** Calls `serve` when the address may have one more connection, unless it is closed before; `refused`: never. */
  admit(stream: Duplex, remoteAddress: string, serve: () => void): 'admitted' | 'refused' {
    const waitMs = this.waitMs(remoteAddress);
    if (waitMs === undefined) return 'refused';
    if (waitMs === 0) serve();
    else this.#serveLater(stream, waitMs, serve);
    return 'admitted';
  }

  /** Takes one connection, and says how long it must wait before it is read; `undefined`: it is refused. */
  waitMs(remoteAddress: string): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#bucketOf(senderOf(remoteAddress), nowMs);
    const waitMs = bucket.waitMs(nowMs);
    // It takes no token: those who are refused must not keep the others of their address out.
    if (waitMs > this.#options.maxWaitMs) return undefined;
    bucket.take(1, nowMs);
    if (waitMs > 0) this.#delayed += 1;
    return waitMs;
  }

  /** Closes those that wait. */
  close(): void {
    for (const stream of this.#waiting) stream.destroy();
  }

  #serveLater(stream: Duplex, waitMs: number, serve: () => void): void {
    this.#waiting.add(stream);
    // Without a listener an error of the connection would end the process.
    const ignored = () => undefined;
    stream.on('error', ignored);
    const timer = setTimeout(() => {
      stream.off('close', closed);
      this.#waiting.delete(stream);
      if (stream.destroyed) return;
      serve();
      stream.off('error', ignored);
    }, waitMs);
    const closed = () => {
      clearTimeout(timer);
      this.#waiting.delete(stream);
    };
    stream.once('close', closed);
  }

  #bucketOf(sender: string, nowMs: number): TokenBucket {
    const known = this.#addresses.get(sender);
    if (known !== undefined) return known;
    if (this.#addresses.size >= MAX_ADDRESSES) this.#forgetSome(nowMs);
    const bucket = new TokenBucket(this.#options.perSecond, BURST_MS);
    this.#addresses.set(sender, bucket);
    return bucket;
  }

  /** Those that are full again; if none is, the oldest half, so that the next call is not as expensive. */
  #forgetSome(nowMs: number): void {
    for (const [sender, bucket] of this.#addresses) {
      if (bucket.isFull(nowMs)) this.#addresses.delete(sender);
    }
    for (const sender of this.#addresses.keys()) {
      if (this.#addresses.size <= MAX_ADDRESSES / 2) return;
      this.#addresses.delete(sender);
    }
  }
}
