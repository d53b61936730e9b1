import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { TlsMaterial } from './tls-files.js';

/** Suites with forward secrecy and authenticated encryption only (RFC 9325). */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':');

/** How long the session of a client that reconnects can be resumed; the keys of session tickets live as long. */
export const SESSION_LIFETIME_MS = 12 * 3_600_000;

/** What every TLS server of the gateway uses: TLS 1.2 or later, no renegotiation. `crl`: PEM texts. */
export function secureOptions(material: TlsMaterial, crl?: readonly string[]): SecureContextOptions {
  const { cert, key, clientCa } = material;
  return {
    cert,
    key,
    ca: clientCa,
    crl: crl === undefined ? undefined : [...crl],
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    // All suites are strong: a device without AES in hardware gets the one that it is fast with.
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: SESSION_LIFETIME_MS / 1000,
  };
}
