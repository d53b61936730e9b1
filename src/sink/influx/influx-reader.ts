import { SluiceError } from '../../lib/errors.js';
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
import { HEALTH_MEASUREMENT, type InfluxSettings } from './influx-options.js';
import { identifier } from './influxql.js';
import { type QueriedSeries, QueryChannel } from './query-channel.js';
import { readLastSeen, readLeftRange, readNewest } from './read-latest.js';
import { readSeriesCounts } from './read-series-counts.js';
import { readStatistics } from './read-statistics.js';
import type { InfluxTransport } from './transport.js';

/** Reads with the subset of InfluxQL that versions 1, 2 (through DBRP) and 3 share. */
export class InfluxReader implements StoreReader {
  readonly #channel: QueryChannel;

  constructor(settings: InfluxSettings, transport: InfluxTransport) {
    this.#channel = new QueryChannel(settings, transport);
  }

  measurements(): Promise<readonly MeasurementSummary[]> {
    return readMeasurements(this.#channel);
  }

  statistics(query: StatisticsQuery): Promise<StatisticsAnswer> {
    return readStatistics(this.#channel, query);
  }

  seriesCounts(query: SeriesCountQuery): Promise<ReadonlyMap<string, number>> {
    return readSeriesCounts(this.#channel, query);
  }

  lastSeen(query: LastSeenQuery): Promise<readonly LastSeenGroup[]> {
    return readLastSeen(this.#channel, query);
  }

  newest(query: NewestQuery): Promise<NewestAnswer> {
    return readNewest(this.#channel, query);
  }

  leftRange(query: LeftRangeQuery): Promise<LeftRangeAnswer> {
    return readLeftRange(this.#channel, query);
  }

  influxql(): Promise<never> {
    return Promise.reject(
      new SluiceError(
        'SINK_QUERY_UNSUPPORTED',
        'The store of this gateway is InfluxDB: point the data source at InfluxDB itself. /query answers for the embedded store only.',
      ),
    );
  }
}

const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  float: 'float',
  integer: 'int',
  unsigned: 'int',
  string: 'string',
  boolean: 'boolean',
};

async function readMeasurements(channel: QueryChannel): Promise<readonly MeasurementSummary[]> {
  const listed = await channel.query('SHOW MEASUREMENTS', (name) => name === 'measurements');
  const names = listed.flatMap((series) => series.values.map(([name]) => String(name)));
  // A measurement may have got its first point since: it is listed with the next answer.
  const any = () => true;
  const [fields, tags] = await Promise.all([
    channel.query('SHOW FIELD KEYS', any),
    channel.query('SHOW TAG KEYS', any),
  ]);
  return names
    .filter((name) => name !== HEALTH_MEASUREMENT)
    .map((name) => ({
      name,
      tags: rowsOf(tags, name).map(([tag]) => String(tag)),
      fields: fieldsOf(rowsOf(fields, name)),
    }));
}

export interface StoredFields {
  readonly types: ReadonlyMap<string, FieldType>;
  /** The fields with texts, also where they have another type in other shards. */
  readonly texts: ReadonlySet<string>;
}

/** Resolves with the fields of a measurement; none for one that is not there. */
export async function storedFields(channel: QueryChannel, measurement: string): Promise<StoredFields> {
  const listed = await channel.query(
    `SHOW FIELD KEYS FROM ${identifier(measurement)}`,
    (name) => name === measurement,
  );
  const rows = rowsOf(listed, measurement);
  const texts = rows.filter(([, type]) => type === 'string').map(([name]) => String(name));
  return { types: new Map(fieldsOf(rows).map(({ name, type }) => [name, type])), texts: new Set(texts) };
}

/** Resolves with the names of the tags of a measurement, of all its series. */
export async function tagNames(channel: QueryChannel, measurement: string): Promise<readonly string[]> {
  const listed = await channel.query(
    `SHOW TAG KEYS FROM ${identifier(measurement)}`,
    (name) => name === measurement,
  );
  return rowsOf(listed, measurement).map(([name]) => String(name));
}

function rowsOf(series: readonly QueriedSeries[], name: string): readonly (readonly unknown[])[] {
  return series.filter((one) => one.name === name).flatMap((one) => one.values);
}

/** A field can have two types in different shards of InfluxDB 1; the first one listed counts. */
function fieldsOf(rows: readonly (readonly unknown[])[]): MeasurementSummary['fields'] {
  const types = new Map<string, FieldType>();
  for (const [name, type] of rows) {
    if (!types.has(String(name))) types.set(String(name), FIELD_TYPES[String(type)] ?? 'string');
  }
  return [...types].map(([name, type]) => ({ name, type }));
}
