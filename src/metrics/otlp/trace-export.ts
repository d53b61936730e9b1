import { createHash } from 'node:crypto';
import { withinDeadline } from '../../lib/lifecycle.js';
import type { Warn } from '../../lib/warnings.js';
import type { RecordSpan, RecordTrace } from '../../stream/record-trace.js';
import { type OtlpTarget, postOtlp } from './otlp-post.js';
import { attributesOf, resourceOf } from './otlp-request.js';

export interface TraceOptions extends OtlpTarget {
  /** One record in this number of records is traced. */
  readonly oneIn: number;
  readonly version: string;
  readonly instance: string;
}

const INTERVAL_MS = 5_000;
/** Limit of spans that wait for the next request; further spans are dropped. */
const MAX_SPANS = 2_000;
/** 2^64 divided by the golden ratio; it distributes times evenly although a coarse clock returns them in steps. */
const SPREAD = 0x9e3779b97f4a7c15n;
/** STATUS_CODE_ERROR; a span without a status has no error. */
const ERROR = 2;
/** SPAN_KIND_INTERNAL */
const INTERNAL = 1;

/**
 * Sends the spans of one record in many to an OpenTelemetry collector. Each thread sends its own spans: trace and
 * span ids are derived from the record's receive time, so the spans of all threads fit together.
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
    this.#timer = setInterval(() => this.#send(), INTERVAL_MS).unref();
  }

  isFollowed(receivedAtNs: bigint): boolean {
    return Number(BigInt.asUintN(64, receivedAtNs * SPREAD) >> 32n) % this.#options.oneIn === 0;
  }

  add(span: RecordSpan): void {
    if (this.#spans.length < MAX_SPANS) this.#spans.push(span);
  }

  /** Sends the waiting spans, for `deadlineMs` at most. */
  async stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    const last = Promise.resolve(this.#sending).then(() => this.#send());
    await withinDeadline(last, deadlineMs);
  }

  /** Sends one request at a time; a failed request is not repeated. */
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
      'spans could not be sent to the OpenTelemetry collector; they are dropped',
    );
  }
}

/** Returns a span in OTLP's JSON form: ids as hexadecimal digits, times as text. */
function spanOf({ name, receivedAtNs, startNs, endNs, rule, outcome, reason }: RecordSpan): object {
  return {
    traceId: digits(`record ${receivedAtNs}`, 32),
    spanId: digits(`${name} ${receivedAtNs}`, 16),
    parentSpanId: name === 'receive' ? undefined : digits(`receive ${receivedAtNs}`, 16),
    name,
    kind: INTERNAL,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs < startNs ? startNs : endNs),
    attributes: attributesOf({
      ...(rule !== undefined && { 'sluice.rule': rule }),
      ...(outcome !== undefined && { 'sluice.outcome': outcome }),
      ...(reason !== undefined && { 'sluice.reason': reason }),
    }),
    status: outcome === 'parked' ? { code: ERROR, message: reason } : undefined,
  };
}

function digits(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}
