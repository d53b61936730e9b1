import { type Clock, SystemClock } from '../clock.js';
import type { Warn } from '../warnings.js';
import { CertificateExpiry } from './certificate-expiry.js';
import { TlsContext, type TlsContextDeps } from './tls-context.js';
import type { TlsFiles } from './tls-files.js';

const CHECK_EVERY_MS = 1000;

export interface TlsContextsDeps {
  readonly warn: Warn;
  readonly info?: TlsContextDeps['info'];
  readonly clock?: Clock;
  readonly checkEveryMs?: number;
}

/** TlsContexts opens the TLS contexts of a gateway, one for all servers with the same files, and watches their files. */
export class TlsContexts {
  readonly #deps: TlsContextDeps;
  readonly #checkEveryMs: number;
  readonly #contexts = new Map<string, TlsContext>();
  #timer: NodeJS.Timeout | undefined;
  #isChecking = false;

  constructor({ warn, info, clock = new SystemClock(), checkEveryMs = CHECK_EVERY_MS }: TlsContextsDeps) {
    this.#deps = { warn, info, clock, expiry: new CertificateExpiry(warn, clock) };
    this.#checkEveryMs = checkEveryMs;
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
    return [...new Set([...this.#contexts.values()].flatMap(({ notes }) => notes))];
  }

  /** Looks at all files. Never rejects. */
  async check(): Promise<void> {
    // A disk that does not answer must not collect checks.
    if (this.#isChecking) return;
    this.#isChecking = true;
    try {
      for (const context of this.#contexts.values()) await context.check();
    } finally {
      this.#isChecking = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
