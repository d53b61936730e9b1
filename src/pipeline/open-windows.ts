import type { Clock } from '../lib/clock.js';
import type { Warn } from '../lib/warnings.js';
import { createTargetSink } from '../sink/create-sink.js';
import { isUnavailable, type Sink } from '../sink/sink.js';
import { savedLayouts } from '../windows/drop-aggregate.js';
import { SharedWindows } from '../windows/shared/shared-windows.js';
import { LogWatermark, ShardsWatermark } from '../windows/watermark.js';
import type { RowStore, WindowStores } from '../windows/window-stores.js';
import { Windows } from '../windows/windows.js';
import type { WindowsStage } from '../windows/windows-stage.js';
import type { ConsumeOptions } from './consume-protocol.js';
import type { ConsumerSource } from './consumer-source.js';

export interface OpenWindowsParts {
  readonly sink: Sink;
  /** Writes rows to the sink, in turn with the points of others. */
  readonly writes: Pick<Sink, 'write'>;
  /** Whether all records that the consumer was given are completed. */
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly warn: Warn;
}

/**
 * Opens the windows of the configuration, and the sinks of rows that go beside the points; undefined: there are none.
 * Rejects with CONFIG_INVALID.
 */
export async function openWindows(
  options: Pick<ConsumeOptions, 'windows' | 'directory' | 'sink'>,
  source: ConsumerSource,
  parts: OpenWindowsParts,
): Promise<WindowsStage | undefined> {
  if (options.windows === undefined) return undefined;
  const { isIdle, clock, warn } = parts;
  const stores = await openStores(options.sink, targetsOf(options.windows), parts);
  const shards = () => source.shards?.() ?? new Map<string, boolean>();
  try {
    const { sharedWindows: stream, startPosition: position } = source;
    if (stream !== undefined) {
      // What is on its way to the store is not at its end for the others, who compute from there.
      const ended = () => new Map([...shards()].map(([shard, isAtEnd]) => [shard, isAtEnd && isIdle()]));
      const watermark = new ShardsWatermark(ended, clock);
      const windows = new SharedWindows(options.windows, { stream, stores, watermark, clock, warn });
      stream.use(windows);
      return windows;
    }
    if (position === undefined) throw new Error('a source that is not shared has a position');
    const watermark =
      source.shards === undefined ? new LogWatermark(isIdle, clock) : new ShardsWatermark(shards, clock);
    const folder = options.directory.windows;
    return await Windows.open(options.windows, { folder, position, stores, watermark, clock, warn });
  } catch (thrown) {
    await stores.close();
    throw thrown;
  }
}

/** The measurements with rows of aggregates and resolutions that are no longer configured: nothing says that they may go. */
export async function formerRows({
  windows,
  directory,
}: Pick<ConsumeOptions, 'windows' | 'directory'>): Promise<ReadonlySet<string>> {
  const layouts = Object.values(await savedLayouts(directory.windows));
  const former = new Set(layouts.flatMap(({ resolutions }) => Object.keys(resolutions)));
  for (const { resolutions } of windows?.aggregates ?? []) {
    for (const { measurement } of resolutions) former.delete(measurement);
  }
  return former;
}

function targetsOf({ aggregates }: NonNullable<ConsumeOptions['windows']>): Set<string> {
  const targets = aggregates.flatMap(({ resolutions }) => resolutions.map(({ to }) => to));
  return new Set(targets.filter((to) => to !== undefined));
}

async function openStores(
  options: ConsumeOptions['sink'],
  targets: ReadonlySet<string>,
  { sink, writes, clock, warn }: OpenWindowsParts,
): Promise<WindowStores> {
  const besidePoints: RowStore = {
    reader: sink.windows,
    charts: sink.reader,
    write: (points, signal) => writes.write(points, signal),
  };
  const sinks = new Map([...targets].map((to) => [to, createTargetSink(options, to, clock, warn)]));
  for (const target of sinks.values()) await target.open();
  return {
    points: sink.windows,
    oldestKeptNs: (measurement) => sink.oldestKeptNs?.(measurement),
    rowsIn: (to) => {
      const target = to === undefined ? undefined : sinks.get(to);
      if (target === undefined) return besidePoints;
      return {
        reader: target.windows,
        charts: target.reader,
        write: (points, signal) => target.write(points, signal),
      };
    },
    problem: () => [...sinks.values()].map((target) => target.status()).find(isUnavailable)?.detail ?? '',
    close: async () => {
      for (const target of sinks.values()) await target.close();
    },
  };
}
