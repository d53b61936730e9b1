import type { AggregateState } from './aggregate-state.js';
import { floorToMs } from './window-spans.js';
import type { WindowStores } from './window-stores.js';

/** Rows of a resolution that begin before this time may have been deleted, ms since 1970; -Infinity: none. */
export function keptFromMs(
  { aggregate }: AggregateState,
  level: number,
  stores: WindowStores,
  nowMs: number,
): number {
  const { measurement, retentionMs, to } = aggregate.resolutions[level]!;
  const oldestNs = to === undefined ? stores.oldestKeptNs(measurement) : undefined;
  if (oldestNs !== undefined) return floorToMs(oldestNs - 1n) + 1;
  return retentionMs === 0 ? Number.NEGATIVE_INFINITY : nowMs - retentionMs;
}
