import { TimeZone } from '../lib/time-zone.js';
import type { Point } from '../sink/point.js';
import type { Aggregate, Resolution, WindowsOptions } from './aggregate.js';
import { floorToMs, type Span, WindowSpans } from './window-spans.js';

/** A window that a point falls into, as plain JSON. */
export interface ExplainedWindow {
  /** Of the rows. */
  readonly measurement: string;
  /** ISO 8601 with the offset of the zone. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  /** The tags of the row, by name. */
  readonly by: Readonly<Record<string, string>>;
}

export type ExplainWindows = (points: readonly Point[]) => ExplainedWindow[];

/** A message may become many points, and a point may be in many windows. */
const MAX_WINDOWS = 100;
const MS_PER_MINUTE = 60_000;

/** Returns the function that finds the windows that points fall into: each once, the first hundred. */
export function createExplainWindows({ aggregates }: Pick<WindowsOptions, 'aggregates'>): ExplainWindows {
  const takers = aggregates.flatMap((aggregate) =>
    aggregate.resolutions.map((resolution, index) => new Taker(aggregate, resolution, index)),
  );
  return (points) => {
    const found = new Map<string, ExplainedWindow>();
    for (const point of points) {
      for (const taker of takers) {
        for (const window of taker.windowsOf(point)) {
          if (found.size === MAX_WINDOWS) return [...found.values()];
          found.set(JSON.stringify(window), window);
        }
      }
    }
    return [...found.values()];
  };
}

/** One resolution of an aggregate. */
class Taker {
  readonly #aggregate: Aggregate;
  readonly #resolution: Resolution;
  readonly #spans: WindowSpans;
  readonly #zone: TimeZone | undefined;

  constructor(aggregate: Aggregate, resolution: Resolution, index: number) {
    this.#aggregate = aggregate;
    this.#resolution = resolution;
    // Only windows of the finest resolution overlap.
    this.#spans = new WindowSpans(resolution, index === 0 ? aggregate.sizeMs : resolution.everyMs);
    this.#zone = resolution.timezone === undefined ? undefined : TimeZone.of(resolution.timezone);
  }

  windowsOf({ series, fields, timestampNs }: Point): ExplainedWindow[] {
    const { from, by, fields: taken } = this.#aggregate;
    if (series.measurement !== from || !fields.some(({ name }) => taken.has(name))) return [];
    const tags = series.tags.filter(({ name }) => by === undefined || by.includes(name));
    const group = Object.fromEntries(tags.map(({ name, value }) => [name, value]));
    const spans = this.#spans.allWith(floorToMs(timestampNs));
    // In the order of time.
    return spans.reverse().map((span) => this.#explained(span, group));
  }

  #explained({ startMs, endMs }: Span, by: ExplainedWindow['by']): ExplainedWindow {
    const { measurement } = this.#resolution;
    return { measurement, from: timeIn(this.#zone, startMs), to: timeIn(this.#zone, endMs), by };
  }
}

/** `2026-11-30T11:25:00Z`, or with the offset of a zone: `2026-11-30T00:00:00+01:00`. */
function timeIn(zone: TimeZone | undefined, timeMs: number): string {
  const wallMs = zone?.wallOf(timeMs) ?? timeMs;
  const text = new Date(wallMs).toISOString().replace('.000Z', 'Z');
  if (zone === undefined) return text;
  const minutes = (wallMs - timeMs) / MS_PER_MINUTE;
  const sign = minutes < 0 ? '-' : '+';
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return text.replace('Z', `${sign}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`);
}
