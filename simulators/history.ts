import type { Fleet } from './fleet.js';
import type { History } from './options.js';

/** No scenario has a coarser time in its payloads. */
export const COARSEST_RESOLUTION_MS = 1000;

/** What the readings of now continue. */
export interface SentHistory {
  readonly startMs: number;
  /** Readings of a device, at most. */
  readonly ticks: number;
  /** No reading is later. */
  readonly untilMs: number;
  readonly messages: number;
}

/**
 * Returns where the history begins and how many readings a device has at most. The grid does not depend on the second
 * in which the run starts, so that a second run sends the same times again.
 */
export function historyGrid({ pastMs, intervalMs }: History, nowMs: number) {
  const steps = Math.floor(pastMs / intervalMs);
  const startMs = (Math.floor(nowMs / intervalMs) - steps) * intervalMs;
  return { startMs, ticks: steps + 1 };
}

/** The same devices with the readings of the history, as fast as they are acknowledged. */
export function historyFleet(fleet: Fleet, { intervalMs }: History): Fleet {
  return { ...fleet, paceUs: 0, stepUs: intervalMs * 1000, messages: Number.POSITIVE_INFINITY };
}

/** Returns the number of readings of all devices, those of silent ones included. */
export function historyReadings(fleets: readonly Fleet[], history: History, nowMs: number): number {
  const { ticks } = historyGrid(history, nowMs);
  // The devices of a fleet are spread over an interval, and the last interval has just begun.
  const intoIntervalMs = nowMs % history.intervalMs;
  return fleets.reduce((sum, { devices }) => {
    const due = Math.floor((intoIntervalMs * devices.length) / history.intervalMs) + 1;
    return sum + devices.length * (ticks - 1) + due;
  }, 0);
}
