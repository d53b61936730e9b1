import { type Clock, SystemClock } from '../../lib/clock.js';

/** What a client of the AWS SDK is asked here. */
export interface CredentialClient {
  readonly config: {
    readonly credentials: (options?: { forceRefresh?: boolean }) => Promise<Credentials>;
  };
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Errors that say that the credentials are expired, unknown, or another key than the service knows. */
const STALE =
  /^(ExpiredToken|RequestExpired|TokenRefreshRequired|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken)/;

/** What a person does about them, for the end of a message. */
export const EXPIRED_CREDENTIALS = 'the session token has expired: renew it; it is read again automatically';
export const WRONG_CREDENTIALS =
  'the AWS credentials are missing, wrong or expired: correct or renew them; they are read again automatically';

/** The credentials that are read again may be the old ones still: then it waits, twice as long each time. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * CredentialRenewal reads the credentials of a client again when the service refuses them: the SDK keeps for ever what it
 * has read from a file without an expiry, though something else may have replaced the file since. At most once a minute
 * in the long run, because reading may be a call of a role server or a program.
 */
export class CredentialRenewal {
  readonly #client: CredentialClient;
  readonly #clock: Clock;
  #generation = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #waitMs = FIRST_WAIT_MS;
  #reading: Promise<void> | undefined;

  constructor(client: CredentialClient, clock: Clock = new SystemClock()) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Rises with every change of the credentials; a call notes it before it is sent. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Resolves with true when a call that failed with `thrown` should be sent again, because there are other credentials now
   * than those of `generation`. It never rejects.
   */
  async renewed(thrown: unknown, generation: number): Promise<boolean> {
    if (!isStale(thrown)) return false;
    if (generation === this.#generation) {
      if (this.#reading === undefined && this.#clock.monotonicMs() < this.#notBeforeMs) return false;
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return generation !== this.#generation;
  }

  async #read(): Promise<void> {
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#waitMs;
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
    try {
      const before = textOf(await this.#client.config.credentials());
      if (textOf(await this.#client.config.credentials({ forceRefresh: true })) === before) return;
      this.#generation += 1;
      this.#waitMs = FIRST_WAIT_MS;
    } catch {
      // They cannot be read now, for example in the middle of a change: the failure of the call says enough.
    }
  }
}

function isStale(thrown: unknown): boolean {
  const name = (thrown as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' && STALE.test(name);
}

function textOf({ accessKeyId, secretAccessKey, sessionToken }: Credentials): string {
  return JSON.stringify([accessKeyId, secretAccessKey, sessionToken]);
}

type ChainOf = (init: object) => (options?: object) => Promise<Credentials>;

/**
 * Makes the SDK's own search for credentials read its files each time: by default it keeps the first text of a file for the
 * life of the process, also when it is asked for a fresh search. `defaults` returns the search of the SDK.
 */
export function freshCredentials(defaults: () => unknown): ChainOf {
  return (init) => (defaults() as ChainOf)({ ...init, ignoreCache: true });
}
