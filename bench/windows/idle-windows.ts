import { SystemClock } from '../../src/lib/clock.js';
import type { Point } from '../../src/sink/point.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { LogWatermark } from '../../src/windows/watermark.js';
import { Windows } from '../../src/windows/windows.js';
import { CLIMATE_FIELDS } from '../processes/climate-reading.js';

const HOUR_MS = 3_600_000;
const MEMORY_BYTES = 128 * 2 ** 20;

/** Five fields of each series in windows of five minutes and an hour. */
export const CLIMATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: HOUR_MS / 12,
  latenessMs: 0,
  fields: new Map(CLIMATE_FIELDS.map((name) => [name, { functions: ['mean', 'min', 'max'], quantiles: [] }])),
  resolutions: [
    { everyMs: HOUR_MS / 12, measurement: 'climate_5min', retentionMs: 0 },
    { everyMs: HOUR_MS, measurement: 'climate_1h', retentionMs: 0 },
  ],
};

/** A store that takes all points at once and keeps none. */
export const INSTANT_SINK = { write: async (_points: readonly Point[]) => [] };

/** Opens windows that note what is due, and compute nothing. */
export function openIdleWindows(folder: string, position: string): Promise<Windows> {
  const clock = new SystemClock();
  return Windows.open(
    { memoryBytes: MEMORY_BYTES, aggregates: [CLIMATE] },
    {
      folder,
      position,
      stores: {
        points: undefined,
        oldestKeptNs: () => undefined,
        rowsIn: () => ({ reader: undefined, ...INSTANT_SINK }),
        problem: () => '',
        close: async () => undefined,
      },
      watermark: new LogWatermark(() => true, clock),
      clock,
      warn: ({ code }) => {
        throw new Error(`windows warn: ${code}`);
      },
    },
  );
}

/** Points of so many series, one each, at a time from now on back. */
export function climatePoints(series: number, agoMs: (nth: number) => number): Point[] {
  const nowMs = Date.now();
  return Array.from({ length: series }, (_, nth) => ({
    series: { measurement: CLIMATE.from, tags: [{ name: 'device', value: `device-${nth}` }] },
    timestampNs: BigInt(nowMs - agoMs(nth)) * 1_000_000n,
    fields: CLIMATE_FIELDS.map((name, field) => ({ name, type: 'float', value: nth + field / 8 })),
  }));
}
