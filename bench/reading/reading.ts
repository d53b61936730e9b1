import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../harness/server-process.js';
import { startInfluxd } from '../../harness/servers.js';
import { SystemClock } from '../../src/lib/clock.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { InfluxSink } from '../../src/sink/influx/influx-sink.js';
import type { Sink } from '../../src/sink/sink.js';
import type { StoreReader } from '../../src/sink/store-reader.js';
import { NotRunnable } from '../not-runnable.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { cpuUsageOf, peakRssBytes } from '../processes/process-usage.js';
import { numberText, type Spread, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { LargeFleet } from './large-fleet.js';
import { pageQuestions } from './page-questions.js';

const DEVICES = 10_000;
const QUICK_DEVICES = 300;
const REPORTS = 60;
const SPAN_MS = REPORTS * 10_000;

interface ReadStore {
  readonly name: string;
  readonly sink: Sink & { readonly reader: StoreReader };
  /** Whose memory is shown. */
  readonly pid: number;
  stop(): Promise<void>;
}

interface Timing {
  readonly store: string;
  readonly question: string;
  readonly ms: Spread;
  readonly whileWritingMs: Spread;
}

/** How long the live page's questions take with a large fleet, and what they cost the writer. */
export async function reading(options: BenchOptions): Promise<PartReport> {
  if (findProgram('influxd') === undefined) throw new NotRunnable('influxd is not installed');
  const devices = options.isQuick ? QUICK_DEVICES : DEVICES;
  const { repeat } = sizeOf(options, 0, 0);
  const timings: Timing[] = [];
  const writing: string[] = [];
  for (const start of [startDuckdb, startInflux]) {
    const store = await start(options.directory);
    try {
      const measured = await measure(store, devices, repeat);
      timings.push(...measured.timings);
      writing.push(measured.note);
    } finally {
      await store.stop();
    }
  }
  return {
    title: `reading: the live page's questions, ${numberText(devices)} devices in the store`,
    notes: [
      `${REPORTS} points of 10 fields a device over 10 minutes; asked of the sink directly, nothing cached`,
      'in ms; beside them the same while all devices are written again and again',
      ...writing,
    ],
    heads: ['store', 'question', 'ms', 'ms while writing'],
    rows: timings.map(({ store, question, ms, whileWritingMs }) => [
      store,
      question,
      spreadText(ms),
      spreadText(whileWritingMs),
    ]),
    figures: { devices, timings, writing },
  };
}

async function measure(
  { name, sink, pid }: ReadStore,
  devices: number,
  repeat: number,
): Promise<{ timings: Timing[]; note: string }> {
  const fleet = new LargeFleet(devices, REPORTS);
  await fleet.fill(sink, REPORTS);
  const questions = pageQuestions(sink.reader, devices, SPAN_MS);
  const quiet: Spread[] = [];
  const rssBefore = peakRssBytes(pid);
  for (const { ask } of questions) quiet.push(await timed(ask, repeat));
  const rssAfter = peakRssBytes(pid);

  const alone = await pointsPerSecond(fleet, sink, devices, () => Promise.resolve());
  const busy: Spread[] = [];
  const beside = await pointsPerSecond(fleet, sink, devices, async () => {
    for (const { ask } of questions) busy.push(await timed(ask, repeat));
  });
  return {
    timings: questions.map(({ name: question }, nth) => ({
      store: name,
      question,
      ms: quiet[nth]!,
      whileWritingMs: busy[nth]!,
    })),
    note:
      `${name}: ${numberText(alone)} points/s written alone, ${numberText(beside)} beside questions without a pause; ` +
      `peak memory of its process ${mib(rssBefore)} before the questions, ${mib(rssAfter)} after; ` +
      `${numberText(cpuUsageOf(pid).totalSeconds)} s of CPU in all`,
  };
}

const MIN_REPORTS = 5;

/** Writes while `meanwhile` runs, and a little longer. */
async function pointsPerSecond(
  fleet: LargeFleet,
  sink: Sink,
  devices: number,
  meanwhile: () => Promise<void>,
): Promise<number> {
  let isAsking = true;
  const asking = meanwhile().finally(() => {
    isAsking = false;
  });
  const startMs = performance.now();
  let reports = 0;
  while (isAsking || reports < MIN_REPORTS) {
    await fleet.fill(sink, 1);
    reports += 1;
  }
  const seconds = (performance.now() - startMs) / 1_000;
  await asking;
  return (reports * devices) / seconds;
}

async function timed(ask: () => Promise<void>, repeat: number): Promise<Spread> {
  const all: number[] = [];
  for (let nth = 0; nth < repeat; nth++) {
    const startMs = performance.now();
    await ask();
    all.push(performance.now() - startMs);
  }
  return spreadOf(all);
}

async function startDuckdb(parent: string): Promise<ReadStore> {
  const directory = mkdtempSync(join(parent, 'sluice-reading-'));
  const sink = new DuckdbSink({ path: join(directory, 'telemetry.duckdb') });
  await sink.open();
  return {
    name: 'DuckDB',
    sink,
    pid: process.pid,
    stop: async () => {
      await sink.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function startInflux(): Promise<ReadStore> {
  const server = await startInfluxd({ databases: ['bench'] });
  const sink = new InfluxSink(
    { url: server.url, version: 1, database: 'bench' },
    { clock: new SystemClock(), warn: (fields, sentence) => console.error(sentence, fields) },
  );
  await sink.open();
  return {
    name: 'InfluxDB 1',
    sink,
    pid: server.pid,
    stop: async () => {
      await sink.close();
      await server.stop();
    },
  };
}

function mib(bytes: number): string {
  return `${numberText(bytes / 2 ** 20)} MiB`;
}
