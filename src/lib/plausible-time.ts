import { RELEASED_AT_MS } from './package-root.js';

const NS_PER_MS = 1_000_000n;

/** Years from 2100 on come from clocks that count something else. */
const LATEST_MS = Date.UTC(2100, 0, 1);

const RELEASED_AT_NS = BigInt(RELEASED_AT_MS) * NS_PER_MS;
const LATEST_NS = BigInt(LATEST_MS) * NS_PER_MS;

/** Before it no Sluice has run, so no record was received then. */
const FIRST_USE_NS = BigInt(Date.UTC(2020, 0, 1)) * NS_PER_MS;

/** Two machines, or a receive time and its clock, may differ so much. */
const MAX_AHEAD_NS = 60_000_000_000n;

/** Whether the machine's clock can be correct: it cannot show a time before this version was released. */
export function isPlausibleNs(clockNs: bigint): boolean {
  return clockNs >= RELEASED_AT_NS && clockNs < LATEST_NS;
}

export function isPlausibleMs(clockMs: number): boolean {
  return clockMs >= RELEASED_AT_MS && clockMs < LATEST_MS;
}

/**
 * Whether a receive time may be the time of a clock that was wrong: it is not plausible (an earlier version may have
 * received the record before the release of this one, though), or ahead of the clock.
 */
export function mayBeOfWrongClock(receivedAtNs: bigint, clockNs: bigint): boolean {
  return !isPlausibleNs(receivedAtNs) || receivedAtNs - clockNs > MAX_AHEAD_NS;
}

/** Whether a receive time is certainly that of a clock that was not set. Cheap for all times since the release. */
export function isOfUnsetClock(receivedAtNs: bigint, clockNs: () => bigint): boolean {
  if (receivedAtNs >= RELEASED_AT_NS) return receivedAtNs >= LATEST_NS;
  return receivedAtNs < FIRST_USE_NS || !isPlausibleNs(clockNs());
}
