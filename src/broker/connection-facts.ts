import type { ClientCertificate } from '../access/access.js';

/** What the listener knows of a connection before anything of MQTT is read. */
export interface ConnectionFacts {
  /** Where the client is: with PROXY protocol the address that the header names. */
  readonly remoteAddress: string;
  /** True when a PROXY header gave the address: a loopback address is then not one of this machine. */
  readonly isProxied: boolean;
  /** False on a listener without TLS. */
  readonly isEncrypted: boolean;
  /** Present when the client has shown a certificate and it was verified. */
  readonly certificate?: ClientCertificate;
}
