import type { X509Certificate } from 'node:crypto';
import type { ClientCertificate } from '../../access/access.js';

/** Kinds of alternative names that can name a device or a user. */
const NAMING_KINDS: ReadonlySet<string> = new Set(['DNS', 'URI', 'email']);

/** Returns what a verified certificate says of its owner. */
export function clientCertificate(certificate: X509Certificate): ClientCertificate {
  const { CN: commonName } = certificate.toLegacyObject().subject as { CN?: string | readonly string[] };
  return {
    // Of several common names none is the name of the owner.
    commonName: typeof commonName === 'string' ? commonName : undefined,
    alternativeNames: alternativeNames(certificate.subjectAltName ?? ''),
    serialNumber: certificate.serialNumber.toUpperCase(),
    expiresAtMs: Date.parse(certificate.validTo),
  };
}

/**
 * Node writes `DNS:a, URI:b`, and a value with characters that could be mistaken for that form as a JSON string. Such a
 * value is omitted: no name of a user has these characters.
 */
function alternativeNames(text: string): string[] {
  const names: string[] = [];
  for (const [, kind, value] of text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    if (NAMING_KINDS.has(kind!) && !value!.startsWith('"')) names.push(value!);
  }
  return names;
}
