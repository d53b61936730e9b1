import { TimeZone } from '../lib/time-zone.js';

const MS_PER_DAY = 86_400_000;
/** Looks are a second apart; a machine that slept over midnight has missed it. */
const SEEN_MIDNIGHT_MS = 10_000;

/** Totals since the data directory was made. */
export interface DayTotals {
  readonly received: number;
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  readonly lost: number;
  readonly buffered: number;
  /** Records that were ever parked, those included that a replay has written since. */
  readonly everParked: number;
}

/** The totals at the begin of a day, as they are saved. */
export interface DayStart {
  /** Midnight of the zone. */
  readonly dayMs: number;
  /** When the totals were taken: `dayMs` where they are those of midnight. */
  readonly sinceMs: number;
  readonly totals: DayTotals;
}

/**
 * What became of records since midnight: received + waitingBefore = written + parked + filtered + lost + those that wait now. A
 * replay of records of an earlier day moves them here, too, so `parked` can be below 0.
 */
export interface LedgerToday {
  /** Midnight, or the time since when it is counted: where `isWholeDay` is false, nobody knows the totals at midnight. */
  readonly sinceMs: number;
  readonly isWholeDay: boolean;
  readonly received: number;
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  readonly lost: number;
  /** Records that waited when the day began. */
  readonly waitingBefore: number;
}

/** The ledger since midnight, by the totals that were taken then. */
export class LedgerOfDay {
  readonly #zone: TimeZone | undefined;
  #start: DayStart | undefined;
  #lastMs: number | undefined;

  /** @param zoneName an IANA name; UTC where the system knows none */
  constructor(zoneName: string) {
    this.#zone = TimeZone.of(zoneName);
  }

  /** Continues the day of an earlier process. */
  load(start: DayStart): void {
    this.#start = start;
  }

  get start(): DayStart | undefined {
    return this.#start;
  }

  /**
   * Takes the totals of now. Returns whether a day has begun.
   *
   * @param newestMs when the newest record of an earlier process was received; absent: there is none, or it is not known
   */
  look(atMs: number, totals: DayTotals, newestMs?: number): boolean {
    const lastMs = this.#lastMs;
    this.#lastMs = atMs;
    const dayMs = this.#midnightBefore(atMs);
    if (this.#start?.dayMs === dayMs) return false;
    const isWhole =
      lastMs === undefined
        ? this.#wasIdleSince(dayMs, totals, newestMs)
        : lastMs < dayMs && atMs - lastMs < SEEN_MIDNIGHT_MS;
    this.#start = { dayMs, sinceMs: isWhole ? dayMs : atMs, totals };
    return true;
  }

  today(totals: DayTotals): LedgerToday | undefined {
    if (this.#start === undefined) return undefined;
    const { dayMs, sinceMs, totals: before } = this.#start;
    return {
      sinceMs,
      isWholeDay: sinceMs === dayMs,
      received: totals.received - before.received,
      written: totals.written - before.written,
      parked: totals.parked - before.parked,
      filtered: totals.filtered - before.filtered,
      lost: totals.lost - before.lost,
      waitingBefore: before.buffered,
    };
  }

  parkedToday(totals: DayTotals): number {
    return Math.max(0, totals.everParked - (this.#start?.totals.everParked ?? totals.everParked));
  }

  /** Whether nothing ran between midnight and the start: then the totals of now are those of midnight. */
  #wasIdleSince(dayMs: number, { received }: DayTotals, newestMs: number | undefined): boolean {
    if (received === 0) return true;
    return (
      this.#start !== undefined && this.#start.dayMs < dayMs && newestMs !== undefined && newestMs < dayMs
    );
  }

  #midnightBefore(atMs: number): number {
    if (this.#zone === undefined) return Math.floor(atMs / MS_PER_DAY) * MS_PER_DAY;
    const wallMs = this.#zone.wallOf(atMs);
    return this.#zone.instantOf(Math.floor(wallMs / MS_PER_DAY) * MS_PER_DAY);
  }
}
