import type { Clock } from '../../../clock.js';
import type { ErrorCode } from '../../../errors.js';
import { LimitedWarning } from '../../../limited-warning.js';
import type { Warn, WarningCode } from '../../../warnings.js';
import type { OutletStatus } from '../../stream.js';
import type { Retry, RetryCause } from './outcome.js';

const HEALTHY: OutletStatus = { state: 'healthy', detail: '' };

const WARNINGS: Readonly<Record<RetryCause, { readonly code: WarningCode; readonly sentence: string }>> = {
  throttled: {
    code: 'KINESIS_THROTTLED',
    sentence: 'Kinesis is over a rate; the records wait and go again. More shards or fewer records end this',
  },
  internal: { code: 'KINESIS_FAILING', sentence: 'Kinesis failed to take some records; they go again' },
  ambiguous: {
    code: 'KINESIS_UNREACHABLE',
    sentence: 'Kinesis did not answer; the records go again and may be in the stream twice',
  },
};

/** How sending goes, for readiness; says the same in the log, at most every 30 s a code. */
export class ProducerHealth {
  readonly #warning: LimitedWarning<WarningCode>;
  #unusable: OutletStatus | undefined;
  #failingLanes = 0;
  #lastFailure: Retry | undefined;

  constructor(warn: Warn, clock: Clock) {
    this.#warning = new LimitedWarning(warn, clock);
  }

  status(): OutletStatus {
    if (this.#unusable !== undefined) return this.#unusable;
    if (this.#failingLanes === 0 || this.#lastFailure === undefined) return HEALTHY;
    return { state: 'retrying', detail: `${this.#lastFailure.cause}: ${this.#lastFailure.words}` };
  }

  unusable(code: ErrorCode, words: string): void {
    this.#unusable = { state: 'misconfigured', detail: words };
    this.#warning.say(
      code,
      { reason: words },
      'the Kinesis stream cannot be used as it is; records stay buffered, and one request at a time tries again',
    );
  }

  /** Kinesis has taken a request, or at least failed it in another way. */
  usable(): void {
    if (this.#unusable === undefined) return;
    this.#unusable = undefined;
    this.#warning.say('KINESIS_USABLE', {}, 'the Kinesis stream can be used again');
  }

  failed(retry: Retry): void {
    this.#lastFailure = retry;
    const { code, sentence } = WARNINGS[retry.cause];
    this.#warning.say(code, { reason: retry.words }, sentence);
  }

  laneFails(): void {
    this.#failingLanes += 1;
  }

  laneRecovered(): void {
    this.#failingLanes -= 1;
  }

  refused(words: string): void {
    this.#warning.say(
      'KINESIS_REQUEST_REFUSED',
      { reason: words },
      'Kinesis refuses a record for good; it is parked',
    );
  }
}
