import type { Point, Series } from '../../src/sink/point.js';
import type { Sink } from '../../src/sink/sink.js';

export const FLEET_MEASUREMENT = 'fleet';
export const FLEET_FIELDS = Array.from({ length: 10 }, (_, nth) => `field${nth}`);
const INTERVAL_MS = 10_000;
const CITIES = 50;

/** Devices with ten float fields each that all report every ten seconds. */
export class LargeFleet {
  readonly startMs: number;
  readonly #series: readonly Series[];
  #reports = 0;

  /** @param reports of each device that are to lie in the past */
  constructor(devices: number, reports: number) {
    this.startMs = Date.now() - reports * INTERVAL_MS;
    this.#series = Array.from({ length: devices }, (_, nth) => ({
      measurement: FLEET_MEASUREMENT,
      tags: [
        { name: 'city', value: `city-${nth % CITIES}` },
        { name: 'device', value: `device-${nth}` },
      ],
    }));
  }

  /** The next report of every device. */
  report(): Point[] {
    const atMs = this.startMs + this.#reports++ * INTERVAL_MS;
    return this.#series.map((series, nth) => ({
      series,
      timestampNs: BigInt(atMs) * 1_000_000n + BigInt(nth),
      fields: FLEET_FIELDS.map((name, field) => ({
        name,
        type: 'float',
        value: 20 + field + ((nth * 7 + this.#reports * 3) % 50) / 10,
      })),
    }));
  }

  /** Writes `reports` of them. Rejects when the store refuses a point. */
  async fill(sink: Sink, reports: number): Promise<void> {
    for (let nth = 0; nth < reports; nth++) {
      const refused = await sink.write(this.report(), new AbortController().signal);
      if (refused.length > 0) throw new Error(`the store refused a point: ${refused[0]?.reason}`);
    }
  }
}
