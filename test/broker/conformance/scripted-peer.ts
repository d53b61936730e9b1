import { connect as connectTcp } from 'node:net';
import { type Packet, PINGREQ } from './bytes-of-packets.js';
import type { Level } from './level.js';
import { type ReceivedPacket, ReceivedPackets } from './received-packets.js';

/** Thrown when a broker does something else than a case expects. */
export class Deviation extends Error {}

/** The bytes below MQTT: a TCP connection, or a WebSocket. */
export interface Wire {
  write(bytes: Buffer): void;
  /** Ends the connection without a DISCONNECT. */
  cut(): void;
  /** Set by the peer. */
  onBytes: (bytes: Buffer) => void;
  onClosed: () => void;
}

/** How long a broker may take for one packet; only a broker that is wrong needs it. */
const PATIENCE_MS = 8_000;
const CLOSED = 'CLOSED';
const MALFORMED_PACKET = 0x81;
const PROTOCOL_ERROR = 0x82;

/** One client: sends bytes, and expects packets one by one, or the end of its connection. */
export class ScriptedPeer {
  readonly #wire: Wire;
  readonly #level: Level;
  readonly #packets: ReceivedPackets;
  readonly #received: ReceivedPacket[] = [];
  #isClosed = false;
  #changed: () => void = () => undefined;

  constructor(wire: Wire, level: Level) {
    this.#wire = wire;
    this.#level = level;
    this.#packets = new ReceivedPackets(level);
    wire.onBytes = (bytes) => {
      this.#received.push(...this.#packets.add(bytes));
      this.#changed();
    };
    wire.onClosed = () => {
      this.#isClosed = true;
      this.#changed();
    };
  }

  static overTcp(port: number, level: Level): ScriptedPeer {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    const wire: Wire = {
      write: (bytes) => void socket.write(bytes),
      cut: () => void socket.destroy(),
      onBytes: () => undefined,
      onClosed: () => undefined,
    };
    socket.on('data', (bytes) => wire.onBytes(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => wire.onClosed());
    return new ScriptedPeer(wire, level);
  }

  /** In one write. */
  send(...packets: readonly Packet[]): void {
    this.#wire.write(Buffer.concat(packets.map((packet) => packet(this.#level))));
  }

  /** The bytes of packets in parts, each in a write of its own; `cuts` are where a part ends. */
  sendInParts(cuts: readonly number[], ...packets: readonly Packet[]): void {
    const bytes = Buffer.concat(packets.map((packet) => packet(this.#level)));
    for (const [n, cut] of cuts.entries()) this.#wire.write(bytes.subarray(cuts[n - 1] ?? 0, cut));
    this.#wire.write(bytes.subarray(cuts.at(-1)));
  }

  cut(): void {
    this.#wire.cut();
  }

  /** The next packet must be this one; returns it, for its packet id. */
  async expect(line: string): Promise<ReceivedPacket> {
    const [packet] = await this.expectInAnyOrder(line);
    if (packet === undefined) throw new Deviation('nothing was expected');
    return packet;
  }

  async expectOneOf(...lines: readonly string[]): Promise<ReceivedPacket> {
    const expected = lines.join(' or ');
    const packet = await this.#next(expected);
    if (!lines.includes(packet.line)) throw new Deviation(`expected ${expected}, but got ${packet.line}`);
    return packet;
  }

  /** The next packet must be this one, and have these properties of MQTT 5, sorted by name, and no others. */
  async expectWith(line: string, ...properties: readonly string[]): Promise<ReceivedPacket> {
    const packet = await this.expect(line);
    const [expected, received] = [properties.join(', '), packet.properties.join(', ')];
    if (received !== expected) throw new Deviation(`${line}: expected [${expected}], but got [${received}]`);
    return packet;
  }

  async expectEach(...lines: readonly string[]): Promise<ReceivedPacket[]> {
    const packets: ReceivedPacket[] = [];
    for (const line of lines) packets.push(await this.expect(line));
    return packets;
  }

  /** The next packets must be these; the order is left to the broker. Returns them in the order of the lines. */
  async expectInAnyOrder(...lines: readonly string[]): Promise<ReceivedPacket[]> {
    const received: ReceivedPacket[] = [];
    while (received.length < lines.length) {
      const packet = await this.#next(lines.join(', '));
      received.push(packet);
      if (!lines.includes(packet.line)) {
        throw new Deviation(
          `expected ${lines.join(', ')}, but got ${received.map(({ line }) => line).join(', ')}`,
        );
      }
    }
    const sorted = lines.map((line) => {
      const at = received.findIndex((packet) => packet.line === line);
      return received.splice(at, 1)[0];
    });
    if (sorted.includes(undefined)) throw new Deviation(`expected ${lines.join(', ')}, but one came twice`);
    return sorted.filter((packet) => packet !== undefined);
  }

  /** The packet comes among retained messages of other cases, and a PINGREQ finds the last of them. */
  async expectRetainedUntil(line: string): Promise<void> {
    this.send(PINGREQ);
    const missing = new Set([line, 'PINGRESP']);
    while (missing.size > 0) {
      const packet = await this.#next(line);
      if (missing.delete(packet.line)) continue;
      if (!/^PUBLISH q\d retain /.test(packet.line)) {
        throw new Deviation(`expected ${line}, but got ${packet.line}`);
      }
    }
  }

  /** Everything was received that the broker had to send: the answer to a PINGREQ comes next. */
  async expectNothing(): Promise<void> {
    this.send(PINGREQ);
    await this.expect('PINGRESP');
  }

  /**
   * The broker ends the connection. With reason codes, a client of MQTT 5 is sent a DISCONNECT with one of them before; without,
   * and in MQTT 3.1.1, nothing is sent. Returns the DISCONNECT.
   */
  async expectClosed(...codes: readonly number[]): Promise<ReceivedPacket | undefined> {
    const lines = codes.map((code) => `DISCONNECT 0x${code.toString(16)}`);
    const goodbye = this.#level === 5 && codes.length > 0 ? await this.expectOneOf(...lines) : undefined;
    const packet = await this.#next(CLOSED);
    if (packet.line !== CLOSED) throw new Deviation(`expected ${CLOSED}, but got ${packet.line}`);
    return goodbye;
  }

  /**
   * Sends a packet that ends the connection, with a PINGREQ behind it that must not be answered any more. In MQTT 5 the reason
   * is that the packet is malformed or a protocol error, unless others are given.
   */
  async expectFatal(packet: Packet, ...codes: readonly number[]): Promise<void> {
    this.send(packet, PINGREQ);
    await this.expectClosed(...(codes.length > 0 ? codes : [MALFORMED_PACKET, PROTOCOL_ERROR]));
  }

  async #next(expected: string): Promise<ReceivedPacket> {
    if (this.#received.length === 0 && !this.#isClosed) await this.#change(expected);
    return this.#received.shift() ?? { line: CLOSED, id: 0, codes: [], properties: [], bytes: 0 };
  }

  #change(expected: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const failure = new Deviation(`expected ${expected}, but got nothing`);
      const timer = setTimeout(() => reject(failure), PATIENCE_MS);
      this.#changed = () => {
        if (this.#received.length === 0 && !this.#isClosed) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
