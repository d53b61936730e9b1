import { createHash } from 'node:crypto';
import { withinDeadline } from '../../lifecycle.js';
import type { RecordSpan, RecordTrace } from '../../record-trace.js';
import type { Warn } from '../../warnings.js';
import { type OtlpTarget, postOtlp } from './otlp-post.js';
import { resourceOf } from './otlp-request.js';

export interface TraceOptions extends OtlpTarget {
  /** One record in so many is followed. */
  readonly oneIn: number;
  readonly version: string;
  readonly instance: string;
}

const EVERY_MS = 5_000;
/** What waits for the next request; further spans are left out until then. */
const MAX_SPANS = 2_000;
/** 2^64 divided by the golden ratio: spreads times that a coarse clock gives in steps. */
const SPREAD = 0x9e3779b97f4a7c15n;
/** SPAN_KIND_INTERNAL */
const INTERNAL = 1;

/**
 * Sends what is known of one record in many to an OpenTelemetry collector. Each thread sends its own spans: trace and
 * span ids follow from the record's receive time, so they fit together wherever they come from.
 */
export class TraceExport implements RecordTrace {
  readonly #options: TraceOptions;
  readonly #warn: Warn;
  #spans: RecordSpan[] = [];
  readonly #timer: NodeJS.Timeout;
  #sending: Promise<void> | undefined;

  constructor(options: TraceOptions, warn: Warn) {
    this.#options = options;
    this.#warn = warn;
    this.#timer = setInterval(() => this.#send(), EVERY_MS).unref();
  }

  isFollowed(receivedAtNs: bigint): boolean {
    return Number(BigInt.asUintN(64, receivedAtNs * SPREAD) >> 32n) % this.#options.oneIn === 0;
  }

  add(span: RecordSpan): void {
    if (this.#spans.length < MAX_SPANS) this.#spans.push(span);
  }

  /** Sends what waits, for `deadlineMs` at most. */
  async stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    const last = Promise.resolve(this.#sending).then(() => this.#send());
    await withinDeadline(last, deadlineMs);
  }

  /** One request at a time; what fails is not sent again. */
  #send(): Promise<void> | undefined {
    if (this.#sending !== undefined || this.#spans.length === 0) return this.#sending;
    const spans = this.#spans;
    this.#spans = [];
    this.#sending = this.#post(spans).finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #post(spans: readonly RecordSpan[]): Promise<void> {
    const { version, instance, url } = this.#options;
    const reason = await postOtlp(this.#options, {
      resourceSpans: [
        {
          resource: resourceOf(version, instance),
          scopeSpans: [{ scope: { name: 'sluice', version }, spans: spans.map(spanOf) }],
        },
      ],
    });
    if (reason === undefined) return;
    this.#warn(
      { code: 'OTLP_TRACES_FAILED', url, reason, spans: spans.length },
      'spans could not be sent to the OpenTelemetry collector; they are left out',
    );
  }
}

/** As the JSON form of OTLP has it: ids as hexadecimal digits, times as text. */
function spanOf({ name, receivedAtNs, startNs, endNs }: RecordSpan): object {
  return {
    traceId: digits(`record ${receivedAtNs}`, 32),
    spanId: digits(`${name} ${receivedAtNs}`, 16),
    ...(name === 'receive' ? {} : { parentSpanId: digits(`receive ${receivedAtNs}`, 16) }),
    name,
    kind: INTERNAL,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs < startNs ? startNs : endNs),
  };
}

function digits(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}
