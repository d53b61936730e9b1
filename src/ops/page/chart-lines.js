/** Between two values further apart than this many usual distances the line breaks. */
const GAP_FACTOR = 3.5;

export const RANGES = {
  '5m': { spanMs: 300_000, bucketMs: 2_000, refreshMs: 2_000, words: 'last 5 minutes' },
  '1h': { spanMs: 3_600_000, bucketMs: 20_000, refreshMs: 5_000, words: 'last hour' },
  '24h': { spanMs: 86_400_000, bucketMs: 600_000, refreshMs: 5_000, words: 'last 24 hours' },
};

/** What is read, mapped and written within this is in the store. */
const SETTLED_MS = 500;
/** A wider bucket is shown while it fills, or a newcomer would see nothing for minutes. */
const WIDEST_HELD_BACK_MS = 2_000;

/**
 * The window to ask for, on whole buckets so that the same points fall into the same bucket each time. A bucket
 * that still fills holds some of the devices only, and its mean would jump: narrow ones are left out until full.
 */
export function windowOf({ spanMs, bucketMs }, nowMs) {
  const whole =
    bucketMs <= WIDEST_HELD_BACK_MS
      ? Math.floor((nowMs - SETTLED_MS) / bucketMs)
      : Math.ceil(nowMs / bucketMs);
  const toMs = whole * bucketMs;
  return { fromMs: toMs - spanMs, toMs, buckets: spanMs / bucketMs };
}

/**
 * A device that reports every ten seconds leaves most two-second buckets empty. For the chart `undefined` is
 * "draw on", `null` is a gap: an empty stretch becomes a gap only when it is long for this line.
 */
export function bridgeShortGaps(values) {
  const filled = [];
  for (const [index, value] of values.entries()) if (value !== null) filled.push(index);
  if (filled.length < 2) return values;

  const distances = filled.slice(1).map((index, nth) => index - filled[nth]);
  const usual = distances.toSorted((a, b) => a - b)[distances.length >> 1];
  const bridged = [...values];
  for (const [nth, distance] of distances.entries()) {
    if (distance > usual * GAP_FACTOR) continue;
    bridged.fill(undefined, filled[nth] + 1, filled[nth + 1]);
  }
  return bridged;
}

export function hasValues(groups) {
  return groups.some((group) => group.values.some((value) => value !== null));
}

/** The newest value of a line. */
export function newestValue(values) {
  return values.findLast((value) => value !== null) ?? null;
}

/** Fields that can be drawn, the most telling first: readings before counters and ids. */
export function drawableFields(fields) {
  const isBookkeeping = (name) => /^(id|seq|sequence|count|counter|ts|time|timestamp|uptime)$/i.test(name);
  return fields
    .filter(({ type }) => type === 'float' || type === 'int')
    .map(({ name, type }) => ({ name, rank: (isBookkeeping(name) ? 2 : 0) + (type === 'int' ? 1 : 0) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ name }) => name);
}

/** Of tags with their numbers of lines: the fewest lines, but more than one; else the first. */
export function bestSplit(lineCounts) {
  const splitting = lineCounts.filter(({ lines }) => lines > 1);
  if (splitting.length === 0) return lineCounts[0]?.tag;
  return splitting.reduce((best, next) => (next.lines < best.lines ? next : best)).tag;
}
