import type { DuckDBConnection } from '@duckdb/node-api';
import { errorText, SluiceError } from '../../errors.js';
import type {
  FieldType,
  LatestGroup,
  MeasurementSummary,
  SeriesAnswer,
  SeriesQuery,
  StoreReader,
} from '../sink.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { literal } from './identifiers.js';
import { Lane } from './lane.js';
import { SCHEMA } from './measurement-table.js';

/** More than any chart shows; a query for more is a mistake that would fill the memory. */
const MAX_BUCKETS = 20_000;
const NS_PER_MS = 1_000_000n;

/** Answers the live page on a connection of its own, one query at a time. */
export class DuckdbReader implements StoreReader {
  readonly #database: () => DuckdbDatabase | undefined;
  readonly #lane = new Lane();

  constructor(database: () => DuckdbDatabase | undefined) {
    this.#database = database;
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return this.#query(readMeasurements);
  }

  async latest(): Promise<readonly LatestGroup[]> {
    throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'not wired');
  }

  series(query: SeriesQuery): Promise<SeriesAnswer> {
    return this.#query((connection) => readSeries(connection, query));
  }

  /** Ends what runs on the database; afterwards it can be closed. */
  async stop(database: DuckdbDatabase | undefined): Promise<void> {
    database?.reader.interrupt();
    await this.#lane.idle();
  }

  #query<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const database = this.#database();
      if (database === undefined) throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file is not open.');
      try {
        return await work(database.reader);
      } catch (thrown) {
        if (thrown instanceof SluiceError) throw thrown;
        throw new SluiceError('SINK_QUERY_FAILED', `DuckDB: ${errorText(thrown)}`, { cause: thrown });
      }
    });
  }
}

async function readMeasurements(connection: DuckDBConnection): Promise<readonly MeasurementSummary[]> {
  const result = await connection.runAndReadAll(
    `SELECT m.name, c.kind, c.name, c.type FROM ${SCHEMA}.measurements m
     JOIN ${SCHEMA}.columns c ON c.measurement = m.id ORDER BY m.name, c.kind, c.position`,
  );
  const byName = new Map<string, { tags: string[]; fields: { name: string; type: FieldType }[] }>();
  for (const row of result.getRows()) {
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

async function readSeries(connection: DuckDBConnection, asked: SeriesQuery): Promise<SeriesAnswer> {
  const query = {
    ...asked,
    fromMs: Math.floor(asked.fromMs),
    toMs: Math.floor(asked.toMs),
    bucketMs: Math.floor(asked.bucketMs),
  };
  if (!(query.bucketMs >= 1) || !((query.toMs - query.fromMs) / query.bucketMs <= MAX_BUCKETS)) {
    throw new SluiceError(
      'SINK_QUERY_FAILED',
      `at most ${MAX_BUCKETS} buckets of at least 1 ms can be asked for`,
    );
  }
  const source = await sourceOf(connection, query);
  if (source === undefined) return { timesMs: [], groups: [] };
  // Buckets start at whole multiples of their width since 1970, like InfluxDB's GROUP BY time().
  const firstMs = Math.floor(query.fromMs / query.bucketMs) * query.bucketMs;
  const result = await connection.runAndReadAll(seriesSql(source, query, firstMs));
  const rows = result.getRows() as [string, bigint, number][];
  const buckets = [...new Set(rows.map(([, bucket]) => Number(bucket)))].sort((x, y) => x - y);
  const placeOf = new Map(buckets.map((bucket, place) => [bucket, place]));
  const groups = new Map<string, (number | null)[]>();
  for (const [name, bucket, mean] of rows) {
    let values = groups.get(name);
    if (values === undefined) {
      values = new Array<number | null>(buckets.length).fill(null);
      groups.set(name, values);
    }
    values[placeOf.get(Number(bucket)) ?? 0] = mean;
  }
  return {
    timesMs: buckets.map((bucket) => firstMs + bucket * query.bucketMs),
    groups: [...groups].map(([name, values]) => ({ name, values })),
  };
}

interface Source {
  readonly id: number;
  readonly fieldColumn: string;
  readonly tagColumn: string | undefined;
}

/** Which columns the names stand for; undefined when nothing was stored under them. */
async function sourceOf(connection: DuckDBConnection, query: SeriesQuery): Promise<Source | undefined> {
  const result = await connection.runAndReadAll(
    `SELECT m.id, c.kind, c.type, c.column_name FROM ${SCHEMA}.measurements m
     JOIN ${SCHEMA}.columns c ON c.measurement = m.id
     WHERE m.name = ${literal(query.measurement)}
       AND ((c.kind = 'field' AND c.name = ${literal(query.field)})
         OR (c.kind = 'tag' AND c.name = ${literal(query.by ?? '')}))`,
  );
  const rows = result.getRows() as [number, string, FieldType, string][];
  const field = rows.find(([, kind]) => kind === 'field');
  if (field === undefined) return undefined;
  const [id, , type, fieldColumn] = field;
  if (type !== 'float' && type !== 'int') {
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `The field "${query.field}" is a ${type}, it has no mean.`,
    );
  }
  return { id, fieldColumn, tagColumn: rows.find(([, kind]) => kind === 'tag')?.[3] };
}

/** The groups with the most values, the largest first, each with the mean of its buckets. */
function seriesSql({ id, fieldColumn, tagColumn }: Source, query: SeriesQuery, firstMs: number): string {
  const ns = (ms: number) => `${BigInt(ms) * NS_PER_MS}`;
  const group = tagColumn === undefined ? `''` : `coalesce(s.${tagColumn}, '')`;
  const join = tagColumn === undefined ? '' : `JOIN ${SCHEMA}.series_${id} s USING (series)`;
  return `
    WITH buckets AS MATERIALIZED (
      SELECT ${group} AS name, (epoch_ns(p.time) - ${ns(firstMs)}) // ${ns(query.bucketMs)} AS bucket,
        avg(p.${fieldColumn}::DOUBLE) AS mean, count(*) AS n
      FROM ${SCHEMA}.points_${id} p ${join}
      WHERE p.time >= make_timestamp_ns(${ns(query.fromMs)}) AND p.time < make_timestamp_ns(${ns(query.toMs)})
        AND p.${fieldColumn} IS NOT NULL
      GROUP BY ALL),
    largest AS (
      SELECT name, sum(n) AS n FROM buckets GROUP BY name ORDER BY n DESC, name LIMIT ${Math.max(0, Math.floor(query.maxGroups))})
    SELECT b.name, b.bucket, b.mean FROM buckets b JOIN largest l USING (name) ORDER BY l.n DESC, b.name, b.bucket`;
}
