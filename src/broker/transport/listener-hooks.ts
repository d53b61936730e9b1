import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ClientCertificate } from '../../access/access.js';
import type { BrokerRefusal } from '../refusals.js';
import type { OnFrame } from './web-socket-frames.js';

/** What the listener knows of a connection before anything of MQTT is read. */
export interface ConnectionFacts {
  /** Where the client is: with PROXY protocol the address that the header names. */
  readonly remoteAddress: string;
  /** True when a PROXY header gave the address: a loopback address is then not one of this machine. */
  readonly isProxied: boolean;
  /** False on a listener without TLS. */
  readonly isEncrypted: boolean;
  /** There is no room for it: it gets CONNACK 3 for its CONNECT, and is closed. */
  readonly isRejected?: true;
  /** Present when the client has shown a certificate and it was verified. */
  readonly certificate?: ClientCertificate;
}

/** What the broker does with what a listener accepts. */
export interface ListenerHooks {
  /** Called with every connection before anything of MQTT, WebSocket or TLS is read of it; false: it is rejected. */
  readonly admit: (socket: Socket, remoteAddress: string) => boolean;
  /** `watch` sets the receiver of what is kept of unfinished WebSocket frames; absent on plain listeners. */
  readonly onConnection: (
    stream: Duplex,
    facts: ConnectionFacts,
    request?: IncomingMessage,
    watch?: (onFrame: OnFrame) => void,
  ) => void;
  /** A connection was rejected before any MQTT was read. */
  readonly onRejected: (reason: BrokerRefusal, remoteAddress: string, detail: string) => void;
}
