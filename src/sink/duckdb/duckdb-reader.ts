import { SluiceError } from '../../lib/errors.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import type { FieldType } from '../point.js';
import type {
  LastSeenGroup,
  LastSeenQuery,
  MeasurementSummary,
  NewestAnswer,
  NewestQuery,
  SeriesAnswer,
  SeriesQuery,
  StoreReader,
} from '../store-reader.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { InterruptibleRead } from './interruptible-read.js';
import { SCHEMA } from './measurement-table.js';
import { readLastSeen, readNewest } from './read-latest.js';
import { readSeries } from './read-series.js';

/** A longer read would keep memory that the writer needs, and delay the other queries. */
const MAX_READ_MS = 10_000;

/** Runs the queries of the live page on a separate connection, one at a time. */
export class DuckdbReader implements StoreReader {
  readonly #database: () => DuckdbDatabase | undefined;
  readonly #queue = new SerialQueue();
  #current: InterruptibleRead | undefined;

  constructor(database: () => DuckdbDatabase | undefined) {
    this.#database = database;
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return this.#run(readMeasurements);
  }

  series(query: SeriesQuery): Promise<SeriesAnswer> {
    return this.#run((read) => readSeries(read, query));
  }

  lastSeen(query: LastSeenQuery): Promise<readonly LastSeenGroup[]> {
    return this.#run((read) => readLastSeen(read, query));
  }

  newest(query: NewestQuery): Promise<NewestAnswer> {
    return this.#run((read) => readNewest(read, query));
  }

  /** Interrupts the running query. The database can be closed afterwards; its owner must no longer return it before the call. */
  async stop(): Promise<void> {
    this.#current?.end('the file is being closed');
    await this.#queue.idle();
  }

  #run<T>(work: (read: InterruptibleRead) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      const database = this.#database();
      if (database === undefined) throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file is not open.');
      const read = new InterruptibleRead(database.reader);
      this.#current = read;
      try {
        return await read.run(work, MAX_READ_MS);
      } finally {
        this.#current = undefined;
      }
    });
  }
}

async function readMeasurements(read: InterruptibleRead): Promise<readonly MeasurementSummary[]> {
  const rows = await read.rows(
    `SELECT m.name, c.kind, c.name, c.type FROM ${SCHEMA}.measurements m
     JOIN ${SCHEMA}.columns c ON c.measurement = m.id ORDER BY m.name, c.kind, c.position`,
  );
  const byName = new Map<string, { tags: string[]; fields: { name: string; type: FieldType }[] }>();
  for (const row of rows) {
    const [measurement, kind, name, type] = row as [string, string, string, FieldType];
    let summary = byName.get(measurement);
    if (summary === undefined) {
      summary = { tags: [], fields: [] };
      byName.set(measurement, summary);
    }
    if (kind === 'tag') summary.tags.push(name);
    else summary.fields.push({ name, type });
  }
  return [...byName].map(([name, { tags, fields }]) => ({ name, tags, fields }));
}
