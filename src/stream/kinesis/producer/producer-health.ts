import type { Clock } from '../../../lib/clock.js';
import type { ErrorCode } from '../../../lib/errors.js';
import { LimitedWarning } from '../../../lib/limited-warning.js';
import type { Warn, WarningCode } from '../../../lib/warnings.js';
import type { ComponentStatus } from '../../stream.js';
import type { Retry, RetryCause } from './outcome.js';

const HEALTHY: ComponentStatus = { state: 'healthy', detail: '' };

const WARNINGS: Readonly<Record<RetryCause, { readonly code: WarningCode; readonly sentence: string }>> = {
  throttled: {
    code: 'KINESIS_THROTTLED',
    sentence:
      'Kinesis throttles the stream; the records wait and are sent again. Add shards or send fewer records',
  },
  internal: {
    code: 'KINESIS_FAILING',
    sentence: 'Kinesis failed to store some records; they are sent again',
  },
  ambiguous: {
    code: 'KINESIS_UNREACHABLE',
    sentence: 'Kinesis did not answer; the records are sent again and may be in the stream twice',
  },
};

/** ProducerHealth knows for readiness whether sending works, and logs the same, at most every 30 s for each code. */
export class ProducerHealth {
  readonly #warning: LimitedWarning<WarningCode>;
  #unusable: ComponentStatus | undefined;
  #failingQueues = 0;
  #lastFailure: Retry | undefined;

  constructor(warn: Warn, clock: Clock) {
    this.#warning = new LimitedWarning(warn, clock);
  }

  status(): ComponentStatus {
    if (this.#unusable !== undefined) return this.#unusable;
    if (this.#failingQueues === 0 || this.#lastFailure === undefined) return HEALTHY;
    return { state: 'retrying', detail: `${this.#lastFailure.cause}: ${this.#lastFailure.reason}` };
  }

  unusable(code: ErrorCode, reason: string): void {
    this.#unusable = { state: 'misconfigured', detail: reason };
    this.#warning.log(
      code,
      { reason },
      'the Kinesis stream cannot be used as it is; records stay buffered, and one request at a time tries again',
    );
  }

  /** Kinesis has accepted a request, or at least failed it for another reason. */
  usable(): void {
    if (this.#unusable === undefined) return;
    this.#unusable = undefined;
    this.#warning.log('KINESIS_USABLE', {}, 'the Kinesis stream can be used again');
  }

  failed(retry: Retry): void {
    this.#lastFailure = retry;
    const { code, sentence } = WARNINGS[retry.cause];
    this.#warning.log(code, { reason: retry.reason }, sentence);
  }

  queueFails(): void {
    this.#failingQueues += 1;
  }

  queueRecovered(): void {
    this.#failingQueues -= 1;
  }

  refused(reason: string): void {
    this.#warning.log(
      'KINESIS_REQUEST_REFUSED',
      { reason },
      'Kinesis will never accept a record; it is parked',
    );
  }
}
