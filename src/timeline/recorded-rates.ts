/** A step of the history and how many of it are kept, by the name of the range. */
const LEVELS = {
  '3m': { stepMs: 1_000, steps: 180 },
  '1h': { stepMs: 10_000, steps: 360 },
  '24h': { stepMs: 300_000, steps: 288 },
} as const;

export const HISTORY_RANGES = ['3m', '1h', '24h'] as const satisfies readonly (keyof typeof LEVELS)[];
export type HistoryRange = (typeof HISTORY_RANGES)[number];

/** Rates of a range of time in equal steps, oldest first. The first step begins at `fromMs`. */
export interface StageHistory {
  readonly range: HistoryRange;
  readonly stepMs: number;
  /** ms since 1970. */
  readonly fromMs: number;
  /** Stage → what it takes a second; the same counters as the rates of the page. */
  readonly rates: Readonly<Record<string, readonly number[]>>;
  /** The greatest age of the oldest message that waited, in each step. */
  readonly behindMs: readonly number[];
}

interface Level {
  readonly stepMs: number;
  readonly steps: number;
  atMs: number;
  totals: Readonly<Record<string, number>>;
  readonly rates: Map<string, number[]>;
  readonly behindMs: number[];
  highestMs: number;
}

/** Keeps the rates of the stages in three resolutions, in memory, from one sample of their totals a second. */
export class RecordedRates {
  readonly #levels: Readonly<Record<HistoryRange, Level>>;

  /** @param atMs monotonic, as that of the samples */
  constructor(atMs: number, totals: Readonly<Record<string, number>>) {
    const level = (range: HistoryRange): Level => ({
      ...LEVELS[range],
      atMs,
      totals,
      rates: new Map(Object.keys(totals).map((stage) => [stage, []])),
      behindMs: [],
      highestMs: 0,
    });
    this.#levels = { '3m': level('3m'), '1h': level('1h'), '24h': level('24h') };
  }

  add(atMs: number, totals: Readonly<Record<string, number>>, behindMs: number): void {
    for (const level of Object.values(this.#levels)) {
      level.highestMs = Math.max(level.highestMs, behindMs);
      // A timer is some ms early or late.
      const passed = Math.round((atMs - level.atMs) / level.stepMs);
      if (passed > 0 && atMs - level.atMs >= level.stepMs - 500) addSteps(level, passed, atMs, totals);
    }
  }

  /** @param nowMs the wall clock, and `monotonicMs` the other at the same time */
  view(range: HistoryRange, nowMs: number, monotonicMs: number): StageHistory {
    const { stepMs, rates, behindMs, atMs } = this.#levels[range];
    return {
      range,
      stepMs,
      fromMs: Math.round(nowMs - (monotonicMs - atMs) - behindMs.length * stepMs),
      rates: Object.fromEntries([...rates].map(([stage, of]) => [stage, [...of]])),
      behindMs: [...behindMs],
    };
  }
}

/** After a pause of the machine several steps are over at once: all of them get its mean. */
function addSteps(
  level: Level,
  passed: number,
  atMs: number,
  totals: Readonly<Record<string, number>>,
): void {
  const { steps, rates, behindMs } = level;
  const seconds = (atMs - level.atMs) / 1_000;
  const count = Math.min(passed, steps);
  for (const [stage, of] of rates) {
    const more = (totals[stage] ?? 0) - (level.totals[stage] ?? 0);
    append(of, Math.max(0, Math.round((more / seconds) * 100) / 100), count, steps);
  }
  append(behindMs, Math.round(level.highestMs), count, steps);
  level.atMs = atMs;
  level.totals = totals;
  level.highestMs = 0;
}

function append(to: number[], value: number, count: number, steps: number): void {
  for (let i = 0; i < count; i += 1) to.push(value);
  if (to.length > steps) to.splice(0, to.length - steps);
}
