import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SeriesQuery } from '../../src/reading/series-query.js';
import { SeriesReader } from '../../src/reading/series-reader.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import type { Point, Series } from '../../src/sink/point.js';
import type { ReadableRows } from '../../src/windows/readable-rows.js';
import { WindowSpans } from '../../src/windows/window-spans.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { numberText, type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';

const DEVICES = 10_000;
const QUICK_DEVICES = 100;
const DAYS = 365;
const DAY_MS = 86_400_000;
const SITES = 20;
const ROWS = 'climate_1d';

/** How long `/api/series` takes over a year of daily rows, beside the same numbers asked of the rows by a plain mean of all. */
export async function readingYear(options: BenchOptions): Promise<PartReport> {
  const devices = options.isQuick ? QUICK_DEVICES : DEVICES;
  const { repeat } = sizeOf(options, 0, 0);
  const directory = mkdtempSync(join(options.directory, 'sluice-reading-year-'));
  const sink = new DuckdbSink({ path: join(directory, 'telemetry.duckdb'), retentionMs: 0 });
  try {
    await sink.open();
    const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    await fill(sink, devices, toMs);
    const timings = await ask(sink, toMs, repeat);
    return {
      title: `reading-year: /api/series over a year of daily rows, ${numberText(devices)} devices`,
      notes: [`${numberText(devices * DAYS)} rows in DuckDB; asked of the reader directly, nothing cached`],
      heads: ['question', 'ms'],
      rows: timings.map(({ question, ms }) => [question, spreadText(ms)]),
      figures: { devices, timings },
    };
  } finally {
    await sink.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill(sink: DuckdbSink, devices: number, toMs: number): Promise<void> {
  const series: Series[] = Array.from({ length: devices }, (_, nth) => ({
    measurement: ROWS,
    tags: [
      { name: 'device', value: `device-${nth}` },
      { name: 'site', value: `site-${nth % SITES}` },
    ],
  }));
  for (let day = 0; day < DAYS; day++) {
    const timestampNs = BigInt(toMs - (DAYS - day) * DAY_MS) * 1_000_000n;
    const points = series.map((one, nth): Point => {
      const mean = 20 + ((nth * 7 + day * 3) % 50) / 10;
      return {
        series: one,
        timestampNs,
        fields: [
          { name: 'open', type: 'boolean', value: false },
          { name: 'inexact', type: 'boolean', value: false },
          { name: 'v_mean', type: 'float', value: mean },
          { name: 'v_min', type: 'float', value: mean - 5 },
          { name: 'v_max', type: 'float', value: mean + 5 },
          { name: 'v_count', type: 'int', value: 8_640n },
        ],
      };
    });
    const refused = await sink.write(points, new AbortController().signal);
    if (refused.length > 0) throw new Error(`the store refused a row: ${refused[0]?.reason}`);
  }
}

async function ask(
  { reader }: DuckdbSink,
  toMs: number,
  repeat: number,
): Promise<{ readonly question: string; readonly ms: Spread }[]> {
  const rows: ReadableRows = {
    measurement: ROWS,
    everyMs: DAY_MS,
    spans: new WindowSpans({ everyMs: DAY_MS }),
    columns: new Map([
      ['v', { count: 'v_count', mean: 'v_mean', min: 'v_min', max: 'v_max', inexact: 'inexact' }],
    ]),
    completeFromMs: 0,
    keptFromMs: 0,
    closedUntilMs: toMs,
    due: [],
  };
  const series = new SeriesReader({
    points: reader,
    rowsIn: () => reader,
    readable: () => [rows],
    pointsFromMs: () => toMs,
  });
  const query: SeriesQuery = {
    measurement: 'climate',
    field: 'v',
    fn: 'mean',
    fromMs: toMs - DAYS * DAY_MS,
    toMs,
    resolution: '1d',
    order: 'count',
    maxBuckets: 2_000,
    offset: 0,
    limit: 12,
  };
  const questions: readonly (readonly [string, Partial<SeriesQuery>, number])[] = [
    ['one device', { only: { tag: 'device', values: ['device-7'] } }, 1],
    ['12 devices by name', { by: 'device', only: { tag: 'device', values: names(12) } }, 12],
    ['all devices as one line', {}, 1],
    ['by site, the first 12', { by: 'site' }, 12],
    ['by device, the first 12 of all', { by: 'device' }, 12],
    ['by device, the 20 with the greatest mean', { by: 'device', order: 'value', limit: 20 }, 20],
  ];
  const timings: { question: string; ms: Spread }[] = [];
  for (const [question, change, groups] of questions) {
    const all: number[] = [];
    for (let nth = 0; nth < Math.max(2, repeat); nth++) {
      const startMs = performance.now();
      const answer = await series.read({ ...query, ...change });
      all.push(performance.now() - startMs);
      if (answer.groups.length !== groups || answer.timesMs.length !== DAYS) {
        throw new Error(`${question}: ${answer.groups.length} groups of ${answer.timesMs.length} days`);
      }
    }
    // The first one reads the file.
    timings.push({ question, ms: spreadOf(all.slice(1)) });
  }
  return timings;
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, nth) => `device-${nth}`);
}
