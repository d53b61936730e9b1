export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait after `failures` failures in a row, from 1. Full jitter: a random time up to a limit that doubles
 * each time, so that clients that failed together do not return together. `random` gives [0, 1).
 */
export function backOffMs(failures: number, { baseMs, capMs }: BackOff, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
}
