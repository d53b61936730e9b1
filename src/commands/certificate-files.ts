import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, SluiceError } from '../lib/errors.js';
import { issueCertificate } from '../lib/tls/issue-certificate.js';

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Clocks of devices may be behind. */
const EARLIER_MS = DAY_MS;
const CERTIFICATE_MODE = 0o644;
const KEY_MODE = 0o600;

export interface Authority {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

/** CertificateFiles is the directory of a private CA: its certificate and key, that of the server and those of clients. */
export class CertificateFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  path(file: string): string {
    return join(this.#directory, file);
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Makes a new CA. It replaces one that is there. */
  makeAuthority(name: string): Authority {
    mkdirSync(this.#directory, { recursive: true });
    const { privateKey: key, publicKey } = newKeys();
    const untilMs = Date.now() + CA_DAYS * DAY_MS;
    const times = { fromMs: Date.now() - EARLIER_MS, untilMs };
    const text = issueCertificate({ commonName: name, publicKey, use: 'ca', ...times }, { key });
    this.#write('ca.key', privatePem(key), KEY_MODE);
    this.#write('ca.crt', text, CERTIFICATE_MODE);
    return { key, certificate: new X509Certificate(text) };
  }

  readAuthority(): Authority {
    try {
      const certificate = new X509Certificate(this.#read('ca.crt'));
      const key = createPrivateKey(this.#read('ca.key'));
      if (!certificate.checkPrivateKey(key)) throw new Error('ca.key is not the key of ca.crt');
      return { key, certificate };
    } catch (thrown) {
      const text = `there is no usable CA in ${this.#directory} (${errorText(thrown)}); \`sluice certificates init\` makes one`;
      throw new SluiceError('USAGE_INVALID', text);
    }
  }

  /** Makes a certificate, with a new key unless `keepsKey`, in two files named after `file`. */
  issue(
    file: string,
    authority: Authority,
    request: {
      readonly commonName: string;
      readonly use: 'server' | 'client';
      readonly names?: readonly string[];
      readonly days: number;
      readonly keepsKey?: boolean;
    },
  ): void {
    const { days, keepsKey = false, ...rest } = request;
    const kept = keepsKey ? createPrivateKey(this.#read(`${file}.key`)) : undefined;
    const keys = kept === undefined ? newKeys() : undefined;
    const times = { fromMs: Date.now() - EARLIER_MS, untilMs: Date.now() + days * DAY_MS };
    const publicKey = keys?.publicKey ?? new X509Certificate(this.#read(`${file}.crt`)).publicKey;
    const text = issueCertificate({ ...rest, ...times, publicKey }, authority);
    if (keys !== undefined) this.#write(`${file}.key`, privatePem(keys.privateKey), KEY_MODE);
    this.#write(`${file}.crt`, text, CERTIFICATE_MODE);
  }

  /** The DNS names and addresses in a certificate of ours. */
  namesOf(file: string): string[] {
    const { subjectAltName = '' } = new X509Certificate(this.#read(file));
    return subjectAltName.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  }

  #read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  /** A running gateway must never read half a file. */
  #write(file: string, text: string, mode: number): void {
    const path = this.path(file);
    rmSync(`${path}.new`, { force: true });
    writeFileSync(`${path}.new`, text, { mode, flag: 'wx' });
    renameSync(`${path}.new`, path);
  }
}

function newKeys(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
