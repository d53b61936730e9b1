import { type JsonValue, kindOf } from '../formats/json/json-value.js';
import type { PayloadFormat } from '../formats/payload-format.js';
import { quoted } from '../lib/printable.js';
import type { Field, Point, Series } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';
import type { Elements } from './each.js';
import {
  createMappingWarningCounts,
  type Mapped,
  MappingFailure,
  type MappingWarningCounts,
  type MappingWarnings,
  type Parked,
  type Reading,
} from './mapped.js';
import type { MappingTrace } from './mapping-trace.js';
import { MessagePoints, type PointIdentity } from './message-points.js';
import type { PolicyContext, RulePolicies } from './policies/rule-policies.js';
import { spreadNs } from './policies/spread.js';
import type { RuleFields } from './rule-fields.js';
import type { Sample } from './sample.js';
import type { KnownSeries, SeriesCache } from './series-cache.js';
import type { TimeReader } from './time.js';
import type { Captures, TopicPattern } from './topic-pattern.js';
import type { Where } from './where.js';

/** A condition that a message or an element must satisfy, and the reason it is parked with otherwise. */
export interface Check {
  readonly where: Where;
  readonly reason: string;
}

/** The payloads that a rule can take. `bare`: objects, and a number, a boolean or null alone. */
export type TakenPayloads = 'object' | 'bare' | 'any';

interface RuleParts {
  readonly name: string;
  readonly pattern: TopicPattern;
  /** Absent when the rule names none. */
  readonly format: PayloadFormat | undefined;
  /** Whether the rules behind it may take a message of this one, too. */
  readonly continues: boolean;
  readonly where: Where | undefined;
  readonly whereReadsPayload: boolean;
  readonly sample: Sample | undefined;
  readonly takes: TakenPayloads;
  readonly checks: readonly Check[];
  readonly elementChecks: readonly Check[];
  /** Absent when a message is one point. */
  readonly elements: Elements | undefined;
  readonly time: TimeReader;
  readonly series: SeriesCache;
  /** Whether tags have names of messages, so that a field may have the name of a tag. */
  readonly hasAutoTags: boolean;
  readonly seriesDependsOn: 'topic' | 'topic-and-client' | 'record';
  readonly fields: RuleFields;
  /** The precision of the device's time, where different readings at one time are spread over it. */
  readonly spreadOver: ((reading: Reading) => number | undefined) | undefined;
  /** Absent when there are none. */
  readonly policies: RulePolicies | undefined;
  /** What becomes of a message in which no declared value is present. */
  readonly whenEmpty: 'park' | 'filter';
}

/** A rule that takes a topic, and what depends on the topic alone. It is cached per topic. */
export interface TopicMatch {
  readonly rule: CompiledRule;
  /** How payloads on this topic are decoded; absent for strict JSON. */
  readonly format: PayloadFormat | undefined;
  /** Who has named that format: then the content type of a message does not count. Undefined: nobody has. */
  readonly formatBy: 'rule' | 'consumer.formats' | undefined;
  readonly captures: Captures;
  /** The last topic level but one; undefined where the topic has none. */
  readonly deviceLevel: string | undefined;
  /** Set once no record of this topic can have another series. */
  series: Series | undefined;
  /** Where the records of this topic were counted last, and the counts of the rule in it. */
  countedIn: MappingWarnings | undefined;
  counts: MappingWarningCounts | undefined;
}

/** A point; or that the device says it has no value now; or that nothing of the rule is there; or what is wrong. */
type PointMade = Point | 'no-value' | 'absent' | MappingFailure;

export class CompiledRule {
  readonly name: string;
  readonly pattern: TopicPattern;
  readonly format: PayloadFormat | undefined;
  readonly continues: boolean;
  readonly #parts: RuleParts;
  readonly #isPlain: boolean;

  constructor(parts: RuleParts) {
    this.name = parts.name;
    this.pattern = parts.pattern;
    this.format = parts.format;
    this.continues = parts.continues;
    this.#parts = parts;
    this.#isPlain = !parts.hasAutoTags && parts.spreadOver === undefined;
  }

  /** Tables of the state that no other rule uses begin with these names. */
  get ownTables(): readonly string[] {
    return this.#parts.policies?.ownTables ?? [];
  }

  /** Whether it has given a measurement this name. */
  hasNamed(measurement: string): boolean {
    return this.#parts.series.hasNamed(measurement);
  }

  /** What topic and client alone say of the series. */
  knownSeries(reading: Reading): KnownSeries {
    return this.#parts.series.known(reading);
  }

