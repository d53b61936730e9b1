import type { Clock } from '../../clock.js';
import type { OtlpConfig } from '../../config/sluice-config.js';
import { errorText } from '../../errors.js';
import { withinDeadline } from '../../lifecycle.js';
import type { Warn } from '../../warnings.js';
import type { MetricReading } from '../readings.js';
import { postOtlp } from './otlp-post.js';
import { type OtlpSource, otlpRequest } from './otlp-request.js';

export interface OtlpExportParts {
  readonly source: OtlpSource;
  readonly read: () => Promise<readonly MetricReading[]>;
  readonly clock: Clock;
  readonly warn: Warn;
}

/** Sends the metrics to an OpenTelemetry collector every interval. One request at a time; what fails is not kept: the next one has the same totals and more. */
export class OtlpExport {
  readonly #options: OtlpConfig;
  readonly #parts: OtlpExportParts;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(options: OtlpConfig, parts: OtlpExportParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#send(), this.#options.intervalMs).unref();
    void this.#send();
  }

  /** Sends a last time, for `deadlineMs` at most. */
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
      .then((readings) => postOtlp(this.#options, otlpRequest(readings, source, clock.nowNs())))
      .catch(errorText);
    if (reason === undefined) return;
    warn(
      { code: 'OTLP_FAILED', url: this.#options.url, reason },
      'the metrics could not be sent to the OpenTelemetry collector; the next request has them all',
    );
  }
}
