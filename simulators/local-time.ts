const MS_PER_HOUR = 3_600_000;

/** Returns the hour of the day in the time zone of this process, 0 up to 24 with fractions. */
export function localHour(atMs: number): number {
  const date = new Date(atMs);
  return (
    date.getHours() +
    date.getMinutes() / 60 +
    (date.getSeconds() * 1000 + date.getMilliseconds()) / MS_PER_HOUR
  );
}

/** Returns this hour of the day that `atMs` is in, ms since 1970. */
export function atLocalHour(atMs: number, hour: number): number {
  const date = new Date(atMs);
  return date.setHours(Math.floor(hour), Math.round((hour % 1) * 60), 0, 0);
}

export function isWeekend(atMs: number): boolean {
  return new Date(atMs).getDay() % 6 === 0;
}

/** Returns how far the year has come, 0 up to 1. */
export function yearShare(atMs: number): number {
  const year = new Date(atMs).getFullYear();
  const startMs = new Date(year, 0).getTime();
  return (atMs - startMs) / (new Date(year + 1, 0).getTime() - startMs);
}