  /**
   * The outcome of a record that is decided whatever its payload is. Such a payload is not decoded: text on a topic that a
   * rule ignores on purpose must not be parked. A condition that fails is left to `map`.
   */
  beforePayload(
    record: StreamRecord,
    captures: Captures,
    device: string,
    trace?: MappingTrace,
  ): Mapped | undefined {
    const { where, whereReadsPayload, sample } = this.#parts;
    if (where !== undefined && !whereReadsPayload) {
      const isTaken = where({ record, payload: {}, members: {}, holdsExact: false, captures, device, trace });
      if (isTaken === false) return { kind: 'filtered', rule: this.name };
    }
    if (sample !== undefined && !sample(record)) return { kind: 'filtered', rule: `${this.name}: sample` };
    return undefined;
  }

  /** The outcome of a message with nothing to say now: every declared value is null, or the payload is empty. */
  noValue(): Mapped {
    return { kind: 'filtered', rule: `${this.name}: no value` };
  }

  /** Why the rule cannot take a decoded payload that is no object; undefined when it can. */
  refusal(payload: JsonValue): Parked | undefined {
    const { takes } = this.#parts;
    if (takes === 'any') return undefined;
    const isBare = typeof payload !== 'string' && !Array.isArray(payload);
    if (takes === 'bare' && isBare) return undefined;
    const alone = takes === 'bare' ? ', or a number or boolean alone' : '';
    const other = Array.isArray(payload) ? '; `each: payload` takes a list' : '';
    return this.#parked(
      new MappingFailure(
        'payload-not-object',
        `the payload is ${kindOf(payload)}; the rule takes a JSON object such as {"temperature": 21.5}${alone}${other}`,
      ),
    );
  }

  /** Evaluates condition, checks, time, series, fields and policies in this order; the first that fails decides the outcome. */
  map(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts, context: PolicyContext): Mapped {
    const { where, policies } = this.#parts;
    if (where !== undefined) {
      const isTaken = where(reading);
      if (isTaken instanceof MappingFailure) return this.#parked(isTaken);
      if (!isTaken) return { kind: 'filtered', rule: this.name };
    }
    if (policies === undefined) return this.#mapTaken(reading, match, warnings);
    const known = policies.before(reading, warnings, context);
    if (known !== undefined) return known;
    return policies.after(this.#mapTaken(reading, match, warnings), reading, warnings, context);
  }

  #mapTaken(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts): Mapped {
    const { checks, elements, fields } = this.#parts;
    if (checks.length > 0) {
      const failure = firstFailure(checks, reading);
      if (failure !== undefined) return this.#parked(failure);
    }
    if (elements !== undefined) return this.#mapElements(elements, reading, match, warnings);
    const point = this.#point(reading, match, warnings);
    if (typeof point === 'object') {
      if (point instanceof MappingFailure) return this.#parked(point);
      return { kind: 'points', rule: this.name, points: [point] };
    }
    return point === 'no-value' ? this.noValue() : this.#absent(fields.absence());
  }

  /**
   * A bad element costs only itself: the others become points although the record is parked. It costs them all where their
   * places could depend on it: where two elements are alike in series and time, and where the names that messages may give
   * are used up, which depends on the messages before.
   */
  #mapElements(
    elements: Elements,
    reading: Reading,
    match: TopicMatch,
    warnings: MappingWarningCounts,
  ): Mapped {
    const { elementChecks, fields } = this.#parts;
    const made = new MessagePoints();
    let failed: MappingFailure | undefined;
    let tooManyNames: MappingFailure | undefined;
    let failures = 0;
    let saysNothing = false;
    const fail = ({ code, reason }: MappingFailure, label: string) => {
      failures++;
      const failure = new MappingFailure(code, label === '' ? reason : `element ${label}: ${reason}`);
      failed ??= failure;
      if (code === 'too-many-names') tooManyNames ??= failure;
    };
    const read = elements.walk(
      reading,
      (element, labelOf) => {
        const point = firstFailure(elementChecks, element) ?? this.#point(element, match, warnings);
        if (point instanceof MappingFailure) {
          fail(point, labelOf());
          made.addFailed(this.#identity(element));
        } else if (typeof point === 'object') made.add(point, warnings);
        else {
          if (point === 'no-value') saysNothing = true;
          warnings['element-skipped']++;
        }
      },
      fail,
    );
    warnings['element-skipped'] += read.skipped;
    const failedWhole = read.failure ?? tooManyNames;
    if (failedWhole !== undefined) return this.#parked(failedWhole);
    const { points } = made;
    if (failed !== undefined) {
      const more = failures > 1 ? ` (and ${failures - 1} more)` : '';
      const parked = this.#parked(new MappingFailure(failed.code, failed.reason + more));
      return made.dependOnFailed ? parked : { ...parked, points };
    }
    if (points.length > 0) return { kind: 'points', rule: this.name, points };
    if (!read.isPresent) {
      return this.#absent(new MappingFailure('no-fields', `the payload has nothing at ${elements.text}`));
    }
    // An empty list, and one in which no element has a value, say nothing now.
    if (saysNothing || read.taken + read.skipped === 0) return this.noValue();
    return read.taken === 0 ? { kind: 'filtered', rule: this.name } : this.#absent(fields.absence());
  }

  #point(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts): PointMade {
    const timestampNs = this.#parts.time(reading, warnings);
    if (timestampNs instanceof MappingFailure) return timestampNs;
    const known = reading.trace === undefined ? match.series : undefined;
    const series = known ?? this.#series(reading, match, warnings);
    if (series instanceof MappingFailure) return series;
    const fields = this.#parts.fields.read(reading, warnings);
    if (fields instanceof MappingFailure || fields === 'no-value') return fields;
    if (fields.length === 0) return 'absent';
    const point = { series, fields, timestampNs };
    return this.#isPlain ? point : this.#finished(point, reading);
  }

  /** What only few rules ask for, apart from the code that every message takes. */
  #finished(point: Point, reading: Reading): Point | MappingFailure {
    const { series, fields, timestampNs } = point;
    const { hasAutoTags, spreadOver } = this.#parts;
    const collision = hasAutoTags ? tagAndField(series, fields) : undefined;
    if (collision !== undefined) return collision;
    // No two messages share a receive time.
    if (spreadOver === undefined || timestampNs === reading.record.receivedAtNs) return point;
    const addedNs = spreadNs(fields, series, spreadOver(reading) ?? 0);
    return { series, fields, timestampNs: timestampNs + addedNs };
  }

  /** Series and time of an element that failed; undefined when it fails for them. What it lacks is counted already. */
  #identity(reading: Reading): PointIdentity | undefined {
    const untraced = { ...reading, trace: undefined };
    const uncounted = createMappingWarningCounts();
    const timestampNs = this.#parts.time(untraced, uncounted);
    const series = this.#parts.series.series(untraced, uncounted);
    if (timestampNs instanceof MappingFailure || series instanceof MappingFailure) return undefined;
    return { series, timestampNs };
  }

  #series(reading: Reading, match: TopicMatch, warnings: MappingWarningCounts): Series | MappingFailure {
    const countsBefore = tagWarnings(warnings);
    const series = this.#parts.series.series(reading, warnings);
    if (series instanceof MappingFailure) return series;
    const dependsOn = this.#parts.seriesDependsOn;
    const isFixed =
      dependsOn === 'topic' || (dependsOn === 'topic-and-client' && match.deviceLevel !== undefined);
    // A series with a warning is looked up each time, so that each record is counted.
    if (isFixed && tagWarnings(warnings) === countsBefore) match.series = series;
    return series;
  }

  #absent(failure: MappingFailure): Mapped {
    return this.#parts.whenEmpty === 'filter' ? this.noValue() : this.#parked(failure);
  }

  #parked({ code, reason }: MappingFailure): Parked {
    return { kind: 'parked', rule: this.name, code, reason };
  }
}

function firstFailure(checks: readonly Check[], reading: Reading): MappingFailure | undefined {
  for (const { where, reason } of checks) {
    const isFine = where(reading);
    if (isFine instanceof MappingFailure) return isFine;
    if (!isFine) return new MappingFailure('rule-check-failed', reason);
  }
  return undefined;
}

/** In one table, and in a query, a name is either a tag or a field. */
function tagAndField({ tags }: Series, fields: readonly Field[]): MappingFailure | undefined {
  const field = fields.find(({ name }) => tags.some((tag) => tag.name === name));
  if (field === undefined) return undefined;
  return new MappingFailure('field-collision', `the field ${quoted(field.name)} has the name of a tag`);
}

function tagWarnings(warnings: MappingWarningCounts): number {
  return (
    warnings['tag-missing'] + warnings['tag-omitted'] + warnings['tag-replaced'] + warnings['tag-default']
  );
}
