import type { X509Certificate } from 'node:crypto';
import { type Clock, SystemClock } from '../clock.js';
import { errorText } from '../errors.js';
import { SerialQueue } from '../serial-queue.js';
import type { Warn } from '../warnings.js';
import { DER, type DerValue, readDer, readDerTime } from './der.js';
import { invalid, readPem } from './tls-files.js';

const BLOCK = /-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g;
const DAY_MS = 86_400_000;
/** Revocation lists live for days or weeks. */
const WARN_BEFORE_MS = DAY_MS;
const NS_PER_MS = 1_000_000n;
const EXPECTED = 'a revocation list (PEM; `openssl crl -inform DER -in … -out …` makes it of DER)';

interface Lists {
  readonly file: string;
  readonly pems: readonly string[];
  /** Issuer and serial number in hexadecimal. */
  readonly revoked: ReadonlySet<string>;
  /** When the first list ends, in ms since 1970; absent: none ends. */
  readonly endsMs: number | undefined;
}

/**
 * RevocationList holds the revocation lists of client certificates (CRL, RFC 5280). OpenSSL applies them to handshakes, and
 * verifies their signatures; the serial numbers are for connections that are open already.
 */
export class RevocationList {
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  readonly #reads = new SerialQueue();
  #lists: Lists | undefined;
  #warnedAtMs: number | undefined;

  constructor(warn: Warn, clock: Clock = new SystemClock()) {
    this.#warn = warn;
    this.#clock = clock;
  }

  /** Reads the file for the first time; rejects with TLS_FILES_INVALID. `undefined`: nothing is revoked. */
  async open(file: string | undefined): Promise<void> {
    this.#lists = file === undefined ? undefined : await readLists(file);
    this.check();
  }

  /** Reads the file again, or another one. A faulty file keeps the old list in use and warns. Never rejects. */
  replace(file: string | undefined): Promise<void> {
    return this.#reads.run(async () => {
      try {
        const lists = file === undefined ? undefined : await readLists(file);
        if (JSON.stringify(lists?.pems) === JSON.stringify(this.#lists?.pems)) return;
        this.#lists = lists;
        this.#warnedAtMs = undefined;
        for (const listener of this.#listeners) listener();
      } catch (thrown) {
        const fields = { code: 'TLS_RELOAD_REFUSED', reason: errorText(thrown) } as const;
        this.#warn(fields, 'a new revocation list cannot be used: the one in use stays');
      }
    });
  }

  /** For `crl` of node:tls. */
  get pems(): readonly string[] | undefined {
    return this.#lists?.pems;
  }

  isRevoked(certificate: X509Certificate): boolean {
    if (this.#lists === undefined || this.#lists.revoked.size === 0) return false;
    return this.#lists.revoked.has(keyOf(issuerOf(certificate.raw), certificate.serialNumber));
  }

  /** Calls `listener` after every change, until the returned function is called. */
  onChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks whether a list ends or has ended; warns once a day. */
  check(): void {
    const [note] = this.notes();
    const nowMs = this.#nowMs();
    if (note === undefined) return;
    if (this.#warnedAtMs !== undefined && Math.abs(nowMs - this.#warnedAtMs) < DAY_MS) return;
    this.#warnedAtMs = nowMs;
    const fields = { code: 'CERTIFICATE_EXPIRES', file: this.#lists!.file, detail: note } as const;
    this.#warn(fields, 'a revocation list is not valid for long');
  }

  notes(): readonly string[] {
    const { file, endsMs } = this.#lists ?? {};
    if (endsMs === undefined || endsMs - this.#nowMs() > WARN_BEFORE_MS) return [];
    const date = new Date(endsMs).toISOString();
    return endsMs <= this.#nowMs()
      ? [`the revocation list ${file} has expired at ${date}: no client certificate is accepted`]
      : [`the revocation list ${file} expires at ${date}: after that no client certificate is accepted`];
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / NS_PER_MS);
  }
}

async function readLists(file: string): Promise<Lists> {
  const text = await readPem(file);
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.length === 0) throw invalid(file, 'no revocation list in PEM', EXPECTED);
  try {
    const lists = blocks.map(([, base64]) => parseList(Buffer.from(base64!, 'base64')));
    const ends = lists.map(({ endsMs }) => endsMs).filter((ms) => ms !== undefined);
    return {
      file,
      pems: blocks.map(([pem]) => pem),
      revoked: new Set(lists.flatMap(({ keys }) => keys)),
      endsMs: ends.length === 0 ? undefined : Math.min(...ends),
    };
  } catch (thrown) {
    throw invalid(file, `a damaged list (${errorText(thrown)})`, EXPECTED);
  }
}

/** RFC 5280, 5.1: version (optional), algorithm, issuer, this update, next update (optional), revoked (optional), extensions. */
function parseList(bytes: Buffer): { keys: string[]; endsMs: number | undefined } {
  const [list] = readDer(bytes);
  const [signed] = readDer(list!.content);
  const parts = readDer(signed!.content).filter(({ tag }, index) => index > 0 || tag !== DER.integer);
  const [, issuer, , ...rest] = parts;
  const next = rest.find(isTime);
  const revoked = rest.find(({ tag }) => tag === DER.sequence);
  const entries = revoked === undefined ? [] : readDer(revoked.content);
  return {
    keys: entries.map(({ content }) => keyOf(issuer!.bytes, readDer(content)[0]!.content.toString('hex'))),
    endsMs: next && readDerTime(next),
  };
}

function isTime({ tag }: DerValue): boolean {
  return tag === DER.utcTime || tag === DER.generalizedTime;
}

/** The issuer in a certificate: after version, serial number and algorithm (RFC 5280, 4.1). */
function issuerOf(certificate: Buffer): Buffer {
  const [whole] = readDer(certificate);
  const [signed] = readDer(whole!.content);
  const VERSION = 0xa0;
  const parts = readDer(signed!.content).filter(({ tag }) => tag !== VERSION);
  return parts[2]!.bytes;
}

/** DER writes a zero in front of a number whose first bit is set, `serialNumber` of Node does not. */
function keyOf(issuer: Buffer, serialNumber: string): string {
  return `${issuer.toString('hex')} ${serialNumber.toLowerCase().replace(/^0+(?=.)/, '')}`;
}
