import type { Series } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';
import type { AutoFields } from './auto-fields.js';
import { type FieldReader, readFields } from './fields.js';
import {
  type Mapped,
  MappingFailure,
  type MappingWarningCounts,
  type Parked,
  type Reading,
} from './mapped.js';
import type { SeriesCache } from './series-cache.js';
import type { TimeReader } from './time.js';
import type { Captures, TopicPattern } from './topic-pattern.js';
import type { Where } from './where.js';

export type FieldSource = AutoFields | readonly FieldReader[];

interface RuleParts {
  readonly name: string;
  readonly pattern: TopicPattern;
  readonly where: Where | undefined;
  readonly whereReadsPayload: boolean;
  readonly time: TimeReader;
  readonly series: SeriesCache;
  readonly seriesDependsOn: 'topic' | 'topic-and-client' | 'record';
  readonly fields: FieldSource;
  /** What becomes of a message in which no declared value is present. */
  readonly whenEmpty: 'park' | 'filter';
}

/** The rule that takes a topic, and what depends on the topic alone. It is cached per topic. */
export interface TopicMatch {
  readonly rule: CompiledRule;
  readonly captures: Captures;
  /** The last topic level but one; undefined where the topic has none. */
  readonly deviceLevel: string | undefined;
  /** Set once no record of this topic can have another series. */
  series: Series | undefined;
}

export class CompiledRule {
  readonly name: string;
  readonly pattern: TopicPattern;
  readonly #parts: RuleParts;

  constructor(parts: RuleParts) {
    this.name = parts.name;
    this.pattern = parts.pattern;
    this.#parts = parts;
  }

  /**
   * Whether the rule ignores the record whatever its payload is. Such a payload is not decoded: text on a topic that a rule
   * ignores on purpose must not be parked. A condition that fails is left to `map`.
   */
  ignores(record: StreamRecord, captures: Captures, device: string): boolean {
    const { where, whereReadsPayload } = this.#parts;
    if (where === undefined || whereReadsPayload) return false;
    return where({ record, payload: {}, holdsExact: false, captures, device }) === false;
  }

  /** The outcome of a message with nothing to say now: every declared value is null, or the payload is empty. */
  noValue(): Mapped {
    return { kind: 'filtered', rule: `${this.name}: no value` };
  }

  /** Evaluates condition, time, series and fields in this order; the first that fails decides the outcome. */
  map(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts): Mapped {
    const { where, time, fields: source } = this.#parts;
    if (where !== undefined) {
      const taken = where(reading);
      if (taken instanceof MappingFailure) return this.#parked(taken);
      if (!taken) return { kind: 'filtered', rule: this.name };
    }
    const timestampNs = time(reading, warnings);
    if (timestampNs instanceof MappingFailure) return this.#parked(timestampNs);
    const series = match.series ?? this.#series(reading, match, warnings);
    if (series instanceof MappingFailure) return this.#parked(series);
    const fields = isReaders(source)
      ? readFields(source, reading, warnings)
      : source.read(reading.payload, warnings);
    if (fields instanceof MappingFailure) return this.#parked(fields);
    if (fields === 'no-value') return this.noValue();
    if (fields.length === 0) {
      return this.#parts.whenEmpty === 'filter' ? this.noValue() : this.#parked(noFields(source));
    }
    return { kind: 'points', rule: this.name, points: [{ series, fields, timestampNs }] };
  }

  #series(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts): Series | MappingFailure {
    const missingBefore = warnings['tag-missing'];
    const series = this.#parts.series.series(reading, warnings);
    if (series instanceof MappingFailure) return series;
    const dependsOn = this.#parts.seriesDependsOn;
    const isFixed =
      dependsOn === 'topic' || (dependsOn === 'topic-and-client' && match.deviceLevel !== undefined);
    // A series that lacks a tag is looked up each time, so that each record is counted.
    if (isFixed && warnings['tag-missing'] === missingBefore) match.series = series;
    return series;
  }

  #parked({ code, reason }: MappingFailure): Parked {
    return { kind: 'parked', rule: this.name, code, reason };
  }
}

function isReaders(source: FieldSource): source is readonly FieldReader[] {
  return Array.isArray(source);
}

function noFields(source: FieldSource): MappingFailure {
  const reason = isReaders(source)
    ? `none of the rule's fields has a value: ${source.map((reader) => reader.name).join(', ')}`
    : 'the payload holds no number and no boolean that could be a field';
  return new MappingFailure('no-fields', reason.length <= 300 ? reason : `${reason.slice(0, 300)}…`);
}
