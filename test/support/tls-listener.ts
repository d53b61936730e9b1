import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerOptions } from '../../src/broker/transport/listener.js';
import { OpensslCa } from './openssl-ca.js';
import { tempDirectory } from './temp-directory.js';

/** A CA, a certificate of a server on this machine, and a listener that uses them. */
export function tlsListener(
  protocol: 'mqtts' | 'wss',
  { clientCa = false, ...options }: Partial<ListenerOptions> & { clientCa?: boolean } = {},
) {
  const ca = new OpensslCa(tempDirectory());
  const files = ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
  const tls = clientCa ? { ...files, clientCa: ca.cert } : files;
  const listener: ListenerOptions = { protocol, host: '127.0.0.1', port: 0, tls, ...options };
  return { ca, files, listener, trust: { ca: ca.pem } };
}

/** What a client shows with a certificate of this CA. */
export function shown({ cert, key }: { cert: string; key: string }): ConnectionOptions {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

/** Opens a connection over TLS; writes wait in it until the handshake is complete. */
export function overTls(options: ConnectionOptions): (port: number) => Duplex {
  return (port) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...options });
    socket.setNoDelay(true);
    return socket;
  };
}

/** Opens a WebSocket over TLS as a stream of bytes. */
export function overWss(options: ConnectionOptions): (port: number) => Duplex {
  return (port) => createWebSocketStream(new WebSocket(`wss://127.0.0.1:${port}/mqtt`, 'mqtt', options));
}
