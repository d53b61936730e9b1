import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import type { RevocationList } from '../../lib/tls/revocation-list.js';
import type { TlsContext } from '../../lib/tls/tls-context.js';
import type { BrokerRefusal } from '../refusals.js';
import { clientCertificate } from './client-certificate.js';
import { readFirstBytes } from './first-bytes.js';
import { HandshakeQueue } from './handshake-queue.js';
import type { ConnectionFacts } from './listener-hooks.js';
import { plainOnTls, tlsFailure } from './tls-failure.js';
import { whenOver } from './when-over.js';

export interface TlsAcceptorOptions {
  readonly context: TlsContext;
  /** The application protocols that a client may ask for (ALPN); one that asks for none is accepted. */
  readonly protocols: readonly string[];
  /** For the first byte, and then for the handshake. */
  readonly timeoutMs: number;
  readonly revocations?: RevocationList;
}

export interface TlsAcceptorHooks {
  readonly onSecure: (socket: TLSSocket, facts: ConnectionFacts) => void;
  readonly onRejected: (reason: BrokerRefusal, remoteAddress: string, detail: string) => void;
}

/** Member of Node's TLSSocket that no type declares: the connection that carries it. A test fails when it is gone. */
interface Carried {
  readonly _parent?: Socket;
}

/** TlsAcceptor makes TLS connections of accepted TCP connections. Every failure is counted with its cause. */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions;
  readonly #hooks: TlsAcceptorHooks;
  readonly #queue = new HandshakeQueue();
  readonly #facts = new WeakMap<Socket, ConnectionFacts>();
  /** What gives the place of a handshake to the next one. */
  readonly #done = new WeakMap<Socket, () => void>();
  /** Connections that are closed because their time is over: it is counted already. */
  readonly #expired = new WeakSet<Socket>();
  /** Connections whose handshake is not complete. */
  readonly #pending = new Set<Socket>();
  /** Open connections of clients with certificates, by which revocation lists are applied to them. */
  readonly #certified = new Map<TLSSocket, { certificate: X509Certificate; remoteAddress: string }>();
  readonly #server: Server;
  readonly #ends: readonly (() => void)[];

  constructor(options: TlsAcceptorOptions, hooks: TlsAcceptorHooks) {
    this.#options = options;
    this.#hooks = hooks;
    const { context, protocols, revocations } = options;
    this.#server = createServer({
      ...context.options,
      requestCert: context.needsClientCertificate,
      rejectUnauthorized: context.needsClientCertificate,
      // Without a common protocol the handshake fails: no page may make a browser speak to this port.
      ALPNCallback: ({ protocols: offered }) => protocols.find((protocol) => offered.includes(protocol)),
    } satisfies TlsOptions);
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    this.#ends = [
      context.serve(this.#server),
      revocations?.onChanged(() => this.#applyRevocations()) ?? (() => undefined),
    ];
  }

  /** Takes an accepted connection, of which nothing of TLS is read. */
  async accept(socket: Socket, facts: ConnectionFacts): Promise<void> {
    const { timeoutMs } = this.#options;
    this.#pending.add(socket);
    socket.once('close', () => this.#pending.delete(socket));
    const first = await readFirstBytes(socket, timeoutMs, (bytes) => ({ value: bytes[0]!, length: 0 }));
    if (first.kind === 'closed') {
      socket.destroy();
      return;
    }
    const { remoteAddress } = facts;
    if (first.kind === 'timeout') {
      this.#hooks.onRejected('connect-timeout', remoteAddress, `nothing was sent within ${timeoutMs} ms`);
      socket.destroy();
      return;
    }
    const isPlain = plainOnTls(first.value);
    if (isPlain !== undefined) {
      this.#hooks.onRejected('tls-failed', remoteAddress, isPlain);
      socket.destroy();
      return;
    }
    this.#queue.add(socket, (done) => {
      this.#facts.set(socket, { ...facts, isEncrypted: true });
      // Node's own limit begins again with each byte.
      const stopTimer = whenOver(timeoutMs, () => {
        const detail = `the TLS handshake was not complete within ${timeoutMs} ms`;
        this.#hooks.onRejected('connect-timeout', remoteAddress, detail);
        this.#expired.add(socket);
        socket.destroy();
      });
      const end = () => {
        stopTimer();
        done();
      };
      this.#done.set(socket, end);
      socket.once('close', end);
      this.#server.emit('connection', socket);
    });
  }

  /** Open connections stay; those whose handshake is not complete end. */
  close(): void {
    for (const end of this.#ends) end();
    for (const socket of this.#pending) socket.destroy();
  }

  #secured(socket: TLSSocket): void {
    const carrier = (socket as Carried)._parent!;
    this.#done.get(carrier)?.();
    this.#pending.delete(carrier);
    const facts = this.#facts.get(carrier)!;
    // An error before somebody reads the connection must not end the process.
    socket.on('error', () => undefined);
    const certificate = this.#options.context.needsClientCertificate
      ? socket.getPeerX509Certificate()
      : undefined;
    if (certificate === undefined) {
      this.#hooks.onSecure(socket, facts);
      return;
    }
    // OpenSSL does not verify again what a session ticket brings.
    const fault = this.#faultOf(certificate);
    if (fault !== undefined) {
      this.#hooks.onRejected('tls-failed', facts.remoteAddress, fault);
      socket.destroy();
      return;
    }
    this.#certified.set(socket, { certificate, remoteAddress: facts.remoteAddress });
    socket.once('close', () => this.#certified.delete(socket));
    this.#hooks.onSecure(socket, { ...facts, certificate: clientCertificate(certificate) });
  }

  #faultOf(certificate: X509Certificate): string | undefined {
    const { revocations } = this.#options;
    const verification = revocations?.isRevoked(certificate)
      ? 'CERT_REVOKED'
      : Date.parse(certificate.validTo) <= Date.now()
        ? 'CERT_HAS_EXPIRED'
        : undefined;
    return verification && tlsFailure(new Error(verification), verification);
  }

  #failed(error: Error, socket: TLSSocket): void {
    const carrier = (socket as Carried)._parent;
    const facts = carrier && this.#facts.get(carrier);
    if (carrier !== undefined) this.#done.get(carrier)?.();
    const remoteAddress = facts?.remoteAddress ?? socket.remoteAddress ?? '';
    if (carrier === undefined || !this.#expired.has(carrier)) {
      this.#hooks.onRejected('tls-failed', remoteAddress, tlsFailure(error, socket.authorizationError));
    }
    socket.destroy();
  }

  /** A revoked certificate ends the connections that were made with it before. */
  #applyRevocations(): void {
    for (const [socket, { certificate, remoteAddress }] of this.#certified) {
      if (this.#options.revocations?.isRevoked(certificate) !== true) continue;
      const serial = certificate.serialNumber;
      this.#hooks.onRejected('certificate-revoked', remoteAddress, `serial number ${serial} is now revoked`);
      socket.destroy();
    }
  }
}
