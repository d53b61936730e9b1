import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectPacket, type LoadCredential, lengthBytes, pubrel, receiveMaximumOf } from './load-packets.js';

/**
 * A lean publisher of MQTT 3.1.1 and 5 for tests and benches: packets are built by hand and acknowledgements counted
 * off the wire, so that the client is not what is measured. It follows the protocol: bounded in flight,
 * and after a reconnect everything unacknowledged is sent again with the DUP flag, in order.
 */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Per connection. */
  readonly messages: number;
  readonly qos: 0 | 1 | 2;
  /** 5: MQTT 5, with a topic alias instead of the topic and no other property. Absent: MQTT 3.1.1. */
  readonly version?: 4 | 5;
  /** Unacknowledged messages a connection may have; with version 5 at most the broker's receive maximum. */
  readonly window: number;
  readonly topic: (connection: number) => string;
  readonly payload: (connection: number, message: number) => Buffer;
  readonly clientId?: (connection: number) => string;
  /** Absent: anonymous. */
  readonly signIn?: (connection: number) => LoadCredential;
  /** Publish only once every connection is made; `durationMs` then counts from there. */
  readonly connectFirst?: boolean;
  /** Of all connections together, with `connectFirst`; absent: as fast as the window allows. */
  readonly messagesPerSecond?: number;
  /** Reconnect and resend when a connection is lost; otherwise it is an error. */
  readonly reconnect?: boolean;
  /** Called once per message, when its handshake is complete. */
  readonly onAcknowledged?: (connection: number, message: number, latencyMs: number) => void;
  readonly signal?: AbortSignal;
  /** Opens a connection of another kind, such as TLS; writes must wait in it until it is made. Absent: TCP. */
  readonly open?: () => Duplex;
}

export interface LoadResult {
  readonly acknowledged: number;
  readonly durationMs: number;
  readonly reconnects: number;
  readonly resent: number;
  /** Sampled publish → acknowledge times, ms, ascending. */
  readonly latenciesMs: readonly number[];
}

/** Resolves when every message is acknowledged (QoS 0: when a QoS 1 fence behind the last one is). */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  if (options.signal !== undefined) setMaxListeners(0, options.signal);
  let startedMs = performance.now();
  const publishers = Array.from({ length: options.connections }, (_, i) => new Publisher(options, i));
  const running = Promise.all(publishers.map((publisher) => publisher.run()));
  let pacing: NodeJS.Timeout | undefined;
  if (options.connectFirst) {
    await Promise.race([running, Promise.all(publishers.map((publisher) => publisher.connected))]);
    startedMs = performance.now();
    const release = () => {
      for (const publisher of publishers) publisher.release(performance.now() - startedMs);
    };
    release();
    if (options.messagesPerSecond !== undefined) pacing = setInterval(release, PACE_MS);
  }
  try {
    await running;
  } finally {
    clearInterval(pacing);
  }
  return {
    acknowledged: publishers.reduce((sum, p) => sum + p.acknowledged, 0),
    durationMs: performance.now() - startedMs,
    reconnects: publishers.reduce((sum, p) => sum + p.reconnects, 0),
    resent: publishers.reduce((sum, p) => sum + p.resent, 0),
    latenciesMs: publishers.flatMap((p) => p.latenciesMs).sort((a, b) => a - b),
  };
}

const CONNACK = 2;
const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;
/** From here on a reason code of MQTT 5 is a failure. */
const FAILURE = 0x80;
const NONE = Buffer.alloc(0);
/** The length of the properties, and topic alias 1. */
const ALIAS = Buffer.from([3, 0x23, 0, 1]);
const WRITE_BYTES = 64 * 1024;
/** One in so many messages has its latency taken. */
const SAMPLE_EVERY = 16;
const RETRY_MS = 50;
/** Between two looks at which messages are due, where they have a pace. */
const PACE_MS = 5;

