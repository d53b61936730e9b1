const NS_PER_HOUR = 3.6e12;

/** A range of times in ns since 1970; both ends are included. */
export interface TimeRange {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/**
 * Returns few ranges that contain all times: adjacent hours form one range, and the smallest gaps are closed until
 * `maxRanges` remain. One late point must not make DuckDB read everything between it and now.
 */
export function timeRanges(timesNs: readonly bigint[], maxRanges: number): TimeRange[] {
  const hours = new Map<number, { fromNs: bigint; toNs: bigint }>();
  for (const timeNs of timesNs) {
    // Rounding to a double can only move a time into the next hour; the ends of the range stay exact.
    const hour = Math.floor(Number(timeNs) / NS_PER_HOUR);
    const range = hours.get(hour);
    if (range === undefined) hours.set(hour, { fromNs: timeNs, toNs: timeNs });
    else if (timeNs < range.fromNs) range.fromNs = timeNs;
    else if (timeNs > range.toNs) range.toNs = timeNs;
  }
  const inOrder = [...hours].sort(([a], [b]) => a - b);
  const gaps = inOrder.slice(1).map(([hour], i) => hour - (inOrder[i]?.[0] ?? hour));
  const keepOpen = new Set(
    gaps
      .map((gap, i) => ({ gap, i }))
      .filter(({ gap }) => gap > 1)
      .sort((a, b) => b.gap - a.gap)
      .slice(0, maxRanges - 1)
      .map(({ i }) => i),
  );
  const ranges: { fromNs: bigint; toNs: bigint }[] = [];
  for (const [i, [, range]] of inOrder.entries()) {
    const last = ranges.at(-1);
    if (last === undefined || keepOpen.has(i - 1)) ranges.push({ ...range });
    else last.toNs = range.toNs;
  }
  return ranges;
}
