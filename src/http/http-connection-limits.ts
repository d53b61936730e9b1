import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { senderOf } from '../lib/remote-address.js';
import type { HttpRefusalCounts } from './http-refusals.js';

export interface ConnectionLimitOptions {
  /** Limit of connections of all addresses together. */
  readonly maxConnections: number;
  /** Limit of connections of one address. */
  readonly maxPerAddress: number;
  /** Connections beyond these limits on which only health requests are answered. */
  readonly reserve: number;
  readonly refusals: Pick<HttpRefusalCounts, 'idle-closed' | 'connection-refused'>;
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** Set beyond the limits: it is answered health requests only. */
  readonly isReserve: boolean;
  /** Requests that are not answered to their end. */
  open: number;
}

/**
 * Limits the connections of one address and of all of them, so that one client cannot shut the others out. A new
 * connection beyond a limit closes the oldest idle one: a client that opens hundreds and uses none keeps its newest. When
 * none is idle the new connection is kept in a reserve, where only health requests are answered: a supervisor never
 * waits for what others have open.
 */
export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions;
  /** Oldest first. */
  readonly #connections = new Map<Socket, Connection>();
  readonly #perAddress = new Map<string, number>();
  /** With TLS requests come on another socket than the one that was accepted. */
  readonly #secured = new WeakMap<Socket, Connection>();
  #reserved = 0;

  constructor(options: ConnectionLimitOptions) {
    this.#options = options;
  }

  /** Watches the connections of a server that does not listen yet. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.on('secureConnection', (socket: Socket) => this.#secure(socket));
    // Before the listener that answers: the connection is busy from then on.
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#of(request.socket);
      if (connection === undefined) return;
      connection.open += 1;
      response.once('close', () => {
        connection.open -= 1;
      });
    });
  }

  /** True when only a health request may be answered on this connection. */
  isReserve(socket: Socket): boolean {
    return this.#of(socket)?.isReserve === true;
  }

  #of(socket: Socket): Connection | undefined {
    return this.#connections.get(socket) ?? this.#secured.get(socket);
  }

  #secure(socket: Socket): void {
    for (const connection of this.#connections.values()) {
      const { remoteAddress, remotePort } = connection.socket;
      if (remotePort !== socket.remotePort || remoteAddress !== socket.remoteAddress) continue;
      this.#secured.set(socket, connection);
      return;
    }
    // It has been closed meanwhile.
    socket.destroy();
  }

  #add(socket: Socket): void {
    const address = senderOf(socket.remoteAddress ?? '');
    const isReserve = !this.#makeRoom(address);
    if (isReserve && this.#reserved >= this.#options.reserve && !this.#closeOldest(isIdleReserve)) {
      this.#options.refusals['connection-refused'] += 1;
      socket.destroy();
      return;
    }
    this.#connections.set(socket, { socket, address, isReserve, open: 0 });
    if (isReserve) this.#reserved += 1;
    else this.#count(address, 1);
    socket.once('close', () => this.#remove(socket));
  }

  /** Returns false when a limit is reached and no connection can be closed for a new one. */
  #makeRoom(address: string): boolean {
    const { maxConnections, maxPerAddress } = this.#options;
    if ((this.#perAddress.get(address) ?? 0) >= maxPerAddress) return this.#closeOldest(idleOf(address));
    if (this.#connections.size - this.#reserved < maxConnections) return true;
    return this.#closeOldest(idleOf(this.#largest())) || this.#closeOldest(isIdle);
  }

  /** The address with the most connections. */
  #largest(): string {
    let largest = '';
    let most = 0;
    for (const [address, count] of this.#perAddress) {
      if (count <= most) continue;
      largest = address;
      most = count;
    }
    return largest;
  }

  #closeOldest(isWanted: (connection: Connection) => boolean): boolean {
    for (const connection of this.#connections.values()) {
      if (!isWanted(connection)) continue;
      this.#options.refusals['idle-closed'] += 1;
      this.#remove(connection.socket);
      connection.socket.destroy();
      return true;
    }
    return false;
  }

  /** Called when a connection is closed to make room, and again when it has closed. */
  #remove(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    this.#connections.delete(socket);
    if (connection.isReserve) this.#reserved -= 1;
    else this.#count(connection.address, -1);
  }

  #count(address: string, change: 1 | -1): void {
    const count = (this.#perAddress.get(address) ?? 0) + change;
    if (count === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, count);
  }
}

const isIdle = ({ isReserve, open }: Connection): boolean => !isReserve && open === 0;
const isIdleReserve = ({ isReserve, open }: Connection): boolean => isReserve && open === 0;
const idleOf =
  (address: string) =>
  (connection: Connection): boolean =>
    isIdle(connection) && connection.address === address;
