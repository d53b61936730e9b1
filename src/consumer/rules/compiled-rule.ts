import type { Field, Series } from '../../sink/sink.js';
import type { AutoFields } from './auto-fields.js';
import { type FieldReader, readFields } from './fields.js';
import { type Mapped, type Parked, Refused } from './mapped.js';
import type { NoteCounts } from './notes.js';
import type { Reading } from './reading.js';
import type { SeriesCache } from './series-cache.js';
import type { TimeReader } from './time.js';
import type { Captures, TopicPattern } from './topic-pattern.js';
import type { Where } from './where.js';

export type FieldSource = AutoFields | readonly FieldReader[];

interface RuleParts {
  readonly name: string;
  readonly pattern: TopicPattern;
  readonly where: Where | undefined;
  readonly time: TimeReader;
  readonly series: SeriesCache;
  readonly seriesDependsOn: 'topic' | 'topic-and-client' | 'record';
  readonly fields: FieldSource;
}

/** The rule that takes a topic, with what follows from the topic alone. Kept per topic. */
export interface TopicMatch {
  readonly rule: CompiledRule;
  readonly captures: Captures;
  /** Last topic level but one; undefined where the topic has none. */
  readonly deviceLevel: string | undefined;
  /** Set once it is known that no record of this topic can have another. */
  series: Series | undefined;
}

export class CompiledRule {
  readonly name: string;
  readonly pattern: TopicPattern;
  private readonly parts: RuleParts;

  constructor(parts: RuleParts) {
    this.name = parts.name;
    this.pattern = parts.pattern;
    this.parts = parts;
  }

  /** Condition, time, series, fields, in this order; the first that fails decides the record's fate. */
  map(reading: Reading, match: TopicMatch, notes: NoteCounts): Mapped {
    const { where, time, fields: source } = this.parts;
    if (where !== undefined) {
      const taken = where(reading);
      if (taken instanceof Refused) return this.parked(taken);
      if (!taken) return { kind: 'filtered', rule: this.name };
    }
    const timestampNs = time(reading, notes);
    if (timestampNs instanceof Refused) return this.parked(timestampNs);
    const series = match.series ?? this.series(reading, match, notes);
    if (series instanceof Refused) return this.parked(series);
    const fields = isReaders(source)
      ? readFields(source, reading, notes)
      : source.read(reading.payload, notes);
    if (fields instanceof Refused) return this.parked(fields);
    if (fields.length === 0) return this.parked(noFields(source));
    return { kind: 'points', rule: this.name, points: [{ series, fields: fields as Field[], timestampNs }] };
  }

  private series(reading: Reading, match: TopicMatch, notes: NoteCounts): Series | Refused {
    const missingBefore = notes['tag-missing'];
    const series = this.parts.series.series(reading, notes);
    if (series instanceof Refused) return series;
    const dependsOn = this.parts.seriesDependsOn;
    const isFixed =
      dependsOn === 'topic' || (dependsOn === 'topic-and-client' && match.deviceLevel !== undefined);
    // A series that lacks a tag is looked up each time, so that each record is noted.
    if (isFixed && notes['tag-missing'] === missingBefore) match.series = series;
    return series;
  }

  private parked(refused: Refused): Parked {
    return { kind: 'parked', rule: this.name, code: refused.code, reason: refused.reason };
  }
}

function isReaders(source: FieldSource): source is readonly FieldReader[] {
  return Array.isArray(source);
}

function noFields(source: FieldSource): Refused {
  const reason = isReaders(source)
    ? `none of the rule's fields has a value: ${source.map((reader) => reader.name).join(', ')}`
    : 'the payload holds no number and no boolean that could be a field';
  return new Refused('no-fields', reason.length <= 300 ? reason : `${reason.slice(0, 300)}…`);
}
