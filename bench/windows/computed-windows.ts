import { setTimeout as sleep } from 'node:timers/promises';
import type { StageCounters } from '../../src/http/gateway-view.js';
import type { ResolutionReport, WindowsReport } from '../../src/windows/windows-report.js';
import { NotRunnable } from '../not-runnable.js';
import { CLIMATE_FIELDS } from '../processes/climate-reading.js';
import type { RunningGateway } from '../processes/gateway.js';

const POLL_MS = 100;
const STALL_MS = 60_000;

/** What the windows of a gateway are at. Throws NotRunnable when it computes none. */
export async function windowsOf(gateway: RunningGateway): Promise<WindowsReport> {
  const answer = await fetch(`${gateway.process.httpUrl}/api/counters`);
  const { windows } = (await answer.json()) as StageCounters;
  if (windows === undefined) throw new NotRunnable('this gateway computes no windows');
  return windows;
}

/** Of the only aggregate. */
export function finestOf({ aggregates }: WindowsReport): ResolutionReport {
  return aggregates[0]!.resolutions[0]!;
}

/**
 * Waits until all points are in a window of the finest resolution that has closed and is computed. `windowMs`: how long at
 * least nothing can happen. Throws when nothing moves for a minute more, or when a value was not taken.
 */
export async function computedWindows(
  gateway: RunningGateway,
  points: number,
  windowMs: number,
): Promise<WindowsReport> {
  const expected = points * CLIMATE_FIELDS.length;
  let report = await windowsOf(gateway);
  let movedAtMs = performance.now();
  while (!isComputed(report, expected)) {
    await sleep(POLL_MS);
    const next = await windowsOf(gateway);
    if (progressOf(next) !== progressOf(report)) movedAtMs = performance.now();
    else if (performance.now() - movedAtMs > windowMs + STALL_MS) {
      throw new Error(`the windows do not become computed: ${JSON.stringify(next)}`);
    }
    report = next;
  }
  return report;
}

function isComputed(report: WindowsReport, expected: number): boolean {
  const { accepted, aggregated, beyondMemory, beyondRetention } = report.aggregates[0]!.values;
  if (accepted > expected || beyondMemory + beyondRetention > 0 || finestOf(report).rowsRefused > 0) {
    throw new Error(`of ${expected} values not all are in windows: ${JSON.stringify(report)}`);
  }
  return aggregated === expected;
}

/** Without what changes although nothing happens. */
function progressOf({ aggregates }: WindowsReport): string {
  return JSON.stringify(aggregates);
}
