/** @import { LiveState, StoreWay } from './types.js' */

/** Less is the usual delay between arrival and storage. */
const BEHIND_AFTER_MS = 15_000;

/**
 * Whether the store is away, and since when messages wait in the log: nothing newer can be in a chart.
 *
 * @param {LiveState} state
 * @returns {StoreWay}
 */
export function wayOf({ nowMs, backlog, sink }) {
  const isAway = sink !== undefined && sink.status.state !== 'healthy';
  const isBehind = sink !== undefined && backlog.records > 0 && backlog.oldestMs >= BEHIND_AFTER_MS;
  return { isAway, waitingFromMs: isBehind ? nowMs - backlog.oldestMs : undefined };
}
