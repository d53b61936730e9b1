import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { BacklogView } from '../../src/http/gateway-view.js';
import { createMetrics } from '../../src/metrics/create-metrics.js';
import type { MetricsSnapshot, WindowFacts } from '../../src/metrics/metrics-snapshot.js';
import { readSamples } from '../../src/metrics/samples.js';
import { windowsReport } from '../support/windows-report.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const NO_BACKLOG = { records: 0, oldestMs: 0, caughtUp: { state: 'now' }, summary: '' } as BacklogView;

/** A snapshot of a gateway in which nothing runs but the windows. */
function snapshotWith(windows: WindowFacts | undefined): MetricsSnapshot {
  return {
    windows,
    ledger: {
      received: 0,
      written: 0,
      parked: 0,
      filtered: 0,
      buffered: 0,
      lost: 0,
      balanced: true,
      reasons: { parked: {}, filtered: {}, lost: {} },
    },
    health: { backlog: NO_BACKLOG, problems: [] },
    deadLetterBytes: 0,
    deadLetterMaxSizeBytes: 0,
    httpRefusals: {} as MetricsSnapshot['httpRefusals'],
    warnings: {} as MetricsSnapshot['warnings'],
    threads: {},
    clock: { isImplausible: false, steps: 0 },
    reloads: {} as MetricsSnapshot['reloads'],
  };
}

/** What a scrape reads of the windows: name → values of the labels → value. */
async function scraped(snapshot: MetricsSnapshot): Promise<Record<string, Record<string, number>>> {
  const samples = await readSamples(createMetrics(() => snapshot));
  return Object.fromEntries(
    samples
      .filter(({ name }) => name.startsWith('sluice_windows_'))
      .map(({ name, values }) => [
        name.slice('sluice_windows_'.length),
        Object.fromEntries(values.map(({ labels, value }) => [Object.values(labels).join('/'), value])),
      ]),
  );
}

it('has a series for each measurement of windows, with ages in seconds', async () => {
  const report = windowsReport(
    [
      {
        measurement: 'climate_5min',
        openWindows: 2,
        markedWindows: 3,
        oldestMs: NOW_MS - 400_000,
        dueSinceMs: NOW_MS - 90_000,
        folds: 7,
        foldMs: 4_500,
        longestFoldMs: 1_250,
        rowsWritten: 70,
        rowsRefused: 5,
        rowsInexact: 1,
      },
      // The clock was set back: an age is never negative.
      { measurement: 'climate_1h', openWindows: 1, oldestMs: NOW_MS + 1_000, dueSinceMs: NOW_MS + 1_000 },
    ],
    { memoryBytes: 4_096, maxMemoryBytes: 8_192 },
  );
  expect(await scraped(snapshotWith({ report, nowMs: NOW_MS }))).toEqual({
    memory_bytes: { '': 4_096 },
    max_memory_bytes: { '': 8_192 },
    open_windows: { climate_5min: 2, climate_1h: 1 },
    marked_windows: { climate_5min: 3, climate_1h: 0 },
    oldest_seconds: { climate_5min: 400, climate_1h: 0 },
    behind_seconds: { climate_5min: 90, climate_1h: 0 },
    folds_total: { climate_5min: 7, climate_1h: 0 },
    fold_seconds_total: { climate_5min: 4.5, climate_1h: 0 },
    longest_fold_seconds: { climate_5min: 1.25, climate_1h: 0 },
    rows_written_total: { climate_5min: 70, climate_1h: 0 },
    rows_refused_total: { climate_5min: 5, climate_1h: 0 },
    rows_inexact_total: { climate_5min: 1, climate_1h: 0 },
    values: {
      'climate/accepted': 20,
      'climate/aggregated': 11,
      'climate/awaiting': 4,
      'climate/beyond_memory': 3,
      'climate/beyond_retention': 2,
    },
  });
});

it('has no ages while no window is open or waits', async () => {
  const report = windowsReport([{ measurement: 'climate_5min' }]);
  expect(await scraped(snapshotWith({ report, nowMs: NOW_MS }))).toMatchObject({
    oldest_seconds: { climate_5min: 0 },
    behind_seconds: { climate_5min: 0 },
  });
});

it('follows the windows from scrape to scrape, also where a value falls', async () => {
  let report = windowsReport([{ measurement: 'climate_5min', openWindows: 9, rowsWritten: 1 }]);
  const registry = createMetrics(() => snapshotWith({ report, nowMs: NOW_MS }));
  await readSamples(registry);
  // All collectors of one turn of the event loop read the same snapshot.
  await setImmediate();
  const values = { accepted: 20, aggregated: 15, awaiting: 0, beyondMemory: 3, beyondRetention: 2 };
  report = windowsReport([{ measurement: 'climate_5min', openWindows: 1, rowsWritten: 6 }]);
  report = { ...report, aggregates: report.aggregates.map((aggregate) => ({ ...aggregate, values })) };
  const text = await registry.metrics();
  expect(text).toContain('sluice_windows_open_windows{measurement="climate_5min"} 1\n');
  expect(text).toContain('sluice_windows_rows_written_total{measurement="climate_5min"} 6\n');
  expect(text).toContain('sluice_windows_values{aggregate="climate",outcome="awaiting"} 0\n');
});

it('has no metric of windows where none are configured', async () => {
  expect(await scraped(snapshotWith(undefined))).toEqual({});
});
