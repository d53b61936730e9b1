import type { LastSeenGroup } from '../sink/store-reader.js';
import type { CountedDevices, UsualIntervals } from './usual-intervals.js';

/** A device is silent after so many of its usual intervals, and late after fewer. */
const SILENT_AFTER_INTERVALS = 3;
const LATE_AFTER_INTERVALS = 2;
/** Nobody wants to know of a delay that is shorter. */
const LATE_AFTER_MS = 60_000;
/** What a device without a longer usual interval may keep silence. */
export const SILENT_AFTER_MS = 300_000;

export interface SilenceQuery {
  /** Absent: there is no field whose points can be counted. */
  readonly counted?: CountedDevices;
  readonly nowMs: number;
  /** No device with a point since then is silent, ms since 1970. */
  readonly silentBeforeMs: number;
}

/**
 * SilentDevices says which devices are silent or late. A device is silent when it has sent nothing for as long as the query says, and for three
 * of its usual intervals. What the gateway has received and not stored yet does not count against it.
 */
export class SilentDevices {
  readonly #intervals: Pick<UsualIntervals, 'of'>;
  readonly #behindMs: (nowMs: number) => number;

  /** @param behindMs how long ago the gateway received what it stores now; 0 when it has stored everything */
  constructor(intervals: Pick<UsualIntervals, 'of'>, behindMs: (nowMs: number) => number) {
    this.#intervals = intervals;
    this.#behindMs = behindMs;
  }

  async silent(devices: readonly LastSeenGroup[], query: SilenceQuery): Promise<ReadonlySet<string>> {
    const behindMs = this.#behindMs(query.nowMs);
    return this.#over(devices, query, SILENT_AFTER_INTERVALS, query.silentBeforeMs - behindMs, behindMs);
  }

  /** Those whose next point is overdue; silent ones are among them. */
  async late(devices: readonly LastSeenGroup[], query: SilenceQuery): Promise<ReadonlySet<string>> {
    const behindMs = this.#behindMs(query.nowMs);
    const beforeMs = query.nowMs - behindMs - LATE_AFTER_MS;
    const intervals = await this.#intervalsOf(
      devices.filter(({ atMs }) => atMs < beforeMs),
      query,
    );
    const known = devices.filter(({ name }) => intervals.has(name));
    return this.#over(known, query, LATE_AFTER_INTERVALS, beforeMs, behindMs);
  }

  async #over(
    devices: readonly LastSeenGroup[],
    query: SilenceQuery,
    times: number,
    beforeMs: number,
    behindMs: number,
  ): Promise<ReadonlySet<string>> {
    const candidates = devices.filter(({ atMs }) => atMs < beforeMs);
    const intervals = await this.#intervalsOf(candidates, query);
    const isOver = ({ name, atMs }: LastSeenGroup) =>
      query.nowMs - behindMs - atMs > times * (intervals.get(name) ?? 0);
    return new Set(candidates.filter(isOver).map(({ name }) => name));
  }

  async #intervalsOf(
    candidates: readonly LastSeenGroup[],
    { counted, nowMs }: SilenceQuery,
  ): Promise<ReadonlyMap<string, number>> {
    if (counted === undefined || candidates.length === 0) return new Map();
    const names = candidates.map(({ name }) => name);
    // When each device was last seen says something without the intervals, too.
    return this.#intervals.of(counted, names, nowMs).catch(() => new Map<string, number>());
  }
}
