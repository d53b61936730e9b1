/** The clock of a run; tests replace it. */
export interface RunClock {
  /** ms since 1970. */
  wallMs(): number;
  /** ms from an arbitrary start, never backwards. */
  monotonicMs(): number;
}

export const systemClock: RunClock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
