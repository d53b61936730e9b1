export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait after failure number `failures` in a row, from 1: full jitter, anything up to the doubled limit, so
 * that what failed together does not come back together. `random` gives [0, 1).
 */
export function backOffMs(failures: number, { baseMs, capMs }: BackOff, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
}
