import type { Fleet } from './fleet.js';
import type { History } from './options.js';

/** No scenario has a coarser time in its payloads. */
const COARSEST_RESOLUTION_MS = 1000;
/** The last part has more readings, because a chart of these minutes has room for them. */
const DENSE_MS = 15 * 60_000;
const TIMES_DENSER = 12;

/** A part of the history in which the readings of a device have the same distance. */
export interface HistoryStage {
  readonly startMs: number;
  /** No reading is later. */
  readonly untilMs: number;
  readonly intervalMs: number;
  /** What the stages before have made, for `LaneOptions`. */
  readonly before: { readonly ticks: number; readonly elapsedMs: number };
}

/**
 * Returns the parts of a history that ends now, the oldest first. Their grids of time do not depend on the second in
 * which the run starts, so that a second run sends the same times again.
 */
export function historyStages({ pastMs, intervalMs }: History, nowMs: number): readonly HistoryStage[] {
  const startMs = onGrid(nowMs - pastMs, intervalMs);
  const denseFromMs = onGrid(nowMs - DENSE_MS, intervalMs);
  const isDense = denseFromMs > startMs;
  const denseMs = isDense ? Math.max(COARSEST_RESOLUTION_MS, intervalMs / TIMES_DENSER) : intervalMs;
  const newestMs = Math.max(isDense ? denseFromMs : startMs, onGrid(nowMs, denseMs) - denseMs);
  const parts = [
    ...(isDense ? [{ startMs, intervalMs }] : []),
    { startMs: isDense ? denseFromMs : startMs, intervalMs: denseMs },
    { startMs: newestMs, intervalMs: denseMs },
  ];
  const before = { ticks: 0, elapsedMs: 0 };
  return parts.map((part, nth): HistoryStage => {
    const nextMs = parts[nth + 1]?.startMs;
    const stage = { ...part, untilMs: nextMs === undefined ? nowMs : nextMs - 1, before: { ...before } };
    before.ticks += Math.round(((nextMs ?? 0) - part.startMs) / part.intervalMs);
    before.elapsedMs = (nextMs ?? 0) - startMs;
    return stage;
  });
}

/**
 * Returns the parts in the order in which they are sent: the newest readings first, so that no device seems to be silent
 * while its past comes; then from the oldest on.
 */
export function sendingOrder(stages: readonly HistoryStage[]): readonly HistoryStage[] {
  return [...stages.slice(-1), ...stages.slice(0, -1)];
}

/** Returns when the readings of now begin, and what they continue. No time of a device comes twice. */
export function afterHistory(stages: readonly HistoryStage[]): Pick<HistoryStage, 'startMs' | 'before'> {
  const { startMs, untilMs, intervalMs, before } = stages.at(-1)!;
  const nextMs = untilMs + COARSEST_RESOLUTION_MS;
  return {
    startMs: nextMs,
    before: {
      ticks: before.ticks + Math.floor((untilMs - startMs) / intervalMs) + 1,
      elapsedMs: before.elapsedMs + nextMs - startMs,
    },
  };
}

/** The same devices with the readings of a stage, as fast as they are acknowledged. */
export function stageFleet(fleet: Fleet, { intervalMs }: HistoryStage): Fleet {
  return { ...fleet, paceUs: 0, stepUs: Math.round(intervalMs * 1000), messages: Number.POSITIVE_INFINITY };
}

/** Returns about how many readings a history has; those of silent devices are among them. */
export function historyReadings(stages: readonly HistoryStage[], devices: number): number {
  return stages.reduce(
    (sum, { startMs, untilMs, intervalMs }) => sum + Math.round(((untilMs - startMs) * devices) / intervalMs),
    0,
  );
}

function onGrid(atMs: number, intervalMs: number): number {
  return Math.floor(atMs / intervalMs) * intervalMs;
}
