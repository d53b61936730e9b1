export interface BackOffOptions {
  readonly baseMs: number;
  readonly capMs: number;
}

/** The longest the store may make the sink wait by Retry-After. */
export const MAX_RETRY_AFTER_MS = 60_000;

/**
 * How long to wait before try `attempt` + 1: full jitter (anything up to the doubled limit, so that many gateways
 * do not come back together), but not before the store's Retry-After.
 * `random` gives [0, 1).
 */
export function backOffMs(
  attempt: number,
  { baseMs, capMs }: BackOffOptions,
  random: () => number,
  retryAfter?: string,
): number {
  const limitMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.max(random() * limitMs, retryAfterMs(retryAfter));
}

/** Retry-After counts seconds; the client's `retryAfter()` takes them for ms. The date form is not used by any InfluxDB. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined || !/^\d+$/.test(header.trim())) return 0;
  return Math.min(Number(header) * 1_000, MAX_RETRY_AFTER_MS);
}
