import { SluiceError } from '../../errors.js';
import { Turns } from '../../turns.js';
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
import type { DuckdbDatabase } from './duckdb-database.js';
import { readHeard } from './read-heard.js';
import { readMeasurements } from './read-measurements.js';
import { readNewest } from './read-newest.js';
import { readSeries } from './read-series.js';
import { Reading } from './reading.js';

/** What is asked for longer holds memory that the writer needs, and up the others who ask. */
const MAX_READING_MS = 10_000;

/** Answers the live page on a connection of its own, one question at a time. */
export class DuckdbReader implements StoreReader {
  readonly #database: () => DuckdbDatabase | undefined;
  readonly #turns = new Turns();
  #reading: Reading | undefined;

  constructor(database: () => DuckdbDatabase | undefined) {
    this.#database = database;
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return this.#ask(readMeasurements);
  }

  series(query: SeriesQuery): Promise<SeriesAnswer> {
    return this.#ask((reading) => readSeries(reading, query));
  }

  heard(query: HeardQuery): Promise<readonly HeardGroup[]> {
    return this.#ask((reading) => readHeard(reading, query));
  }

  newest(query: NewestQuery): Promise<NewestAnswer> {
    return this.#ask((reading) => readNewest(reading, query));
  }

  /** Ends what runs on the database, which its owner hands out no more; afterwards it can be closed. */
  async stop(): Promise<void> {
    this.#reading?.end('the file is being closed');
    await this.#turns.idle();
  }

  #ask<T>(work: (reading: Reading) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const database = this.#database();
      if (database === undefined) throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file is not open.');
      const reading = new Reading(database.reader);
      this.#reading = reading;
      try {
        return await reading.run(work, MAX_READING_MS);
      } finally {
        this.#reading = undefined;
      }
    });
  }
}
