import type { Point, Series } from '../point.js';
import type { Rejection } from '../sink.js';
import type { LineEncoder } from './line.js';

/** Lines that are sent one request after the other, in this order. */
export interface LineQueue {
  readonly lines: string[];
  /** Index of each line's point in the array given to `write`. */
  readonly indices: number[];
}

/** Distributes points over queues that are written at the same time. A series always gets the same queue, so its points keep their order. */
export class LineDistributor {
  readonly #encoder: LineEncoder;
  readonly #queueCount: number;
  readonly #queueOf = new WeakMap<Series, number>();

  constructor(encoder: LineEncoder, queueCount: number) {
    this.#encoder = encoder;
    this.#queueCount = queueCount;
  }

  /** Returns the points as lines, without empty queues; adds points that have no line to `rejections`. */
  distribute(points: readonly Point[], rejections: Rejection[]): readonly LineQueue[] {
    const queues: LineQueue[] = Array.from({ length: this.#queueCount }, () => ({ lines: [], indices: [] }));
    for (let index = 0; index < points.length; index++) {
      const point = points[index]!;
      const line = this.#encoder.encode(point);
      if (typeof line !== 'string') {
        rejections.push({ index, code: 'not-expressible', reason: line.reason });
        continue;
      }
      const queue = queues[this.#queueCount === 1 ? 0 : this.#queueIndex(point.series)]!;
      queue.lines.push(line);
      queue.indices.push(index);
    }
    return queues.filter((queue) => queue.lines.length > 0);
  }

  #queueIndex(series: Series): number {
    const known = this.#queueOf.get(series);
    if (known !== undefined) return known;
    // The content decides, not the object: two objects of one series must get the same queue.
    const content = JSON.stringify([series.measurement, series.tags.map(({ name, value }) => [name, value])]);
    const index = hashOf(content) % this.#queueCount;
    this.#queueOf.set(series, index);
    return index;
  }
}

/** Yields the range of lines for each request of a queue; a line larger than `maxBytes` is sent alone. */
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

/** Returns the 32-bit FNV-1a hash. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
