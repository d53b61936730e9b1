import type { Clock } from '../../lib/clock.js';
import type { AddressShare } from '../transport/connection-limits.js';

export interface UnfinishedPacketsOptions {
  /** Bytes of all clients together. */
  readonly maxBytes: number;
  /** Time in which a packet must be complete; every KiB of it that has arrived adds a second. */
  readonly packetTimeoutMs: number;
}

export type UnfinishedRefusal = 'packet-timeout' | 'unfinished-bytes';

/** What UnfinishedPackets needs of a connection. */
export interface UnfinishedOwner {
  readonly share: AddressShare;
  /** True while the broker does not read the socket: time passes that is not the sender's. */
  isStopped(): boolean;
  close(reason: UnfinishedRefusal, detail: string): void;
}

/** A sender that keeps up 1 KiB/s after the first moments may take as long as its packet needs. */
const MS_PER_BYTE = 1000 / 1024;

/** What a buffer costs beside its bytes: a packet that comes byte by byte is many of them. */
const BUFFER_BYTES = 256;

const MAX_SWEEP_MS = 1000;

/**
 * UnfinishedPackets limits packets that have begun and not ended, in bytes and in time. Only their senders lose: at the
 * limit of bytes the address that holds the most gives up first, and of its connections the one whose bytes have
 * waited longest for the next. A connection that is closed sends its packet again; none of it was acknowledged.
 */
export class UnfinishedPackets {
  readonly #options: UnfinishedPacketsOptions;
  readonly clock: Clock;
  readonly #open = new Set<UnfinishedPacket>();
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #sweptAtMs: number;

  constructor(options: UnfinishedPacketsOptions, clock: Clock) {
    this.#options = options;
    this.clock = clock;
    this.#sweptAtMs = clock.monotonicMs();
    const everyMs = Math.min(MAX_SWEEP_MS, Math.ceil(options.packetTimeoutMs / 4));
    this.#timer = setInterval(() => this.sweep(), everyMs).unref();
  }

  get bytes(): number {
    return this.#bytes;
  }

  of(owner: UnfinishedOwner): UnfinishedPacket {
    return new UnfinishedPacket(owner, this);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Called when the bytes of a packet have changed from `before`. */
  changed(packet: UnfinishedPacket, before: number): void {
    const difference = packet.bytes - before;
    this.#bytes += difference;
    packet.owner.share.unfinishedBytes += difference;
    if (packet.bytes === 0) this.#open.delete(packet);
    else if (before === 0) this.#open.add(packet);
    while (this.#bytes > this.#options.maxBytes) this.#refuse(this.#worst(), 'unfinished-bytes');
  }

  #refuse(packet: UnfinishedPacket, reason: UnfinishedRefusal): void {
    const nowMs = this.clock.monotonicMs();
    const seconds = ((nowMs - packet.beganAtMs) / 1000).toFixed(1);
    const detail = `${packet.receivedBytes} bytes of a packet that began ${seconds} s ago`;
    packet.forget();
    packet.owner.close(reason, detail);
  }

  /** There is one: it is called when there are bytes. */
  #worst(): UnfinishedPacket {
    const nowMs = this.clock.monotonicMs();
    let most = 0;
    for (const { owner } of this.#open) most = Math.max(most, owner.share.unfinishedBytes);
    let worst: UnfinishedPacket | undefined;
    let worstScore = -1;
    for (const packet of this.#open) {
      if (packet.owner.share.unfinishedBytes < most) continue;
      const score = packet.bytes * (1 + nowMs - packet.grewAtMs);
      if (score <= worstScore) continue;
      worst = packet;
      worstScore = score;
    }
    return worst!;
  }

  /** Closes those whose time is over; the timer calls it. */
  sweep(): void {
    const nowMs = this.clock.monotonicMs();
    const sinceMs = nowMs - this.#sweptAtMs;
    this.#sweptAtMs = nowMs;
    for (const packet of [...this.#open]) {
      if (packet.owner.isStopped()) packet.beganAtMs += sinceMs;
      const allowedMs = this.#options.packetTimeoutMs + packet.receivedBytes * MS_PER_BYTE;
      if (nowMs - packet.beganAtMs > allowedMs) this.#refuse(packet, 'packet-timeout');
    }
  }
}

/** The packet of one connection that has begun and not ended; most of the time there is none. */
export class UnfinishedPacket {
  readonly owner: UnfinishedOwner;
  readonly #all: UnfinishedPackets;
  /** What it costs, with its buffers; 0 when there is none. */
  bytes = 0;
  receivedBytes = 0;
  beganAtMs = 0;
  grewAtMs = 0;
  #arrivedBytes = 0;
  #keptBytes = 0;
  #frameBytes = 0;
  #frameBuffers = 0;
  #isAnother = false;
  #isClosed = false;

  constructor(owner: UnfinishedOwner, all: UnfinishedPackets) {
    this.owner = owner;
    this.#all = all;
  }

  /** A packet was complete: what is unfinished now is another one. */
  packetEnded(): void {
    this.#isAnother = true;
  }

  /** What PacketReader has of a packet after every read: what has arrived of it, and the memory that it uses. */
  inReader(arrivedBytes: number, keptBytes: number): void {
    if (keptBytes === 0 && this.#keptBytes === 0) return;
    this.#arrivedBytes = arrivedBytes;
    this.#keptBytes = keptBytes;
    this.#update();
  }

  /** What the WebSocket keeps of a frame, after every read. */
  inFrame(bytes: number, buffers: number): void {
    if (bytes === 0 && this.#frameBytes === 0) return;
    this.#frameBytes = bytes;
    this.#frameBuffers = buffers;
    this.#update();
  }

  /** Forgets it for good: the connection is closed. */
  forget(): void {
    this.#isClosed = true;
    const before = this.bytes;
    this.bytes = 0;
    if (before > 0) this.#all.changed(this, before);
  }

  #update(): void {
    if (this.#isClosed) return;
    const before = this.bytes;
    this.receivedBytes = this.#arrivedBytes + this.#frameBytes;
    const buffers = this.#frameBuffers + (this.#keptBytes === 0 ? 0 : 1);
    this.bytes = this.#keptBytes + this.#frameBytes + BUFFER_BYTES * buffers;
    this.grewAtMs = this.#all.clock.monotonicMs();
    if (before === 0 || this.#isAnother) this.beganAtMs = this.grewAtMs;
    this.#isAnother = false;
    this.#all.changed(this, before);
  }
}
