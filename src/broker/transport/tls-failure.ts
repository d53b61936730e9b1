import { systemErrorCode } from '../../lib/errors.js';

/** The first byte of a TLS connection: a record of the handshake. */
export const TLS_HANDSHAKE_BYTE = 0x16;

const SERVER_CERTIFICATE =
  'the client does not accept the certificate of this listener: give it the CA (mosquitto_pub --cafile), and connect to a name that the certificate has';
const CLOSED =
  'the client closed the connection during the handshake; if it does so each time, give it the CA of the certificate (mosquitto_pub --cafile)';
const OLD_VERSION = 'the client speaks only TLS 1.1 or older: TLS 1.2 or 1.3 is needed';
const NO_SUITE =
  'the client has no cipher suite that is accepted: it needs ECDHE with AES-GCM or ChaCha20-Poly1305';
const UNKNOWN_CLIENT_CA =
  'the client certificate is from a CA that is not in clientCa: add that CA, or give the client another certificate';

/** Codes of Node and OpenSSL 3, by what the operator or the owner of the device has to do. */
const BY_CODE: Readonly<Record<string, string>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD_VERSION,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD_VERSION,
  ERR_SSL_WRONG_VERSION_NUMBER: OLD_VERSION,
  ERR_SSL_VERSION_TOO_LOW: OLD_VERSION,
  ERR_SSL_NO_SHARED_CIPHER: NO_SUITE,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_SUITE,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: SERVER_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: SERVER_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: SERVER_CERTIFICATE,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    'the client finds the certificate of this listener expired: renew it, or set the clock of the client',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'the client asks by ALPN for another protocol than MQTT',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    'the client showed no certificate, and clientCa of this listener needs one (mosquitto_pub --cert --key)',
  // Of the verification of a client certificate.
  CERT_HAS_EXPIRED: 'the client certificate has expired: give the client a new one',
  CERT_NOT_YET_VALID: 'the client certificate is not valid yet: check the clock of the gateway',
  CERT_REVOKED: 'the client certificate is revoked',
  CRL_HAS_EXPIRED:
    'the revocation list (mtls.crl) has expired, so no client certificate is accepted: replace its file',
  UNABLE_TO_GET_CRL:
    'mtls.crl has no revocation list of the CA of the client certificate, so it is not accepted: add the list',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CLIENT_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CLIENT_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CLIENT_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CLIENT_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CLIENT_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CLIENT_CA,
  INVALID_PURPOSE: 'the client certificate is not made for clients: its extended key usage lacks clientAuth',
};

/**
 * Returns why a handshake failed and what to do about it.
 *
 * @param verification the code of OpenSSL for a client certificate that was not accepted
 */
export function tlsFailure(error: Error, verification: unknown): string {
  const codes = [verification, systemErrorCode(error)].map((code) => String(code ?? ''));
  const known = codes.map((code) => BY_CODE[code]).find((text) => text !== undefined);
  if (known !== undefined) return known;
  const [code] = codes.filter((text) => text !== '');
  if (code === 'ECONNRESET' || code === 'EPIPE') return CLOSED;
  return `the handshake failed: ${code ?? error.message}`;
}

/** What a connection to a TLS listener speaks instead, by its first byte; undefined when it is TLS. */
export function plainOnTls(first: number): string | undefined {
  if (first === TLS_HANDSHAKE_BYTE) return undefined;
  if (first === 0x10) {
    return 'the client speaks MQTT without TLS: let it use TLS (mqtts://, mosquitto_pub --cafile), or the port of a listener without TLS';
  }
  if (first >= 0x41 && first <= 0x5a) return 'the client speaks HTTP without TLS: let it use TLS (wss://)';
  return `the first byte is 0x${first.toString(16).padStart(2, '0')}, that of TLS is 0x16`;
}

export const TLS_ON_PLAIN =
  'the client speaks TLS, and this listener does not: let it use the port of an mqtts or wss listener, or no TLS';
