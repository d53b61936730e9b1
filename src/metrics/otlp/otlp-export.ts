import type { Clock } from '../../clock.js';
import type { OtlpConfig } from '../../config/sluice-config.js';
import { errorText } from '../../errors.js';
import { withinDeadline } from '../../lifecycle.js';
import type { Warn } from '../../warnings.js';
import type { MetricReading } from '../readings.js';
import { type OtlpSource, otlpRequest } from './otlp-request.js';

export interface OtlpExportParts {
  readonly source: OtlpSource;
  readonly read: () => Promise<readonly MetricReading[]>;
  readonly clock: Clock;
  readonly warn: Warn;
}

/** What is read of an answer; a collector says little. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_WORDS = 200;

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
    this.#sending ??= this.#post()
      .catch((thrown: unknown) => this.#failed(reasonOf(thrown)))
      .finally(() => {
        this.#sending = undefined;
      });
    return this.#sending;
  }

  async #post(): Promise<void> {
    const { url, timeoutMs, headers } = this.#options;
    const { source, clock, read } = this.#parts;
    const answer = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(otlpRequest(await read(), source, clock.nowNs())),
      // An address that somebody else names would get the headers, too.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const words = await textOf(answer);
    if (answer.status !== 200) this.#failed(`${answer.status} ${words}`.trim());
    else if (rejectedPoints(words) > 0) this.#failed(words);
  }

  #failed(reason: string): void {
    this.#parts.warn(
      { code: 'OTLP_FAILED', url: this.#options.url, reason: reason.slice(0, MAX_WORDS) },
      'the metrics could not be sent to the OpenTelemetry collector; the next request has them all',
    );
  }
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).byteLength;
    // Leaving the loop gives the connection up.
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

/** Of ExportMetricsServiceResponse, which may be empty. */
function rejectedPoints(text: string): number {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedDataPoints?: unknown } } | null;
    return Number(answer?.partialSuccess?.rejectedDataPoints ?? 0);
  } catch {
    return 0;
  }
}

/** `fetch` says only that it failed, and why in the cause. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause === undefined ? errorText(thrown) : errorText(cause) || errorText(thrown);
}
