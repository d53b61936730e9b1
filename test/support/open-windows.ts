import type { Aggregate } from '../../src/windows/aggregate.js';
import { LogWatermark } from '../../src/windows/watermark.js';
import { Windows } from '../../src/windows/windows.js';
import { SetClock } from './clock.js';

/** Opens the windows of these aggregates at the position 0 as a process does that computes none and sees no point. */
export function openIdleWindows(
  folder: string,
  aggregates: readonly Aggregate[],
  warn: () => void = () => undefined,
): Promise<Windows> {
  const clock = new SetClock();
  const rows = { reader: undefined, write: async () => [] };
  return Windows.open(
    { memoryBytes: 1024 * 1024, aggregates },
    {
      folder,
      position: '0',
      stores: {
        points: undefined,
        oldestKeptNs: () => undefined,
        rowsIn: () => rows,
        problem: () => '',
        close: async () => undefined,
      },
      watermark: new LogWatermark(() => true, clock),
      clock,
      warn,
    },
  );
}
