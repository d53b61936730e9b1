import { SluiceError } from '../../lib/errors.js';
import { rfc3339Ns } from '../../lib/rfc3339.js';
import { TimeSlice } from '../../lib/time-slice.js';
import type { StoredValue } from '../field-summary.js';
import { GroupFold } from '../group-fold.js';
import type { Field, FieldType, Tag } from '../point.js';
import type { FoldedGroup, FoldQuery, RowsQuery, StoredRow, WindowReader } from '../window-reader.js';
import type { InfluxSettings } from './influx-options.js';
import { storedFields, tagNames } from './influx-reader.js';
import { isExpressible } from './influxql.js';
import { QueryChannel } from './query-channel.js';
import { rawChunks } from './raw-query.js';
import { InfluxTransport } from './transport.js';

const MAX_PART = 1_000;
const NS_PER_MS = 1_000_000n;
/** Windows are computed beside writes and the queries of the live page, over connections of their own. */
const CONNECTIONS = 2;

/**
 * Computes windows from the raw points, which InfluxDB streams: InfluxQL has no variance, no sketch and no exact first
 * value of several series, and its functions over ten thousand series take longer than their points.
 */
export class InfluxWindowReader implements WindowReader {
  readonly #transport: InfluxTransport;
  readonly #channel: QueryChannel;

  /** `silenceMs`: see QueryChannel. */
  constructor(settings: InfluxSettings, silenceMs?: number) {
    this.#transport = new InfluxTransport({ ...settings, concurrency: CONNECTIONS });
    this.#channel = new QueryChannel(settings, this.#transport, silenceMs);
  }

  async *fold(query: FoldQuery, signal: AbortSignal): AsyncGenerator<readonly FoldedGroup[]> {
    const fields = query.fields.filter(({ name }) => isExpressible(name));
    if (fields.length === 0 || !isExpressible(query.measurement)) return;
    const isBySeries = await this.#isEachSeriesOneGroup(query);
    const fold = new GroupFold({ ...query, fields, by: isBySeries ? undefined : query.by });
    const names = fields.map(({ name }) => name);
    const lookbackNs = fields.some(({ steps }) => steps)
      ? BigInt(Math.ceil(query.lookbackMs)) * NS_PER_MS
      : 0n;
    const fromNs = query.fromNs > lookbackNs ? query.fromNs - lookbackNs : 0n;
    let key: string | undefined;
    for await (const chunk of rawChunks(this.#channel, { ...query, fields: names, fromNs }, signal)) {
      if (chunk.key !== key) {
        if (key !== undefined) fold.endSeries();
        key = chunk.key;
        if (isBySeries) failOnNewTag(chunk.tags, query.by);
        fold.beginSeries(chunk.tags, key);
      }
      for (const row of chunk.rows) {
        const atNs = Number(timeNs(row[0]) - query.fromNs);
        for (let field = 0; field < names.length; field += 1) {
          const value = row[field + 1] as StoredValue | null;
          if (value !== null) fold.add(field, value, atNs);
        }
      }
      if (fold.completed >= MAX_PART) yield fold.takeCompleted();
    }
    if (key !== undefined) fold.endSeries();
    const slice = new TimeSlice();
    for (const _ of fold.completeAll()) {
      if (fold.completed >= MAX_PART) yield fold.takeCompleted();
      if (slice.isOver) await slice.yield();
    }
    if (fold.completed > 0) yield fold.takeCompleted();
  }

  /** Where the groups have every tag, a group is complete with its series, and its memory is free again. */
  async #isEachSeriesOneGroup({ measurement, by }: FoldQuery): Promise<boolean> {
    if (by === undefined) return true;
    const tags = await tagNames(this.#channel, measurement);
    return tags.every((name) => by.includes(name));
  }

  async *rows(query: RowsQuery, signal: AbortSignal): AsyncGenerator<readonly StoredRow[]> {
    const fields = query.fields.filter(isExpressible);
    if (fields.length === 0 || !isExpressible(query.measurement)) return;
    // JSON does not tell the int 1 from the float 1.
    const stored = await storedFields(this.#channel, query.measurement);
    let part: StoredRow[] = [];
    for await (const { tags, rows } of rawChunks(this.#channel, { ...query, fields }, signal, stored)) {
      for (const row of rows)
        part.push({ tags, timestampNs: timeNs(row[0]), fields: fieldsOf(row, fields, stored.types) });
      if (part.length < MAX_PART) continue;
      yield part;
      part = [];
    }
    if (part.length > 0) yield part;
  }

  /** Ends what is still being read. */
  close(): void {
    this.#transport.close();
  }
}

/** A group of which some series have been completed already must not get another one. */
function failOnNewTag(tags: readonly Tag[], by: readonly string[] | undefined): void {
  if (by === undefined || tags.every(({ name }) => by.includes(name))) return;
  throw new SluiceError(
    'SINK_QUERY_FAILED',
    'a tag was added to the measurement while it was read: try again',
  );
}

function timeNs(text: unknown): bigint {
  const ns = typeof text === 'string' ? rfc3339Ns(text) : undefined;
  if (ns === undefined) {
    throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'the store returns times in another form than RFC 3339');
  }
  return ns;
}

function fieldsOf(
  row: readonly unknown[],
  names: readonly string[],
  types: ReadonlyMap<string, FieldType>,
): readonly Field[] {
  const fields: Field[] = [];
  for (const [i, name] of names.entries()) {
    const value = row[i + 1] as StoredValue | null;
    if (value !== null) fields.push(fieldOf(name, value, types.get(name)));
  }
  return fields;
}

function fieldOf(name: string, value: StoredValue, type: FieldType | undefined): Field {
  if (typeof value === 'string') return { name, type: 'string', value };
  if (typeof value === 'boolean') return { name, type: 'boolean', value };
  if (type === 'int' && Number.isInteger(value)) return { name, type, value: BigInt(value) };
  return { name, type: 'float', value };
}
