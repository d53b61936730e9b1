import { TimeZone } from '../lib/time-zone.js';
import type { Resolution } from './aggregate.js';

const NS_PER_MS = 1_000_000n;
const MS_PER_DAY = 86_400_000;

/** A window of time, ms since 1970. */
export interface Span {
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
}

/**
 * The windows of one resolution: which of them a time falls into. A window begins with each multiple of `everyMs` since
 * 1970; a day begins at the first midnight of its date in the zone, or, where that is skipped, when the date begins, so
 * that a day has 23 or 25 hours when clocks change. Every time lies in exactly one window unless windows overlap.
 */
export class WindowSpans {
  readonly #everyMs: number;
  readonly #sizeMs: number;
  readonly #zone: TimeZone | undefined;

  /** Throws a RangeError for a time zone that does not exist. */
  constructor({ everyMs, timezone }: Pick<Resolution, 'everyMs' | 'timezone'>, sizeMs = everyMs) {
    this.#everyMs = everyMs;
    this.#sizeMs = sizeMs;
    this.#zone = timezone === undefined ? undefined : TimeZone.of(timezone);
    if (timezone !== undefined && this.#zone === undefined) {
      throw new RangeError(`there is no time zone "${timezone}"`);
    }
  }

  /** The window with a time that began last. */
  latestWith(timeMs: number): Span {
    const zone = this.#zone;
    if (zone === undefined) {
      const startMs = Math.floor(timeMs / this.#everyMs) * this.#everyMs;
      return { startMs, endMs: startMs + this.#sizeMs };
    }
    const date = Math.floor(zone.wallOf(timeMs) / MS_PER_DAY) * MS_PER_DAY;
    return { startMs: zone.instantOf(date), endMs: zone.instantOf(date + MS_PER_DAY) };
  }

  /** All windows with a time, the one that began last first. */
  allWith(timeMs: number): Span[] {
    const latest = this.latestWith(timeMs);
    const spans = [latest];
    if (this.#zone !== undefined) return spans;
    for (let startMs = latest.startMs - this.#everyMs; startMs + this.#sizeMs > timeMs; ) {
      spans.push({ startMs, endMs: startMs + this.#sizeMs });
      startMs -= this.#everyMs;
    }
    return spans;
  }

  /** The windows that have a time of the span in them, in the order of their starts. */
  *within({ startMs, endMs }: Span): Generator<Span> {
    let span = this.allWith(startMs).at(-1)!;
    while (span.startMs < endMs) {
      yield span;
      span = this.next(span);
    }
  }

  /** From the start of a window to that of the next one: where windows overlap, it is only a part of it. */
  slotOf(span: Span): Span {
    return { startMs: span.startMs, endMs: this.next(span).startMs };
  }

  /** The window that begins next. */
  next({ startMs, endMs }: Span): Span {
    if (this.#zone !== undefined) return this.latestWith(endMs);
    const next = startMs + this.#everyMs;
    return { startMs: next, endMs: next + this.#sizeMs };
  }
}

/** The windows that a point with this time falls into, for a person who asks. */
export function spansOf(
  resolution: Pick<Resolution, 'everyMs' | 'timezone'>,
  sizeMs: number,
  timestampNs: bigint,
): { readonly fromNs: bigint; readonly toNs: bigint }[] {
  return new WindowSpans(resolution, sizeMs)
    .allWith(floorToMs(timestampNs))
    .map(({ startMs, endMs }) => ({ fromNs: nsOf(startMs), toNs: nsOf(endMs) }));
}

/** The whole ms that a time in ns lies in, also before 1970. */
export function floorToMs(timeNs: bigint): number {
  const ms = Number(timeNs / NS_PER_MS);
  return timeNs % NS_PER_MS < 0n ? ms - 1 : ms;
}

export function nsOf(timeMs: number): bigint {
  return BigInt(timeMs) * NS_PER_MS;
}
