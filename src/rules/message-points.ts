import type { Field, Point, Series } from '../sink/point.js';
import type { MappingWarningCounts } from './mapped.js';

interface Taken {
  /** Index of the point that was placed last for this time. */
  last: number;
  /** The first nanosecond behind it that may be free. */
  nextNs: bigint;
}

/**
 * MessagePoints collects the points of the elements of one message, so that none overwrites another. Two with the same series
 * and time become one point when they have no field in common; else the later one gets the next free nanosecond. The order of
 * the elements decides, so that a replay gives the same points.
 */
export class MessagePoints {
  readonly #points: Point[] = [];
  readonly #taken = new Map<Series, Map<bigint, Taken>>();

  get points(): readonly Point[] {
    return this.#points;
  }

  add(point: Point, warnings: MappingWarningCounts): void {
    let times = this.#taken.get(point.series);
    if (times === undefined) {
      times = new Map();
      this.#taken.set(point.series, times);
    }
    const taken = times.get(point.timestampNs);
    if (taken === undefined) {
      this.#place(point, times);
      return;
    }
    const last = this.#points[taken.last]!;
    if (haveNothingInCommon(last.fields, point.fields)) {
      this.#points[taken.last] = { ...last, fields: [...last.fields, ...point.fields] };
      return;
    }
    while (times.has(taken.nextNs)) taken.nextNs++;
    this.#place({ ...point, timestampNs: taken.nextNs }, times);
    taken.last = this.#points.length - 1;
    taken.nextNs++;
    warnings['time-shifted']++;
  }

  #place(point: Point, times: Map<bigint, Taken>): void {
    this.#points.push(point);
    times.set(point.timestampNs, { last: this.#points.length - 1, nextNs: point.timestampNs + 1n });
  }
}

function haveNothingInCommon(some: readonly Field[], others: readonly Field[]): boolean {
  const names = new Set(some.map(({ name }) => name));
  return !others.some(({ name }) => names.has(name));
}
