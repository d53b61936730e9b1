import type { ClientCertificate } from '../access/access.js';

/** What the listener knows of a connection before anything of MQTT is read. */
export interface ConnectionFacts {
  /** Where the client is: with PROXY protocol the address that the header names. */
  readonly remoteAddress: string;
  /** Whether the client is on this machine. Never true for what a proxy passed on, whatever the header says. */
  readonly isLocal: boolean;
  /** False on a listener without TLS. */
  readonly isEncrypted: boolean;
  /** Present when the client has shown a certificate and it was verified. */
  readonly certificate?: ClientCertificate;
}
