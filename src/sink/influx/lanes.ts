import type { Point, Refusal, Series } from '../sink.js';
import type { LineEncoder } from './line.js';

/** Lines that go out one request after the other, in this order. */
export interface Lane {
  readonly lines: string[];
  /** Index of each line's point in the array given to `write`. */
  readonly indices: number[];
}

/** Spreads series over lanes: a series always takes the same one, so its points keep their order. */
export class LaneSorter {
  readonly #encoder: LineEncoder;
  readonly #laneCount: number;
  readonly #laneOf = new WeakMap<Series, number>();

  constructor(encoder: LineEncoder, laneCount: number) {
    this.#encoder = encoder;
    this.#laneCount = laneCount;
  }

  /** The points as lines by lane; what has no line goes to `refusals`. */
  sort(points: readonly Point[], refusals: Refusal[]): readonly Lane[] {
    const lanes: Lane[] = Array.from({ length: this.#laneCount }, () => ({ lines: [], indices: [] }));
    for (let index = 0; index < points.length; index++) {
      const point = points[index]!;
      const line = this.#encoder.encode(point);
      if (typeof line !== 'string') {
        refusals.push({ index, code: 'not-expressible', reason: line.reason });
        continue;
      }
      const lane = lanes[this.#laneCount === 1 ? 0 : this.#lane(point.series)]!;
      lane.lines.push(line);
      lane.indices.push(index);
    }
    return lanes.filter((lane) => lane.lines.length > 0);
  }

  #lane(series: Series): number {
    const known = this.#laneOf.get(series);
    if (known !== undefined) return known;
    // By content, not by object: two objects of one series must meet in one lane.
    const lane =
      hashOf(JSON.stringify([series.measurement, series.tags.map((t) => [t.name, t.value])])) %
      this.#laneCount;
    this.#laneOf.set(series, lane);
    return lane;
  }
}

/** Where each request of a lane ends; a line larger than `maxBytes` goes alone. */
export function* chunkBounds(
  lines: readonly string[],
  maxLines: number,
  maxBytes: number,
): Generator<readonly [from: number, to: number]> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < lines.length; i++) {
    const lineBytes = Buffer.byteLength(lines[i]!) + 1;
    if (i > from && (i - from >= maxLines || bytes + lineBytes > maxBytes)) {
      yield [from, i];
      from = i;
      bytes = 0;
    }
    bytes += lineBytes;
  }
  if (from < lines.length) yield [from, lines.length];
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
