import type { InfluxqlAnswer, InfluxqlRequest } from '../../influxql/answer.js';
import type { Clock } from '../../lib/clock.js';
import type { FieldType } from '../point.js';
import type { SeriesCountQuery, StatisticsAnswer, StatisticsQuery } from '../statistics.js';
import type {
  LastSeenGroup,
  LastSeenQuery,
  LeftRangeAnswer,
  LeftRangeQuery,
  MeasurementSummary,
  NewestAnswer,
  NewestQuery,
  StoreReader,
} from '../store-reader.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { answerInfluxql } from './influxql/answer-query.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { SCHEMA } from './measurement-table.js';
import { readLastSeen, readLeftRange, readNewest } from './read-latest.js';
import { ReadQueue } from './read-queue.js';
import { readSeriesCounts } from './read-series-counts.js';
import { readStatistics } from './read-statistics.js';

/** A longer read would keep memory that the writer needs, and delay the other queries. */
const MAX_READ_MS = 10_000;

/** Runs the queries of the live page and of dashboards on a separate connection, one at a time. */
export class DuckdbReader implements StoreReader {
  readonly #queue: ReadQueue;
  readonly #clock: Clock;

  /** @param clock for `now()` of queries */
  constructor(database: () => DuckdbDatabase | undefined, clock: Clock) {
    this.#clock = clock;
    this.#queue = new ReadQueue(database, ({ reader }) => reader, MAX_READ_MS);
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return this.#queue.run(readMeasurements);
  }

  statistics(query: StatisticsQuery): Promise<StatisticsAnswer> {
    return this.#queue.run((read) => readStatistics(read, query));
  }

  seriesCounts(query: SeriesCountQuery): Promise<ReadonlyMap<string, number>> {
    return this.#queue.run((read) => readSeriesCounts(read, query));
  }

  lastSeen(query: LastSeenQuery): Promise<readonly LastSeenGroup[]> {
    return this.#queue.run((read) => readLastSeen(read, query));
  }

  newest(query: NewestQuery): Promise<NewestAnswer> {
    return this.#queue.run((read) => readNewest(read, query));
  }

  leftRange(query: LeftRangeQuery): Promise<LeftRangeAnswer> {
    return this.#queue.run((read) => readLeftRange(read, query));
  }

  influxql(request: InfluxqlRequest): Promise<InfluxqlAnswer> {
    return answerInfluxql(this.#queue, request, this.#clock.nowNs());
  }

  /** See `ReadQueue.stop`. */
  stop(): Promise<void> {
    return this.#queue.stop();
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
