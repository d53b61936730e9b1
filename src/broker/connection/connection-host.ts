import type { Duplex } from 'node:stream';
import type { ClientCertificate } from '../../access/access.js';
import type { PacketFault } from '../protocol/packets.js';
import type { BrokerRefusal } from '../refusals.js';
import type { SubscribeDenial } from '../sessions/deliveries.js';
import type { AddressShare } from '../transport/connection-limits.js';
import type { UnfinishedPackets } from './unfinished-packets.js';

/** What the broker does for its connections. */
export interface ConnectionHost<Connection> {
  readonly maxPacketBytes: number;
  /** Packets of a client that may wait to be stored before its socket is no longer read; one read may overshoot it. */
  readonly maxInFlight: number;
  readonly unfinished: UnfinishedPackets;
  /** The connections that are not read at the moment. */
  readonly stopped: Set<Connection>;
  /** False while nothing at all may be read. */
  mayRead(): boolean;
  monotonicMs(): number;
  /** A whole packet of the client. */
  packet(connection: Connection, firstByte: number, bytes: Buffer, start: number, end: number): void;
  /** See PacketSink. */
  tooLarge(connection: Connection, firstByte: number, length: number): number | undefined;
  packetPassed(connection: Connection, firstByte: number, head: Buffer, length: number): void;
  fault(connection: Connection, firstByte: number, fault: PacketFault): void;
  /** The first byte of the connection is not that of CONNECT. */
  notConnect(connection: Connection, firstByte: number): void;
  /** Counts why the connection ends. */
  reject(connection: Connection, reason: BrokerRefusal, detail: string): void;
  /** The client reads again what it is sent. */
  writable(connection: Connection): void;
  /** See Outlet. */
  mayReceive(connection: Connection, topic: string): boolean;
  subscribeDenial(connection: Connection, filter: string): SubscribeDenial | undefined;
  subscriptionDenied(connection: Connection, detail: string): void;
  hasSubscribed(connection: Connection): boolean;
  /** The client is gone, or nothing more is taken from it. Called once. */
  ended(connection: Connection): void;
}

/** What the transport says of a connection. */
export interface ConnectionParts {
  readonly stream: Duplex;
  readonly remoteAddress: string;
  readonly isProxied: boolean;
  readonly isEncrypted: boolean;
  readonly certificate: ClientCertificate | undefined;
  readonly share: AddressShare;
}
