import { type CheckResult, fail, ok, warn } from './check-result.js';

const NAME = 'clock';
/** No machine that runs this build can be earlier. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
const MAX_STEP_MS = 500;
const MAX_OFF_MS = 60_000;
const ADVICE =
  'set the clock and keep it with NTP: readings are stamped by it, and those outside of time.window are parked';

/** Both clocks at one moment. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function readClocks(): ClockReading {
  return { wallMs: Date.now(), monotonicMs: performance.now() };
}

/** `storeAheadMs`: how far the clock of the store is ahead; absent when it did not say. */
export function checkWallClock(
  began: ClockReading,
  now: ClockReading,
  storeAheadMs: number | undefined,
): CheckResult {
  const time = Number.isFinite(now.wallMs) ? new Date(now.wallMs).toISOString() : String(now.wallMs);
  if (now.wallMs < EARLIEST_MS || now.wallMs >= LATEST_MS) {
    return fail(NAME, `${time} cannot be right`, ADVICE);
  }
  const stepMs = now.wallMs - began.wallMs - (now.monotonicMs - began.monotonicMs);
  if (Math.abs(stepMs) > MAX_STEP_MS) {
    return warn(NAME, `${time}; it jumped by ${Math.round(stepMs)} ms during the checks`, ADVICE);
  }
  if (storeAheadMs === undefined) return ok(NAME, `${time}; nothing to compare it with`);
  const off = `${time}; the store's is ${Math.abs(Math.round(storeAheadMs / 1_000))} s ${storeAheadMs < 0 ? 'behind' : 'ahead'}`;
  return Math.abs(storeAheadMs) > MAX_OFF_MS ? warn(NAME, off, ADVICE) : ok(NAME, off);
}
