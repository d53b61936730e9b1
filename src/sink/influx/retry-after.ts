/** The longest the store may make the sink wait by Retry-After. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Retry-After counts seconds; the client's `retryAfter()` takes them for ms. The date form is not used by any InfluxDB. */
export function retryAfterMs(header: string | undefined): number {
  if (header === undefined || !/^\d+$/.test(header.trim())) return 0;
  return Math.min(Number(header) * 1_000, MAX_RETRY_AFTER_MS);
}
