export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** A lane whose Kinesis record was throttled, failed or perhaps stored. */
export const LANE_BACK_OFF: BackOff = { baseMs: 100, capMs: 5_000 };

/** The whole stream, while it is missing, changing or denied. */
export const STREAM_BACK_OFF: BackOff = { baseMs: 500, capMs: 30_000 };

/**
 * How long to wait after failure number `failures` (from 1): full jitter, anything up to the doubled limit, so that
 * lanes and gateways which failed together do not come back together. `random` gives [0, 1).
 */
export function backOffMs(failures: number, { baseMs, capMs }: BackOff, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
}
