import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';
import { open } from '../files.js';
import { privateModeFault } from '../private-file.js';

/** Absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate of the server first, then those that lead to its CA. */
  readonly cert: string;
  readonly key: string;
  /** CAs of client certificates. */
  readonly clientCa?: string;
}

/** What was read: checked, and fit for a handshake. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
  /** The certificates of each file, in their order. */
  readonly chain: readonly X509Certificate[];
  readonly clientCas: readonly X509Certificate[];
}

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_CERTIFICATES = 1000;
const BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const ANY_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----/;

/** Reads and checks the files of a TLS server. Rejects with TLS_FILES_INVALID, which names the file, what it has and what it should have. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsMaterial> {
  const cert = await readPem(files.cert);
  const chain = certificatesOf(files.cert, cert, 'the certificate of the server (PEM)');
  const key = await readPem(files.key, true);
  checkPair(files, chain[0]!, privateKeyOf(files.key, key));
  const clientCa = files.clientCa === undefined ? undefined : await readPem(files.clientCa);
  const clientCas =
    clientCa === undefined ? [] : certificatesOf(files.clientCa!, clientCa, 'certificates of CAs (PEM)');
  for (const ca of clientCas) {
    if (ca.ca) continue;
    throw invalid(files.clientCa!, `the certificate ${nameOf(ca)}, which is not a CA`, 'certificates of CAs');
  }
  try {
    // OpenSSL refuses more than is checked above, such as keys that are too small.
    createSecureContext({ cert, key, ca: clientCa });
  } catch (thrown) {
    throw invalid(files.cert, errorText(thrown), 'a certificate that OpenSSL accepts');
  }
  return { cert, key, clientCa, chain, clientCas };
}

/** What a certificate is called in a log line. */
export function nameOf(certificate: X509Certificate): string {
  const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1];
  return commonName ?? certificate.subjectAltName ?? certificate.serialNumber;
}

/** A file that cannot be used, as a sentence for the person who can correct it. */
export function invalid(path: string, found: string, expected: string, hint?: string): SluiceError {
  const next = hint === undefined ? '' : `; ${hint}`;
  return new SluiceError('TLS_FILES_INVALID', `${path}: found ${found}, expected ${expected}${next}`);
}

/** Reads a PEM file. Rejects with TLS_FILES_INVALID. */
export async function readPem(path: string, isSecret = false): Promise<string> {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    file = await open(path, 'r');
    const status = await file.stat();
    if (!status.isFile()) throw invalid(path, 'no regular file', 'a PEM file');
    const fault = isSecret ? privateModeFault(path, status.mode) : undefined;
    if (fault !== undefined) throw invalid(path, fault.got, fault.expected, fault.hint);
    if (status.size > MAX_FILE_BYTES) throw invalid(path, 'a file of more than 1 MiB', 'a PEM file');
    const text = await file.readFile('utf8');
    if (text.trim() === '') throw invalid(path, 'an empty file', 'a PEM file');
    return text;
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    const isMissing = systemErrorCode(thrown) === 'ENOENT';
    throw invalid(path, isMissing ? 'no file' : errorText(thrown), 'a PEM file that can be read');
  } finally {
    await file?.close();
  }
}

function certificatesOf(path: string, text: string, expected: string): X509Certificate[] {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) {
    const kind = ANY_BLOCK.exec(text)?.[1];
    throw invalid(path, kind === undefined ? 'no PEM text' : `PEM text of the kind ${kind}`, expected);
  }
  if (blocks.length > MAX_CERTIFICATES) {
    throw invalid(path, `${blocks.length} certificates`, `at most ${MAX_CERTIFICATES}`);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (thrown) {
      throw invalid(path, `damage in certificate ${index + 1} (${errorText(thrown)})`, expected);
    }
  });
}

function privateKeyOf(path: string, text: string): KeyObject {
  const expected = 'the private key of the certificate (PEM, without a passphrase)';
  if (/ENCRYPTED/.test(text)) {
    throw invalid(path, 'a key with a passphrase', expected, `openssl pkey -in ${path} removes it`);
  }
  const kind = ANY_BLOCK.exec(text)?.[1];
  if (kind !== undefined && !kind.endsWith('PRIVATE KEY') && kind !== 'EC PARAMETERS') {
    throw invalid(path, `PEM text of the kind ${kind}`, expected);
  }
  try {
    return createPrivateKey(text);
  } catch {
    // The text of the error may only name a routine of OpenSSL.
    throw invalid(path, kind === undefined ? 'no PEM text' : 'a damaged key', expected);
  }
}

function checkPair(files: TlsFiles, leaf: X509Certificate, key: KeyObject): void {
  if (leaf.checkPrivateKey(key)) return;
  throw invalid(
    files.key,
    `the key of another certificate than ${nameOf(leaf)}`,
    `the key of the first certificate in ${files.cert}`,
    'the certificate of the server must come first in its file',
  );
}
