import type { Field, Point, Series } from '../sink/point.js';
import type { MappingWarningCounts } from './mapped.js';

interface Taken {
  /** Index of the point that was placed last for this time. */
  last: number;
  /** The first nanosecond behind it that may be free. */
  nextNs: bigint;
}

/** What a point is known by, whatever its fields are. */
export type PointIdentity = Pick<Point, 'series' | 'timestampNs'>;

/**
 * MessagePoints collects the points of the elements of one message, so that none overwrites another. Two with the same series
 * and time become one point when they have no field in common; else the later one gets the next free nanosecond. The order of
 * the elements decides, so that a replay gives the same points.
 */
export class MessagePoints {
  readonly #points: Point[] = [];
  readonly #taken = new Map<Series, Map<bigint, Taken>>();
  readonly #failed: (PointIdentity | undefined)[] = [];
  #areSomeAlike = false;

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
    this.#areSomeAlike = true;
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

  /** Notes an element that could not become a point; its identity where it has one all the same. */
  addFailed(identity: PointIdentity | undefined): void {
    this.#failed.push(identity);
  }

  /**
   * Whether the points depend on the elements that failed: of those alike in series and time, the place of one depends on the
   * ones before it. Once the rule is fixed, a replay would move a point, and what it was stored as before would stay. An
   * element without identity may be like any of those that are alike.
   */
  get dependOnFailed(): boolean {
    return this.#failed.some((identity) =>
      identity === undefined
        ? this.#areSomeAlike
        : this.#taken.get(identity.series)?.has(identity.timestampNs) === true,
    );
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
