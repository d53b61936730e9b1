import type { Duplex } from 'node:stream';
import type { ClientCertificate, Identity } from '../../access/access.js';
import type { Grant } from '../../access/grant.js';
import type { PacedClient, ReadPace } from '../limits/read-pace.js';
import type { WatchedClient } from '../limits/silent-clients.js';
import { disconnect5 } from '../protocol/encode-packets-5.js';
import {
  FIRST_BYTES,
  type PacketFault,
  type ProtocolLevel,
  type QoS,
  type ReasonCode,
  type Will,
} from '../protocol/packets.js';
import type { PacketIds } from '../publish/packet-ids.js';
import { reasonCodeOf, reasonStringOf } from '../reason-codes.js';
import type { BrokerRefusal } from '../refusals.js';
import type { Outlet, SubscribeDenial } from '../sessions/deliveries.js';
import type { AddressShare } from '../transport/connection-limits.js';
import { endWrites } from '../transport/end-writes.js';
import type { ConnectionHost, ConnectionParts } from './connection-host.js';
import type { LastTopic } from './last-topic.js';
import type { Mqtt5State } from './mqtt5-state.js';
import { Output, type OutputOwner } from './output.js';
import { PacketReader, type PacketSink } from './packet-reader.js';
import { readNextTurn } from './read-next-turn.js';
import type { UnfinishedOwner, UnfinishedPacket } from './unfinished-packets.js';

/** A CONNECT holds names and a password; no honest client needs more before it is authenticated. */
export const MAX_CONNECT_BYTES = 8 * 1024;

/** What is read of a connection before it is authenticated: the largest CONNECT with its fixed header. */
const MAX_BYTES_BEFORE_CONNACK = MAX_CONNECT_BYTES + 5;

/** How long a client may take to close its side after DISCONNECT. */
const LINGER_MS = 500;

/** Answers that may wait for a client that does not read them; then it is not read either. */
const MAX_WAITING_ANSWER_BYTES = 64 * 1024;

/**
 * `new`: without CONNECT. `signing-in`: its CONNECT is being judged, and nothing more is read. `leaving`: nothing more is
 * taken, and what was accepted is still answered.
 */
export type ConnectionState = 'new' | 'signing-in' | 'connected' | 'leaving' | 'closed';

/**
 * Connection is one network connection of a client: it reads its packets as fast as they are stored, and writes what is
 * sent to it. Ten thousand of them may be idle, so it has no timer and no closure of its own; see Connections.
 */
