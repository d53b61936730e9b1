import type {
  HeardGroup,
  HeardQuery,
  MeasurementSummary,
  NewestAnswer,
  NewestQuery,
  SeriesAnswer,
  SeriesQuery,
  StoreReader,
} from '../sink.js';
import type { InfluxSettings } from './influx-options.js';
import { QueryChannel } from './query-channel.js';
import { readHeard, readNewest } from './read-latest.js';
import { readMeasurements } from './read-measurements.js';
import { readSeries } from './read-series.js';
import type { InfluxTransport } from './transport.js';

/** Reads by InfluxQL, in the subset that versions 1, 2 (through DBRP) and 3 share. */
export class InfluxReader implements StoreReader {
  readonly #channel: QueryChannel;

  constructor(settings: InfluxSettings, transport: InfluxTransport) {
    this.#channel = new QueryChannel(settings, transport);
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return readMeasurements(this.#channel);
  }

  series(query: SeriesQuery): Promise<SeriesAnswer> {
    return readSeries(this.#channel, query);
  }

  heard(query: HeardQuery): Promise<readonly HeardGroup[]> {
    return readHeard(this.#channel, query);
  }

  newest(query: NewestQuery): Promise<NewestAnswer> {
    return readNewest(this.#channel, query);
  }
}
