import { askForWindows } from '../control/ask-gateway.js';
import { formatSize } from '../lib/quantity.js';
import type { AggregateReport, ResolutionReport, WindowsReport } from '../windows/windows-report.js';
import { gatewayOf } from './find-gateway.js';
import { textTable } from './text-table.js';

const NUMBERS = new Intl.NumberFormat('en-US');
const KIB = 1024;

/** `sluice windows list` prints what the windows of the running gateway are at. */
export async function listWindows({
  config,
  json,
}: {
  readonly config?: string;
  readonly json: boolean;
}): Promise<number> {
  const { gateway } = await gatewayOf(config);
  const report = await askForWindows(gateway);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : windowsText(report));
  return 0;
}

/** The report as text: a table of resolutions, where the values are, memory, and what goes wrong. */
export function windowsText(report: WindowsReport): string {
  const { aggregates, memoryBytes, maxMemoryBytes, watermarkMs, computedBy, problem } = report;
  const heads = [
    'MEASUREMENT',
    'OPEN',
    'MARKED',
    'OLDEST',
    'FOLDS',
    'MEAN',
    'LONGEST',
    'ROWS',
    'REFUSED',
    'INEXACT',
  ];
  const rows = aggregates.flatMap(({ resolutions }) => resolutions.map(resolutionRow));
  const memory = `${formatSize(Math.ceil(memoryBytes / KIB) * KIB)} of ${formatSize(maxMemoryBytes)}`;
  const lines = [
    ...textTable(heads, rows),
    '',
    ...aggregates.map(valuesLine),
    `memory: ${memory}`,
    watermarkMs === undefined ? 'no record yet' : `receive times have come to ${timeText(watermarkMs)}`,
    ...(computedBy === undefined ? [] : [`computed by ${computedBy}`]),
    ...(problem === '' ? [] : [`problem: ${problem}`]),
  ];
  return `${lines.join('\n')}\n`;
}

function resolutionRow(resolution: ResolutionReport): string[] {
  const { measurement, oldestMs, folds, foldMs, longestFoldMs } = resolution;
  const { openWindows, markedWindows, rowsWritten, rowsRefused, rowsInexact } = resolution;
  return [
    measurement,
    NUMBERS.format(openWindows),
    NUMBERS.format(markedWindows),
    oldestMs === undefined ? '-' : timeText(oldestMs),
    NUMBERS.format(folds),
    folds === 0 ? '-' : `${NUMBERS.format(Math.round(foldMs / folds))} ms`,
    folds === 0 ? '-' : `${NUMBERS.format(Math.round(longestFoldMs))} ms`,
    ...[rowsWritten, rowsRefused, rowsInexact].map((count) => NUMBERS.format(count)),
  ];
}

function valuesLine({ name, values }: AggregateReport): string {
  const { accepted, aggregated, awaiting, beyondMemory, beyondRetention } = values;
  const parts = [
    [aggregated, 'aggregated'],
    [awaiting, 'awaiting'],
    [beyondMemory, 'beyond memory'],
    [beyondRetention, 'beyond retention'],
  ] as const;
  const sum = parts.map(([count, word]) => `${NUMBERS.format(count)} ${word}`).join(' + ');
  return `values of ${name}: ${NUMBERS.format(accepted)} accepted = ${sum}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
