import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeriesReader } from '../../src/reading/series-reader.js';
import type { Point } from '../../src/sink/point.js';
import type { Sink } from '../../src/sink/sink.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { LogWatermark } from '../../src/windows/watermark.js';
import { Windows } from '../../src/windows/windows.js';
import { SetClock } from '../support/clock.js';
import { pointOf, seriesOf } from '../support/points.js';

const NS_PER_MS = 1_000_000n;

export const CLIMATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 10_000,
  latenessMs: 2_000,
  fields: new Map([['v', { functions: ['mean', 'min', 'max', 'count', 'first', 'last'], quantiles: [] }]]),
  resolutions: [
    { everyMs: 10_000, measurement: 'climate_10s', retentionMs: 0 },
    { everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 },
    { everyMs: 86_400_000, measurement: 'climate_1d', retentionMs: 0, timezone: 'Europe/Berlin' },
  ],
};
/** Its rows do not tell one device from another. */
export const SITES: Aggregate = {
  ...CLIMATE,
  name: 'site',
  by: ['site'],
  fields: new Map([['v', { functions: ['mean', 'count'], quantiles: [] }]]),
  resolutions: [{ everyMs: 10_000, measurement: 'site_10s', retentionMs: 0 }],
};

export type StoredSink = Pick<Sink, 'reader' | 'windows' | 'write' | 'deleteMeasurement' | 'close'>;

export interface Value {
  readonly device: string;
  readonly site: string;
  readonly atMs: number;
  readonly v: number;
}

/** A store with points and windows, and what a test knows of the points. */
export class StoredClimate {
  readonly clock = new SetClock();
  /** Series and time → the value that was written last. */
  readonly values = new Map<string, Value>();
  /** Points before this time are deleted. */
  pointsFromMs: number | undefined;
  readonly #sink: StoredSink;
  readonly #windows: Windows;
  readonly reader: SeriesReader;
  readonly #folder: string;
  #position = 0;

  private constructor(sink: StoredSink, windows: Windows, folder: string) {
    this.#folder = folder;
    this.#sink = sink;
    this.#windows = windows;
    const points = sink.reader!;
    this.reader = new SeriesReader({
      points,
      rowsIn: (to) => windows.chartsIn(to),
      readable: (measurement) => windows.readable(measurement),
      pointsFromMs: () => this.pointsFromMs,
    });
  }

  static async open(sink: StoredSink, nowMs: number, aggregates = [CLIMATE, SITES]): Promise<StoredClimate> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-reading-'));
    const clock = new SetClock();
    clock.wallNs = BigInt(nowMs) * NS_PER_MS;
    const rows = {
      reader: sink.windows,
      charts: sink.reader,
      write: (points: readonly Point[], signal: AbortSignal) => sink.write(points, signal),
    };
    const windows = await Windows.open(
      { memoryBytes: 64 * 1024 * 1024, aggregates },
      {
        folder,
        position: '0',
        stores: {
          points: sink.windows,
          oldestKeptNs: () => undefined,
          rowsIn: () => rows,
          problem: () => '',
          close: async () => undefined,
        },
        watermark: new LogWatermark(() => true, clock),
        clock,
        warn: () => undefined,
      },
    );
    const climate = new StoredClimate(sink, windows, folder);
    // The clock of the windows is the one that the test sets.
    Object.defineProperty(climate, 'clock', { value: clock });
    return climate;
  }

  async close(): Promise<void> {
    await this.#windows.close();
    await this.#sink.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Nothing is stored yet: every window will have its row. */
  noteEmpty(): void {
    this.#windows.noteStored(new Set());
  }

  start(): void {
    this.#windows.start();
  }

  async write(values: readonly Value[]): Promise<void> {
    for (const value of values) this.values.set(`${value.device} ${value.atMs}`, value);
    // The sink takes one write at a time; folds write, too.
    await this.#windows.around(this.#sink).write(values.map(pointOfValue), new AbortController().signal);
    this.#position += values.length;
    this.#windows.processed({ position: String(this.#position), parts: [] });
  }

  /** Writes values that no window hears of, as those before the aggregate was configured. */
  async forget(values: readonly Value[]): Promise<void> {
    for (const value of values) this.values.set(`${value.device} ${value.atMs}`, value);
    await this.#sink.write(values.map(pointOfValue), new AbortController().signal);
  }

  /** What retention does, in a store that keeps no time of its own. */
  async deletePointsBefore(timeMs: number): Promise<void> {
    await this.#sink.deleteMeasurement('climate');
    const kept = [...this.values.values()].filter(({ atMs }) => atMs >= timeMs);
    for (let at = 0; at < kept.length; at += 5_000) {
      await this.#sink.write(kept.slice(at, at + 5_000).map(pointOfValue), new AbortController().signal);
    }
    this.pointsFromMs = timeMs;
  }

  pass(ms: number): void {
    this.clock.wallNs += BigInt(ms) * NS_PER_MS;
    this.#windows.processed({ position: String(this.#position), parts: [] });
  }

  /** Windows that wait to be computed and are not open. */
  get due(): number {
    const { aggregates } = this.#windows.report();
    return aggregates
      .flatMap(({ resolutions }) => resolutions)
      .reduce((sum, { markedWindows }) => sum + markedWindows, 0);
  }

  rebuild(fromMs: number, toMs: number): Promise<unknown> {
    return this.#windows.rebuild({ fromMs, toMs, isDryRun: false, isForced: false });
  }

  get nowMs(): number {
    return Number(this.clock.wallNs / NS_PER_MS);
  }
}

function pointOfValue({ device, site, atMs, v }: Value): Point {
  return pointOf(seriesOf('climate', { device, site }), BigInt(atMs) * NS_PER_MS, { v });
}
