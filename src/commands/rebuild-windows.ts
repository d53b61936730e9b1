import { setTimeout as sleep } from 'node:timers/promises';
import { askForRebuild, askForWindows } from '../control/ask-gateway.js';
import { SluiceError } from '../lib/errors.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows/windows-report.js';
import { gatewayOf } from './find-gateway.js';

const NUMBERS = new Intl.NumberFormat('en-US');
const ASK_EVERY_MS = 500;

export interface RebuildOptions extends Omit<RebuildRequest, 'toMs'> {
  readonly config?: string;
  /** Absent: now. */
  readonly toMs?: number;
  readonly json: boolean;
  /** Waits before the windows are asked about again; a test passes its own. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * `sluice windows rebuild` lets the running gateway compute windows again, and waits until it has. Resolves with the exit
 * code: 1 when some windows are older than the points of the store and stay as they are.
 */
export async function rebuildWindows({
  config,
  json,
  toMs = Date.now(),
  pause = sleep,
  ...request
}: RebuildOptions): Promise<number> {
  if (request.fromMs >= toMs) throw new SluiceError('USAGE_INVALID', '--from must be before --to');
  const ask = async () => askForWindows((await gatewayOf(config)).gateway);
  const before = request.isDryRun ? undefined : await ask();
  const result = await askForRebuild((await gatewayOf(config)).gateway, { ...request, toMs });
  if (!json) process.stdout.write(rebuildText(result, request.isDryRun));
  if (before !== undefined) await waitUntilComputed(result, before, ask, pause);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (before !== undefined) process.stdout.write('All that have closed are computed.\n');
  return result.aggregates.some(({ beyondRetention }) => beyondRetention > 0) ? 1 : 0;
}

/** One line for each resolution. */
export function rebuildText({ aggregates }: RebuildResult, isDryRun: boolean): string {
  const verb = isDryRun ? 'would be computed again' : 'marked to be computed again';
  const lines = aggregates.map(({ measurement, windows, beyondRetention }) => {
    const computed = windows - beyondRetention;
    const left =
      beyondRetention === 0
        ? ''
        : `; ${windowsText(beyondRetention)} begin before the points that the store keeps, and stay as they are`;
    return `${measurement}: ${windowsText(computed)} ${verb}${left}\n`;
  });
  return lines.length === 0 ? 'No windows lie in this time.\n' : lines.join('');
}

/**
 * Shows on a terminal how many windows are left. Points that come late mark further windows all the time, so it is over when
 * there are no more marks than before.
 */
async function waitUntilComputed(
  { aggregates }: RebuildResult,
  before: WindowsReport,
  ask: () => Promise<WindowsReport>,
  pause: (ms: number) => Promise<unknown>,
): Promise<void> {
  const measurements = new Set(aggregates.map(({ measurement }) => measurement));
  const isShown = process.stderr.isTTY === true;
  const others = markedIn(before, measurements);
  let problem = '';
  for (;;) {
    const now = await ask();
    const left = markedIn(now, measurements) - others;
    if (isShown) process.stderr.write(`\r\x1b[K${left > 0 ? `${windowsText(left)} left` : ''}`);
    if (left <= 0) return;
    if (now.problem !== '' && now.problem !== problem) process.stderr.write(`${now.problem}\n`);
    problem = now.problem;
    await pause(ASK_EVERY_MS);
  }
}

function markedIn({ aggregates }: WindowsReport, measurements: ReadonlySet<string>): number {
  return aggregates
    .flatMap(({ resolutions }) => resolutions)
    .filter(({ measurement }) => measurements.has(measurement))
    .reduce((sum, { markedWindows }) => sum + markedWindows, 0);
}

function windowsText(windows: number): string {
  return `${NUMBERS.format(windows)} ${windows === 1 ? 'window' : 'windows'}`;
}
