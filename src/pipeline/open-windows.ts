import type { Clock } from '../lib/clock.js';
import type { Warn } from '../lib/warnings.js';
import type { Sink } from '../sink/sink.js';
import type { RowStore } from '../windows/window-stores.js';
import { Windows } from '../windows/windows.js';
import type { ConsumeOptions } from './consume-protocol.js';
import type { ConsumerSource } from './consumer-source.js';

export interface OpenWindowsParts {
  readonly sink: Sink;
  /** Writes rows to the sink, in turn with the points of others. */
  readonly writes: Pick<Sink, 'write'>;
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly warn: Warn;
}

/** Opens the windows of the configuration; undefined: there are none. Rejects with CONFIG_INVALID. */
export async function openWindows(
  { windows, directory }: Pick<ConsumeOptions, 'windows' | 'directory'>,
  { startPosition }: ConsumerSource,
  { sink, writes, isIdle, clock, warn }: OpenWindowsParts,
): Promise<Windows | undefined> {
  if (windows === undefined || startPosition === undefined) return undefined;
  const rows: RowStore = {
    reader: sink.windows,
    write: (points, signal) => writes.write(points, signal),
  };
  return Windows.open(windows, {
    folder: directory.windows,
    position: startPosition,
    stores: {
      points: sink.windows,
      oldestKeptNs: (measurement) => sink.oldestKeptNs?.(measurement),
      rowsIn: () => rows,
    },
    isIdle,
    clock,
    warn,
  });
}
