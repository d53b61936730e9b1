import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../clock.js';
import { errorText } from '../errors.js';
import type { Warn } from '../warnings.js';
import { fingerprintOf } from '../watched-files.js';
import type { CertificateExpiry } from './certificate-expiry.js';
import { SESSION_LIFETIME_MS, secureOptions } from './secure-options.js';
import { readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.js';

export interface TlsContextDeps {
  readonly clock: Clock;
  readonly warn: Warn;
  readonly info?: (fields: Readonly<Record<string, unknown>>, sentence: string) => void;
  readonly expiry: CertificateExpiry;
  /** The revocation lists in force (PEM). */
  readonly crl?: () => readonly string[] | undefined;
}

/** What can be given new certificates while it runs: the servers of node:tls and node:https. */
interface TlsServer {
  setSecureContext(options: SecureContextOptions): void;
}

/**
 * TlsContext holds the certificate and key of a TLS server and reads their files again when they change. A faulty new file
 * keeps the old one in use.
 */
export class TlsContext {
  readonly #files: TlsFiles;
  readonly #deps: TlsContextDeps;
  readonly #servers = new Set<TlsServer>();
  #material: TlsMaterial;
  #fingerprint: string;
  /** The state of files that could not be used: tried a second time, as two files are not replaced at once. */
  #failed: { readonly fingerprint: string; isWarned: boolean } | undefined;
  #ticketKeysSinceMs: number;
  #notes: readonly string[] = [];

  private constructor(files: TlsFiles, deps: TlsContextDeps, material: TlsMaterial, fingerprint: string) {
    this.#files = files;
    this.#deps = deps;
    this.#material = material;
    this.#fingerprint = fingerprint;
    this.#ticketKeysSinceMs = deps.clock.monotonicMs();
    this.#checkExpiry();
  }

  /** Rejects with TLS_FILES_INVALID. An expired certificate is a warning only. */
  static async open(files: TlsFiles, deps: TlsContextDeps): Promise<TlsContext> {
    const fingerprint = await fingerprintOf(pathsOf(files));
    return new TlsContext(files, deps, await readTlsFiles(files), fingerprint);
  }

  /** For `createServer` of node:tls and node:https: certificate, key, versions and suites. */
  get options(): SecureContextOptions {
    // OpenSSL refuses to check lists where no client shows a certificate.
    return secureOptions(this.#material, this.needsClientCertificate ? this.#deps.crl?.() : undefined);
  }

  /** Whether clients must show a certificate. */
  get needsClientCertificate(): boolean {
    return this.#files.clientCa !== undefined;
  }

  /** What somebody should know of the certificates, such as that one expires soon. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Gives the server every new certificate until the returned function is called. Open connections stay. */
  serve(server: TlsServer): () => void {
    this.#servers.add(server);
    return () => this.#servers.delete(server);
  }

  /** Looks at the files and the clock. Call it about once a second; it never rejects. */
  async check(): Promise<void> {
    const fingerprint = await fingerprintOf(pathsOf(this.#files));
    if (fingerprint !== this.#fingerprint) await this.#read(fingerprint);
    // A new context has new keys for session tickets: what one key protected is not readable for ever.
    if (this.#deps.clock.monotonicMs() - this.#ticketKeysSinceMs >= SESSION_LIFETIME_MS) this.renew();
    this.#checkExpiry();
  }

  /** Makes the servers use what is in force now, with new keys for session tickets: no old session can be resumed. */
  renew(): void {
    this.#ticketKeysSinceMs = this.#deps.clock.monotonicMs();
    for (const server of this.#servers) server.setSecureContext(this.options);
  }

  async #read(fingerprint: string): Promise<void> {
    const before = this.#failed?.fingerprint === fingerprint ? this.#failed : undefined;
    if (before?.isWarned === true) return;
    try {
      this.#material = await readTlsFiles(this.#files);
      this.#fingerprint = fingerprint;
      this.#failed = undefined;
      this.renew();
      const [leaf] = this.#material.chain;
      this.#deps.info?.({ file: this.#files.cert, expires: leaf?.validTo }, 'a new certificate is in use');
    } catch (thrown) {
      this.#failed = { fingerprint, isWarned: before !== undefined };
      if (before === undefined) return;
      const fields = { code: 'TLS_RELOAD_REFUSED', reason: errorText(thrown) } as const;
      this.#deps.warn(fields, 'new TLS files cannot be used: the certificate in use stays');
    }
  }

  #checkExpiry(): void {
    const { expiry } = this.#deps;
    const { chain, clientCas } = this.#material;
    const { cert, clientCa } = this.#files;
    const notes = expiry.check(cert, chain);
    this.#notes = clientCa === undefined ? notes : [...notes, ...expiry.check(clientCa, clientCas)];
  }
}

function pathsOf({ cert, key, clientCa }: TlsFiles): string[] {
  return [cert, key, ...(clientCa === undefined ? [] : [clientCa])];
}