export class Connection
  implements PacketSink, Outlet, OutputOwner, PacedClient, UnfinishedOwner, WatchedClient
{
  readonly stream: Duplex;
  readonly remoteAddress: string;
  /** True when a PROXY header gave the address. */
  readonly isProxied: boolean;
  readonly isEncrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
  readonly share: AddressShare;
  readonly openedAtMs: number;
  readonly pace: ReadPace;
  readonly output: Output;
  readonly #host: ConnectionHost<Connection>;
  readonly #reader: PacketReader;
  state: ConnectionState = 'new';
  /** The client id of CONNECT; records are stored under it once the client is authenticated. */
  clientId = '';
  /** The user name of CONNECT, then the user that the credential proved. */
  user = '';
  /** Who the client is; undefined until it is authenticated, and again once its access has ended. */
  identity: Identity | undefined = undefined;
  /** What the client may do, by the rules when it was made. SessionGrants keeps it to the rules in force. */
  grant: Grant | undefined = undefined;
  will: Will | undefined = undefined;
  /** Clean session, or clean start: what an earlier connection has left is forgotten. */
  isCleanStart = true;
  /** How long its session is kept when it has ended; 0: the session ends with it. */
  sessionExpirySeconds = 0;
  /** Deliveries have its session. */
  isAttached = false;
  isBridge = false;
  level: ProtocolLevel = 4;
  /** With MQTT 5 what it has beside that of 3.1.1. */
  mqtt5: Mqtt5State | undefined = undefined;
  /** 0: it may be silent for as long as it likes. */
  keepAliveMs = 0;
  /** When it last sent something; at first when it opened. */
  lastReadAtMs: number;
  /** Since when the client does not read what it is sent; 0 while it does. */
  fullSinceMs = 0;
  /** When it began to leave. */
  leavingSinceMs = 0;
  /** Stops the timer that ends the connection when its credential expires. */
  stopExpiry: (() => void) | undefined = undefined;
  /** Gives back what counts for its user while it is connected. */
  leaveUser: (() => void) | undefined = undefined;
  /** Gives back its rates. */
  giveBackRates: (() => void) | undefined = undefined;
  /** QoS 2 packet ids whose PUBREL is outstanding; undefined when there are none. */
  openHandshakes: PacketIds | undefined = undefined;
  /** True once the reason why the connection ends is counted: what follows has the same cause. */
  isRejected = false;
  /** The topic of its last PUBLISH: most devices have only one. */
  lastTopic: LastTopic | undefined = undefined;
  #unfinished: UnfinishedPacket | undefined = undefined;
  #inFlight = 0;
  #isTornDown = false;
  /** What may still be read. Devices may send more behind CONNECT, which then waits in the socket. */
  #leftBytes = MAX_BYTES_BEFORE_CONNACK;

  constructor(
    parts: ConnectionParts,
    host: ConnectionHost<Connection>,
    paceOf: (client: PacedClient) => ReadPace,
  ) {
    this.stream = parts.stream;
    this.remoteAddress = parts.remoteAddress;
    this.isProxied = parts.isProxied;
    this.isEncrypted = parts.isEncrypted;
    this.certificate = parts.certificate;
    this.share = parts.share;
    this.#host = host;
    this.#reader = new PacketReader(this);
    this.output = new Output(this);
    this.pace = paceOf(this);
    this.openedAtMs = host.monotonicMs();
    this.lastReadAtMs = this.openedAtMs;
  }

  get receiveMaximum(): number {
    return this.mqtt5?.receiveMaximum ?? 0xffff;
  }

  get maximumPacketBytes(): number | undefined {
    return this.mqtt5?.maximumPacketBytes;
  }

  get isConnected(): boolean {
    return this.state === 'connected';
  }

  /** Packets that wait to be stored. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** True while its socket is not read. */
  isStopped(): boolean {
    return this.#host.stopped.has(this);
  }

  /** What of it is unfinished; made when there is something. */
  get unfinished(): UnfinishedPacket {
    this.#unfinished ??= this.#host.unfinished.of(this);
    return this.#unfinished;
  }

  /** Reads one slice of what has arrived: the next one waits for the next turn, so that others have theirs. */
  read(): void {
    if (this.state === 'leaving' || this.state === 'closed') {
      // What comes behind DISCONNECT is read, so that the end of the stream is seen, and ignored.
      if (this.state === 'leaving') this.stream.read();
      return;
    }
    if (!(this.#mayRead(this.#host.maxInFlight) && this.pace.mayRead())) {
      this.#host.stopped.add(this);
      return;
    }
    const { stream } = this;
    const maxBytes = Math.min(this.pace.maxReadBytes, this.#leftBytes);
    const hasMore = stream.readableLength > maxBytes;
    const bytes = (hasMore ? stream.read(maxBytes) : stream.read()) as Buffer | null;
    if (bytes === null) return;
    this.pace.wasRead(bytes.length);
    this.lastReadAtMs = this.#host.monotonicMs();
    if (this.#leftBytes !== Number.POSITIVE_INFINITY) this.#leftBytes -= bytes.length;
    // Known at the first byte: the rest of a packet that is none may never come.
    if (this.state === 'new' && this.#reader.keptBytes === 0 && bytes[0] !== FIRST_BYTES.connect) {
      this.#host.notConnect(this, bytes[0] ?? 0);
      return;
    }
    const packets = this.#reader.take(bytes);
    this.#noteUnfinished(packets > 0);
    if (hasMore) readNextTurn(this);
  }

  /** Its CONNECT is read. Nothing more is, until it is granted access. */
  connectRead(): void {
    this.state = 'signing-in';
    this.#leftBytes = 0;
  }

  /** Call it once the CONNACK is written: from now on as much is read as its packets in flight allow. */
  granted(): void {
    this.state = 'connected';
    this.#leftBytes = Number.POSITIVE_INFINITY;
    this.#reader.resume();
    this.#noteUnfinished(true);
    if (this.isStopped()) readNextTurn(this);
  }

  /** Continues when half of the packets in flight are stored; no `readable` follows a read that was held back. */
  release(): void {
    if (!this.#mayRead(this.#host.maxInFlight / 2 + 1) || !this.pace.mayRead()) return;
    this.#host.stopped.delete(this);
    this.read();
  }

  taken(): void {
    this.#inFlight += 1;
  }

  stored(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0 && this.state === 'leaving') this.#finish();
  }

  // PacketSink

  get takesPackets(): boolean {
    return this.state === 'new' || this.state === 'connected';
  }

  get needsShortLengths(): boolean {
    return this.level === 5;
  }

  maxLength(firstByte: number): number {
    // CONNECT has its own limit also when it comes where it must not.
    const isLarge = this.state === 'connected' && firstByte !== FIRST_BYTES.connect;
    return isLarge ? this.#host.maxPacketBytes : MAX_CONNECT_BYTES;
  }

  packet(firstByte: number, bytes: Buffer, start: number, end: number): void {
    this.#host.packet(this, firstByte, bytes, start, end);
  }

  tooLarge(firstByte: number, length: number): number | undefined {
    return this.#host.tooLarge(this, firstByte, length);
  }

  packetPassed(firstByte: number, head: Buffer, length: number): void {
    this.#host.packetPassed(this, firstByte, head, length);
  }

  fault(firstByte: number, fault: PacketFault): void {
    this.#host.fault(this, firstByte, fault);
  }

  // Outlet

  get isFull(): boolean {
    return this.output.isFull;
  }

  mayReceive(topic: string): boolean {
    return this.#host.mayReceive(this, topic);
  }

  subscribeDenial(filter: string): SubscribeDenial | undefined {
    return this.#host.subscribeDenial(this, filter);
  }

  subscriptionDenied(detail: string): void {
    this.#host.subscriptionDenied(this, detail);
  }

  write(packets: Buffer): void {
    this.output.write(packets);
  }

  deliver(
    topic: Buffer,
    payload: Buffer,
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    isDuplicate: boolean,
  ): void {
    this.output.deliver(topic, payload, qos, packetId, isRetained, isDuplicate);
  }

  deliverPacket(packet: Buffer): void {
    this.output.deliverPacket(packet);
  }

  answerOwed(): void {
    this.taken();
  }

  answered(): void {
    this.stored();
    if (this.isStopped()) this.release();
  }

  violation(detail: string): void {
    this.close('protocol-violation', detail);
  }

  // OutputOwner

  outputFull(isFull: boolean): void {
    this.fullSinceMs = isFull ? this.#host.monotonicMs() : 0;
    if (isFull) return;
    this.#host.writable(this);
    if (this.isStopped()) this.release();
  }

  // PacedClient

  resume(): void {
    this.release();
  }

  keepAlive(): void {
    this.lastReadAtMs = this.#host.monotonicMs();
  }

  exceeded(detail: string): void {
    this.close('rate-exceeded', detail);
  }

  who(): { readonly clientId: string; readonly user: string; readonly remoteAddress: string } {
    return { clientId: this.clientId, user: this.user, remoteAddress: this.remoteAddress };
  }

  // WatchedClient

  isSilent(): boolean {
    return !this.pace.hasPublished && !this.#host.hasSubscribed(this);
  }

  silentFor(detail: string): void {
    this.close('silent', detail);
  }

  // Ends

  /** Counts why the connection ends, unless the reason is counted already. */
  reject(reason: BrokerRefusal, detail: string): void {
    if (!this.isRejected) this.#host.reject(this, reason, detail);
  }

  /** Ends the connection at once and counts why, unless the reason is counted already. */
  close(reason: BrokerRefusal, detail: string, reasonCode: ReasonCode = reasonCodeOf(reason)): void {
    this.reject(reason, detail);
    if (this.level === 5 && this.isConnected) {
      const { maximumPacketBytes } = this;
      this.disconnect(
        disconnect5(reasonCode, { reasonString: reasonStringOf(reason, detail), maximumPacketBytes }),
      );
    } else {
      this.destroy();
    }
  }

  /** Ends the connection of a client of MQTT 5 with a DISCONNECT, the last packet that it is sent [MQTT-3.14.4-1]. */
  disconnect(packet: Buffer): void {
    this.output.write(packet);
    this.output.end();
    this.state = 'leaving';
    this.leavingSinceMs = this.#host.monotonicMs();
    this.#tearDown();
    if (this.output.isFull) {
      this.stream.destroy();
      return;
    }
    // What the client still sends is read and ignored: closing with unread bytes would reset the connection.
    this.stream.once('end', () => this.stream.destroy());
    void endWrites(this.stream).then(() => setTimeout(() => this.stream.destroy(), LINGER_MS).unref());
    this.read();
  }

  destroy(): void {
    // What came in front of a fault is stored: its client gets the CONNACK and the answers of this turn.
    this.output.flush();
    this.#tearDown();
    this.stream.destroy();
  }

  /** Takes nothing more; what was accepted is answered, and then the connection ends. */
  leave(): void {
    if (this.state === 'leaving' || this.state === 'closed') return;
    this.state = 'leaving';
    this.leavingSinceMs = this.#host.monotonicMs();
    this.#tearDown();
    if (this.#inFlight === 0) this.#finish();
  }

  /** The stream is closed. */
  closed(): void {
    this.#tearDown();
    this.state = 'closed';
  }

  #finish(): void {
    if (this.output.isEnded) return;
    // Behind what this turn answers.
    process.nextTick(() => {
      this.output.flush();
      void endWrites(this.stream).then(() => this.stream.destroy());
    });
  }

  #tearDown(): void {
    if (this.#isTornDown) return;
    this.#isTornDown = true;
    if (this.state !== 'leaving') this.state = 'closed';
    this.#host.stopped.delete(this);
    this.#unfinished?.forget();
    this.#reader.close();
    this.#host.ended(this);
  }

  #mayRead(maxInFlight: number): boolean {
    return (
      this.#inFlight < maxInFlight &&
      this.#leftBytes > 0 &&
      this.output.waitingBytes < MAX_WAITING_ANSWER_BYTES &&
      this.#host.mayRead()
    );
  }

  #noteUnfinished(hasPackets: boolean): void {
    const { keptBytes } = this.#reader;
    if (keptBytes === 0 && this.#unfinished === undefined) return;
    if (this.#isTornDown) return;
    const { unfinished } = this;
    if (hasPackets) unfinished.packetEnded();
    unfinished.inReader(this.#reader.arrivedBytes, keptBytes);
  }
}
