import { type Clock, SystemClock } from '../clock.js';
import type { Warn } from '../warnings.js';
import { CertificateExpiry } from './certificate-expiry.js';
import type { RevocationList } from './revocation-list.js';
import { TlsContext, type TlsContextDeps } from './tls-context.js';
import type { TlsFiles } from './tls-files.js';

const CHECK_EVERY_MS = 1000;

export interface TlsContextsDeps {
  readonly warn: Warn;
  readonly info?: TlsContextDeps['info'];
  readonly clock?: Clock;
  /** Applied to client certificates. */
  readonly revocations?: RevocationList;
  readonly checkEveryMs?: number;
}

/** TlsContexts opens the TLS contexts of a gateway, one for all servers with the same files, and watches their files. */
export class TlsContexts {
  readonly #deps: TlsContextDeps;
  readonly #checkEveryMs: number;
  readonly #revocations: RevocationList | undefined;
  readonly #endRevocations: (() => void) | undefined;
  readonly #contexts = new Map<string, TlsContext>();
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;

  constructor({ warn, info, clock, revocations, checkEveryMs }: TlsContextsDeps) {
    const usedClock = clock ?? new SystemClock();
    const expiry = new CertificateExpiry(warn, usedClock);
    this.#deps = { warn, info, clock: usedClock, expiry, crl: () => revocations?.pems };
    this.#checkEveryMs = checkEveryMs ?? CHECK_EVERY_MS;
    this.#revocations = revocations;
    this.#endRevocations = revocations?.onChanged(() => {
      for (const context of this.#contexts.values()) context.renew();
    });
  }

  /** Rejects with TLS_FILES_INVALID. */
  async open(files: TlsFiles): Promise<TlsContext> {
    const key = JSON.stringify([files.cert, files.key, files.clientCa]);
    const known = this.#contexts.get(key);
    if (known !== undefined) return known;
    const context = await TlsContext.open(files, this.#deps);
    this.#contexts.set(key, context);
    this.#timer ??= setInterval(() => void this.check(), this.#checkEveryMs).unref();
    return context;
  }

  /** What somebody should know although everything works: certificates that expire soon. */
  notes(): readonly string[] {
    const ofContexts = [...this.#contexts.values()].flatMap(({ notes }) => notes);
    return [...new Set([...ofContexts, ...(this.#revocations?.notes() ?? [])])];
  }

  /** Looks at all files. Never rejects. */
  async check(): Promise<void> {
    // A disk that does not answer must not collect checks.
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      for (const context of this.#contexts.values()) await context.check();
      this.#revocations?.check();
    } finally {
      this.#isChecking = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#endRevocations?.();
  }
}
