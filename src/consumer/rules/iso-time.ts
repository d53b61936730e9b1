const NS_PER_MS = 1_000_000n;
/** The last instant `Date` can express, ms since 1970. */
const MAX_DATE_MS = 8_640_000_000_000_000n;

/** ISO 8601 in UTC with as many decimals as needed; beyond four digits of year, words. */
export function isoTime(ns: bigint): string {
  let ms = ns / NS_PER_MS;
  let restNs = ns % NS_PER_MS;
  if (restNs < 0n) {
    restNs += NS_PER_MS;
    ms -= 1n;
  }
  if (ms > MAX_DATE_MS) return 'after the year 275760';
  if (ms < -MAX_DATE_MS) return 'before the year -271821';
  const date = new Date(Number(ms));
  const year = date.getUTCFullYear();
  if (year < 0 || year > 9999) return `in the year ${year}`;
  const iso = date.toISOString();
  if (restNs === 0n) return iso.replace('.000Z', 'Z');
  return iso.replace('Z', `${restNs.toString().padStart(6, '0').replace(/0+$/, '')}Z`);
}

const DURATION_UNITS = [
  { ms: 86_400_000, word: 'd' },
  { ms: 3_600_000, word: 'h' },
  { ms: 60_000, word: 'min' },
  { ms: 1_000, word: 's' },
] as const;

/** `7 d`, `10 min`, `1.5 h`: the largest unit that is not below one. */
export function durationText(ms: number): string {
  const unit = DURATION_UNITS.find((candidate) => ms >= candidate.ms);
  return unit === undefined ? `${ms} ms` : `${Math.round((ms / unit.ms) * 100) / 100} ${unit.word}`;
}
