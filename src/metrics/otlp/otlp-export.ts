import type { Clock } from '../../lib/clock.js';
import { errorText } from '../../lib/errors.js';
import { withinDeadline } from '../../lib/lifecycle.js';
import type { Warn } from '../../lib/warnings.js';
import type { MetricSample } from '../samples.js';
import { type OtlpTarget, postOtlp } from './otlp-post.js';
import { type OtlpSource, otlpRequest } from './otlp-request.js';

export interface OtlpExportOptions extends OtlpTarget {
  readonly intervalMs: number;
}

export interface OtlpExportParts {
  readonly source: OtlpSource;
  readonly read: () => Promise<readonly MetricSample[]>;
  readonly clock: Clock;
  readonly warn: Warn;
}

/**
 * Sends the metrics to an OpenTelemetry collector every interval, one request at a time. A failed request is not
 * repeated, because the next one contains the same totals.
 */
export class OtlpExport {
  readonly #options: OtlpExportOptions;
  readonly #parts: OtlpExportParts;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: OtlpExportOptions, parts: OtlpExportParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#send(), this.#options.intervalMs).unref();
    void this.#send();
  }

  /** Sends the metrics a last time, for `deadlineMs` at most. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    const last = Promise.resolve(this.#sending).then(() => this.#send());
    await withinDeadline(last, deadlineMs);
  }

  #send(): Promise<void> {
    this.#sending ??= this.#post().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  /** Never rejects: metrics that cannot be read or sent must not end the gateway. */
  async #post(): Promise<void> {
    const { source, clock, read, warn } = this.#parts;
    const reason = await read()
      .then((samples) => postOtlp(this.#options, otlpRequest(samples, source, clock.nowNs())))
      .catch(errorText);
    if (reason === undefined) return;
    warn(
      { code: 'OTLP_FAILED', url: this.#options.url, reason },
      'the metrics could not be sent to the OpenTelemetry collector; the next request contains them all',
    );
  }
}