interface Unacknowledged {
  readonly message: number;
  readonly sentMs: number;
  /** QoS 2: PUBREC has come, PUBREL is due. */
  released: boolean;
}

class Publisher {
  acknowledged = 0;
  reconnects = 0;
  resent = 0;
  readonly latenciesMs: number[] = [];
  readonly #options: LoadOptions;
  readonly #connection: number;
  readonly #topic: Buffer;
  /** Packet id → message, in sending order. */
  readonly #open = new Map<number, Unacknowledged>();
  #socket!: Duplex;
  #next = 0;
  #packetId = 0;
  #isConnected = false;
  /** The broker has the topic of alias 1. */
  #isAliasKnown = false;
  #window: number;
  #rest: Buffer = Buffer.alloc(0);
  #finish!: () => void;
  #fail!: (error: Error) => void;
  #done = false;
  /** Messages that may have been sent by now. */
  #due: number;
  /** Resolves with the first CONNACK. */
  readonly connected: Promise<void>;
  #firstConnack!: () => void;

  constructor(options: LoadOptions, connection: number) {
    this.#options = options;
    this.#connection = connection;
    this.#window = options.window;
    this.#due = options.connectFirst === true ? 0 : Number.POSITIVE_INFINITY;
    this.connected = new Promise((resolve) => {
      this.#firstConnack = resolve;
    });
    this.#topic = Buffer.from(options.topic(connection));
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.#options.signal?.addEventListener('abort', () => this.#end(), { once: true });
      this.#connect();
    });
  }

  /** Ends the wait of `connectFirst`, for the messages that are due after this time. */
  release(elapsedMs: number): void {
    const { messagesPerSecond, connections } = this.#options;
    if (messagesPerSecond === undefined) {
      this.#due = Number.POSITIVE_INFINITY;
    } else {
      const due = (elapsedMs / 1_000) * (messagesPerSecond / connections);
      // The connections send one after the other, not all at once.
      this.#due = Math.floor(due + (this.#connection + 1) / connections);
    }
    this.#fill();
  }

  /** QoS 0 ends with one QoS 1 message, the fence. */
  get #total(): number {
    return this.#options.messages + (this.#options.qos === 0 ? 1 : 0);
  }

  #connect(): void {
    const { host, port, open } = this.#options;
    const socket = open?.() ?? connect({ host, port, noDelay: true });
    this.#socket = socket;
    this.#rest = Buffer.alloc(0);
    this.#isAliasKnown = false;
    socket.write(this.#connectPacket());
    socket.on('data', (bytes) => this.#received(bytes));
    socket.on('drain', () => this.#fill());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lost());
  }

  #connectPacket(): Buffer {
    const { clientId, signIn, version = 4 } = this.#options;
    return connectPacket(
      version,
      clientId?.(this.#connection) ?? `load-${this.#connection}`,
      signIn?.(this.#connection),
    );
  }

  #lost(): void {
    this.#isConnected = false;
    if (this.#done) return;
    if (!this.#options.reconnect) {
      this.#done = true;
      this.#fail(
        new Error(`connection ${this.#connection} lost after ${this.acknowledged} acknowledgements`),
      );
      return;
    }
    this.reconnects += 1;
    setTimeout(() => {
      if (!this.#done) this.#connect();
    }, RETRY_MS);
  }

  #received(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    const answers: Buffer[] = [];
    while (at + 4 <= all.length) {
      // With MQTT 5 a reason code and properties may follow the packet id; nothing a broker sends here has 128 bytes.
      const end = at + 2 + all[at + 1]!;
      if (end > all.length) break;
      const kind = all[at]! >> 4;
      const packetId = all.readUInt16BE(at + 2);
      const reason = end > at + 4 ? all[at + 4]! : 0;
      if (kind === CONNACK) this.#connected(all.subarray(at + 2, end));
      else if (reason >= FAILURE) this.#fail(new Error(`message ${packetId}: reason ${reason}`));
      else if (kind === PUBACK || kind === PUBCOMP) this.#completed(packetId);
      else if (kind === PUBREC) answers.push(this.#releasedPacket(packetId));
      at = end;
    }
    this.#rest = all.subarray(at);
    if (answers.length > 0) this.#socket.write(Buffer.concat(answers));
    if (this.#open.size <= this.#window / 2) this.#fill();
  }

  #connected(connack: Buffer): void {
    if (connack[1] !== 0) {
      this.#fail(new Error(`CONNACK ${connack[1]}`));
      return;
    }
    this.#window = Math.min(this.#options.window, receiveMaximumOf(connack));
    this.#isConnected = true;
    this.#firstConnack();
    const again: Buffer[] = [];
    for (const [packetId, open] of this.#open) {
      again.push(open.released ? pubrel(packetId) : this.#packet(packetId, open.message, true));
    }
    this.resent += again.length;
    if (again.length > 0) this.#socket.write(Buffer.concat(again));
    this.#fill();
  }

  #releasedPacket(packetId: number): Buffer {
    const open = this.#open.get(packetId);
    if (open !== undefined) open.released = true;
    return pubrel(packetId);
  }

  #completed(packetId: number): void {
    const open = this.#open.get(packetId);
    if (open === undefined) return;
    this.#open.delete(packetId);
    if (open.message < this.#options.messages) {
      this.acknowledged += 1;
      const latencyMs = performance.now() - open.sentMs;
      this.#options.onAcknowledged?.(this.#connection, open.message, latencyMs);
      if (open.message % SAMPLE_EVERY === 0) this.latenciesMs.push(latencyMs);
    }
    if (this.#next >= this.#total && this.#open.size === 0) this.#end();
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#options.qos === 0) this.acknowledged = this.#options.messages;
    this.#socket.end(Buffer.from([0xe0, 0]));
    this.#finish();
  }

  #fill(): void {
    if (!this.#isConnected || this.#done) return;
    const end = Math.min(this.#due, this.#total);
    while (this.#next < end && this.#open.size < this.#window) {
      const packets: Buffer[] = [];
      let bytes = 0;
      const sentMs = performance.now();
      while (this.#next < end && this.#open.size < this.#window && bytes < WRITE_BYTES) {
        const message = this.#next++;
        const packet = this.#packet(this.#take(message, sentMs), message, false);
        packets.push(packet);
        bytes += packet.length;
      }
      if (!this.#socket.write(Buffer.concat(packets, bytes))) return;
    }
  }

  #isQos0(message: number): boolean {
    return this.#options.qos === 0 && message < this.#options.messages;
  }

  #take(message: number, sentMs: number): number {
    if (this.#isQos0(message)) return 0;
    this.#packetId = (this.#packetId % 0xffff) + 1;
    this.#open.set(this.#packetId, { message, sentMs, released: false });
    return this.#packetId;
  }

  #packet(packetId: number, message: number, dup: boolean): Buffer {
    const qos = this.#isQos0(message) ? 0 : Math.max(1, this.#options.qos);
    const payload = this.#options.payload(this.#connection, message);
    const properties = this.#options.version === 5 ? ALIAS : NONE;
    const topic = this.#isAliasKnown ? NONE : this.#topic;
    this.#isAliasKnown = properties === ALIAS;
    const length = 2 + topic.length + (qos > 0 ? 2 : 0) + properties.length + payload.length;
    const header = lengthBytes(length);
    const packet = Buffer.allocUnsafe(1 + header.length + length);
    packet[0] = 0x30 | (dup ? 8 : 0) | (qos << 1);
    packet.set(header, 1);
    let at = 1 + header.length;
    packet.writeUInt16BE(topic.length, at);
    packet.set(topic, at + 2);
    at += 2 + topic.length;
    if (qos > 0) {
      packet.writeUInt16BE(packetId, at);
      at += 2;
    }
    packet.set(properties, at);
    packet.set(payload, at + properties.length);
    return packet;
  }
}
