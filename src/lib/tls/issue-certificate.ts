import { createHash, type KeyObject, randomBytes, sign, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { DER, der, derObjectId, derTime, readDer } from './der.js';

/** A certificate to be made (X.509 version 3, RFC 5280). */
export interface CertificateRequest {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly use: 'ca' | 'server' | 'client';
  /** DNS names and IP addresses of a server. */
  readonly names?: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Who signs: an EC key on P-256. Without a certificate the new certificate is its own issuer. */
export interface Signer {
  readonly key: KeyObject;
  readonly certificate?: X509Certificate;
}

const OBJECT_IDS = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const TRUE = der(DER.boolean, Buffer.from([0xff]));
const ALGORITHM = der(DER.sequence, derObjectId(OBJECT_IDS.ecdsaWithSha256));

/** Makes a certificate and returns it as PEM. */
export function issueCertificate(request: CertificateRequest, signer: Signer): string {
  const subject = nameOf(request.commonName);
  const { certificate: issuer } = signer;
  const signed = der(
    DER.sequence,
    // Version 3.
    der(0xa0, der(DER.integer, Buffer.from([2]))),
    serialNumber(),
    ALGORITHM,
    issuer === undefined ? subject : subjectOf(issuer.raw),
    der(DER.sequence, derTime(request.fromMs), derTime(request.untilMs)),
    subject,
    request.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(DER.sequence, ...extensionsOf(request, issuer?.publicKey ?? request.publicKey))),
  );
  const signature = bitString(sign('sha256', signed, signer.key), 0);
  return pem(der(DER.sequence, signed, ALGORITHM, signature));
}

/** At least 64 random bits, positive, without a zero in front (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return der(DER.integer, bytes);
}

function nameOf(commonName: string): Buffer {
  const attribute = der(
    DER.sequence,
    derObjectId(OBJECT_IDS.commonName),
    der(DER.utf8String, Buffer.from(commonName)),
  );
  return der(DER.sequence, der(DER.set, attribute));
}

/** After version, serial number, algorithm, issuer and validity. */
function subjectOf(certificate: Buffer): Buffer {
  const [whole] = readDer(certificate);
  const [signed] = readDer(whole!.content);
  return readDer(signed!.content)[5]!.bytes;
}

function extensionsOf({ use, names = [], publicKey }: CertificateRequest, issuerKey: KeyObject): Buffer[] {
  const isCa = use === 'ca';
  // A CA signs certificates of servers and clients, but no further CA: its path length is 0.
  const constraints = isCa ? [TRUE, der(DER.integer, Buffer.from([0]))] : [];
  const extensions = [
    extension(OBJECT_IDS.basicConstraints, der(DER.sequence, ...constraints), true),
    // keyCertSign and cRLSign, or digitalSignature.
    extension(
      OBJECT_IDS.keyUsage,
      isCa ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x80]), 7),
      true,
    ),
    extension(OBJECT_IDS.subjectKeyId, der(DER.octetString, keyId(publicKey))),
    extension(OBJECT_IDS.authorityKeyId, der(DER.sequence, der(0x80, keyId(issuerKey)))),
  ];
  if (!isCa) {
    const purpose = use === 'server' ? OBJECT_IDS.serverAuth : OBJECT_IDS.clientAuth;
    extensions.push(extension(OBJECT_IDS.extendedKeyUsage, der(DER.sequence, derObjectId(purpose))));
  }
  if (names.length > 0) {
    extensions.push(extension(OBJECT_IDS.alternativeNames, der(DER.sequence, ...names.map(alternativeName))));
  }
  return extensions;
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [TRUE] : [];
  return der(DER.sequence, derObjectId(id), ...critical, der(DER.octetString, value));
}

/** Method 1 of RFC 7093: the first 20 bytes of the hash of the key. */
function keyId(publicKey: KeyObject): Buffer {
  const [info] = readDer(publicKey.export({ type: 'spki', format: 'der' }));
  const [, key] = readDer(info!.content);
  return createHash('sha256').update(key!.content.subarray(1)).digest().subarray(0, 20);
}

function alternativeName(name: string): Buffer {
  const DNS_NAME = 0x82;
  const IP_ADDRESS = 0x87;
  return isIP(name) === 0 ? der(DNS_NAME, Buffer.from(name, 'latin1')) : der(IP_ADDRESS, ipBytes(name));
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The parser of URLs writes every IPv6 address in one way, without an IPv4 address in it.
  const { hostname } = new URL(`http://[${address}]`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function bitString(content: Buffer, unusedBits: number): Buffer {
  return der(DER.bitString, Buffer.from([unusedBits]), content);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
