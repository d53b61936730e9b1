import { SluiceError } from '../../errors.js';
import type {
  FieldType,
  LatestGroup,
  MeasurementSummary,
  SeriesAnswer,
  SeriesQuery,
  StoreReader,
} from '../sink.js';
import { QUERY_PATH, queryTarget } from './endpoints.js';
import type { InfluxSettings } from './influx-options.js';
import { identifier, type QueriedSeries, statementOf } from './influxql.js';
import { storeWords } from './response.js';
import type { InfluxTransport } from './transport.js';

const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  float: 'float',
  integer: 'int',
  unsigned: 'int',
  string: 'string',
  boolean: 'boolean',
};
/** InfluxDB 1.6 builds every bucket before it answers, and goes on when the client has left. */
const MAX_BUCKETS = 20_000;
/** Not of the user's making. */
const OWN_MEASUREMENT = 'sluice_health';

/** Reads by InfluxQL, in the subset that versions 1, 2 (through DBRP) and 3 share. */
export class InfluxReader implements StoreReader {
  readonly #settings: InfluxSettings;
  readonly #transport: InfluxTransport;

  constructor(settings: InfluxSettings, transport: InfluxTransport) {
    this.#settings = settings;
    this.#transport = transport;
  }

  async measurements(): Promise<readonly MeasurementSummary[]> {
    const listed = await this.#query('SHOW MEASUREMENTS', (name) => name === 'measurements');
    const names = listed.flatMap((series) => series.values.map(([name]) => String(name)));
    const known = (name: string) => names.includes(name);
    const [fields, tags] = await Promise.all([
      this.#query('SHOW FIELD KEYS', known),
      this.#query('SHOW TAG KEYS', known),
    ]);
    return names
      .filter((name) => name !== OWN_MEASUREMENT)
      .map((name) => ({
        name,
        tags: rowsOf(tags, name).map(([tag]) => String(tag)),
        fields: fieldsOf(rowsOf(fields, name)),
      }));
  }

  async latest(): Promise<readonly LatestGroup[]> {
    throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'not wired');
  }

  async series(query: SeriesQuery): Promise<SeriesAnswer> {
    const { measurement, field, by, fromMs, toMs, bucketMs, maxGroups } = query;
    if (!(bucketMs >= 1) || (toMs - fromMs) / bucketMs > MAX_BUCKETS) {
      throw new SluiceError(
        'SINK_QUERY_FAILED',
        `at most ${MAX_BUCKETS} buckets of at least 1 ms can be asked for`,
      );
    }
    const groupBy = [`time(${Math.floor(bucketMs)}ms)`, ...(by === undefined ? [] : [identifier(by)])];
    const found = await this.#query(
      `SELECT mean(${identifier(field)}) FROM ${identifier(measurement)} ` +
        `WHERE time >= ${Math.floor(fromMs)}ms AND time < ${Math.floor(toMs)}ms ` +
        `GROUP BY ${groupBy.join(', ')} fill(none)`,
      (name) => name === measurement,
    );
    return alignedGroups(found.slice(0, maxGroups), by);
  }

  /** `isExpected`: whether an answer to this statement may hold a series of that name. */
  async #query(q: string, isExpected: (name: string) => boolean): Promise<readonly QueriedSeries[]> {
    const form = new URLSearchParams({ ...queryTarget(this.#settings), epoch: 'ms', q });
    const answer = await this.#transport.post(
      {
        path: QUERY_PATH,
        body: form.toString(),
        contentType: 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      // The page's questions end by time-out; writing has a signal, asking does not.
      new AbortController().signal,
    );
    if (answer.kind === 'silence') throw this.#failed(`does not answer the query: ${answer.reason}`);
    if (answer.status === 400 || answer.status === 404)
      throw this.#unsupported(`says ${answer.status} to /query`);
    if (answer.status < 200 || answer.status >= 300) {
      throw this.#failed(
        `refused the query (${answer.status}: ${storeWords(answer.status, answer.body, answer.json)})`,
      );
    }
    const statement = statementOf(answer.json);
    if (statement === undefined) throw this.#unsupported('answers /query with something else than InfluxDB');
    if (statement.error !== undefined) throw this.#failed(`could not answer the query: ${statement.error}`);
    // VictoriaMetrics answers every query with its list of databases.
    if (!statement.series.every(({ name }) => isExpected(name))) {
      throw this.#unsupported('answers /query, but not what was asked: it has no InfluxQL');
    }
    return statement.series;
  }

  #failed(what: string): SluiceError {
    return new SluiceError('SINK_QUERY_FAILED', `InfluxDB at ${this.#settings.url.origin} ${what}`);
  }

  #unsupported(what: string): SluiceError {
    return new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `the store at ${this.#settings.url.origin} ${what}; points are written, but charts cannot be read from it`,
    );
  }
}

function rowsOf(series: readonly QueriedSeries[], name: string): readonly (readonly unknown[])[] {
  return series.filter((one) => one.name === name).flatMap((one) => one.values);
}

/** A field can have had two types in different shards of InfluxDB 1: the first named is taken. */
function fieldsOf(rows: readonly (readonly unknown[])[]): MeasurementSummary['fields'] {
  const types = new Map<string, FieldType>();
  for (const [name, type] of rows) {
    if (!types.has(String(name))) types.set(String(name), FIELD_TYPES[String(type)] ?? 'string');
  }
  return [...types].map(([name, type]) => ({ name, type }));
}

/** Groups that each know their own buckets, on one time axis. */
function alignedGroups(series: readonly QueriedSeries[], by: string | undefined): SeriesAnswer {
  const groups = series.map(({ tags, values }) => ({
    name: by === undefined ? '' : (tags?.[by] ?? ''),
    means: new Map(
      values
        .filter((row): row is [number, number] => typeof row[0] === 'number' && typeof row[1] === 'number')
        .map(([timeMs, mean]) => [timeMs, mean]),
    ),
  }));
  const timesMs = [...new Set(groups.flatMap(({ means }) => [...means.keys()]))].sort((a, b) => a - b);
  return {
    timesMs,
    groups: groups.map(({ name, means }) => ({
      name,
      values: timesMs.map((timeMs) => means.get(timeMs) ?? null),
    })),
  };
}
