import { type JsonValue, kindOf } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { quoted } from '../lib/printable.js';
import type { Series, Tag } from '../sink/point.js';
import type { AutoTags } from './auto-tags.js';
import {
  createMappingWarningCounts,
  MappingFailure,
  type MappingWarningCounts,
  type Reading,
} from './mapped.js';
import type { NameBudget } from './name-budget.js';
import { hasControlCharacter } from './point-names.js';
import type { Getter, Origin } from './reference.js';
import { scalarText } from './scalar-text.js';
import type { ValuePreparation } from './value-words.js';

/** Tag values go into every index entry: longer ones are a mistake in the rule. */
export const MAX_TAG_VALUE_BYTES = 1_024;
/** Control characters, and the backslash at the end that would escape the separator behind the value. */
const FORBIDDEN_IN_TAG = /\p{Cc}|\\+$/gu;
export const DEFAULT_MAX_CACHED_SERIES = 100_000;

export interface TagReader {
  readonly name: string;
  readonly get: Getter;
  /** For an explanation. */
  readonly origin?: Origin;
  /** Words that mean no value, and what words stand for; absent when the rule names none. */
  readonly prepare?: ValuePreparation;
  /** The value when there is none. */
  readonly fallback?: string;
  /** A record without a value is parked. */
  readonly isRequired?: boolean;
  readonly otherwise?: 'omit' | 'replace';
  /** Whether topic, client and user decide the value, whatever the payload is. */
  readonly isOfTopic?: boolean;
}

/** The measurement of a rule: a name, or where the name comes from. */
export type MeasurementReader =
  | string
  | {
      readonly get: Getter;
      readonly origin: Origin;
      readonly names: NameBudget;
      /** As of a tag. */
      readonly isOfTopic?: boolean;
    };

/** What is known of a series before the payload is read. */
export interface KnownSeries {
  /** Absent when the payload names it. */
  readonly measurement?: string;
  readonly tags: readonly Tag[];
}

/**
 * SeriesCache keeps the series of one rule: equal tag sets get the same Series object, as long as it was used
 * lately. A sink that remembers an evicted one only derives its prefix again.
 */
export class SeriesCache {
  readonly #measurement: MeasurementReader;
  readonly #readers: readonly TagReader[];
  readonly #cache: BoundedCache<Series>;
  readonly #values: string[];
  readonly #autoTags: AutoTags | undefined;

  /** `readers` must be sorted by the UTF-8 bytes of their names. */
  constructor(
    measurement: MeasurementReader,
    readers: readonly TagReader[],
    maxSeries = DEFAULT_MAX_CACHED_SERIES,
    autoTags?: AutoTags,
  ) {
    this.#autoTags = autoTags;
    this.#measurement = measurement;
    this.#readers = readers;
    this.#cache = new BoundedCache(maxSeries);
    this.#values = readers.map(() => '');
  }

  series(reading: Reading, warnings: MappingWarningCounts): Series | MappingFailure {
    const readers = this.#readers;
    const values = this.#values;
    const autoTags = this.#autoTags;
    const isConstant = typeof this.#measurement === 'string';
    const measurement = isConstant ? (this.#measurement as string) : this.#measurementOf(reading);
    if (measurement instanceof MappingFailure) return measurement;
    let identity = isConstant ? '' : `${measurement.length}:${measurement}`;
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[index] as TagReader;
      const text = tagText(reader, reading, warnings);
      if (reading.trace !== undefined) traceTag(reading, reader, text);
      if (text instanceof MappingFailure) return text;
      values[index] = text;
      // The length in front keeps `a`,`b:c` and `a:b`,`c` different without escaping.
      identity =
        isConstant && readers.length === 1 && autoTags === undefined
          ? text
          : `${identity}${text.length}:${text}`;
    }
    const found = autoTags?.read(reading, warnings);
    if (found instanceof MappingFailure) return found;
    if (found !== undefined) {
      for (const { name, value } of found) identity += `${name.length}:${name}${value.length}:${value}`;
    }
    const known = this.#cache.get(identity);
    if (known !== undefined) return known;
    return this.#create(measurement, identity, found);
  }

  /** Whether the measurement has, or has had, this name. */
  hasNamed(measurement: string): boolean {
    const own = this.#measurement;
    return typeof own === 'string' ? own === measurement : own.names.has(measurement);
  }

  /** What topic, client and user alone say. The reading has no payload. */
  known(reading: Reading): KnownSeries {
    const uncounted = createMappingWarningCounts();
    const tags = this.#readers.flatMap((reader): Tag[] => {
      const value = reader.isOfTopic === true ? tagText(reader, reading, uncounted) : '';
      return typeof value === 'string' && value !== '' ? [{ name: reader.name, value }] : [];
    });
    const measurement = this.#knownMeasurement(reading);
    return measurement === undefined ? { tags } : { measurement, tags };
  }

  #knownMeasurement(reading: Reading): string | undefined {
    const own = this.#measurement;
    if (typeof own === 'string') return own;
    const value = own.isOfTopic === true ? own.get(reading) : undefined;
    return value === undefined || value === null || value instanceof MappingFailure
      ? undefined
      : scalarText(value);
  }

  #measurementOf(reading: Reading): string | MappingFailure {
    const { get, origin, names } = this.#measurement as Exclude<MeasurementReader, string>;
    const value = get(reading);
    if (value instanceof MappingFailure) return value;
    if (reading.trace !== undefined) traceMeasurement(reading, value, origin(reading));
    const name = value === undefined || value === null ? undefined : scalarText(value);
    if (name === undefined) {
      return new MappingFailure('measurement-name-invalid', `the measurement name is ${kindOf(value)}`);
    }
    return names.refusal(name) ?? name;
  }

  #create(measurement: string, identity: string, found: readonly Tag[] | undefined): Series | MappingFailure {
    const tags: Tag[] = [];
    for (const [index, reader] of this.#readers.entries()) {
      const text = this.#values[index] as string;
      if (text === '') continue;
      const problem = tagValueProblem(text);
      if (problem !== undefined) return invalid(reader.name, `${quoted(text)} ${problem}`);
      tags.push({ name: reader.name, value: owned(text) });
    }
    if (found !== undefined) {
      for (const { name, value } of found) {
        const problem = tagValueProblem(value);
        if (problem !== undefined) return invalid(name, `${quoted(value)} ${problem}`);
        tags.push({ name: owned(name), value: owned(value) });
      }
      tags.sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
    }
    const series: Series = { measurement: owned(measurement), tags };
    this.#cache.set(owned(identity), series);
    return series;
  }
}

/** Why a text cannot be a tag's value, or undefined. */
export function tagValueProblem(text: string): string | undefined {
  if (hasControlCharacter(text)) return 'holds a control character';
  if (text.endsWith('\\')) return 'ends in a backslash';
  const bytes = text.length > MAX_TAG_VALUE_BYTES ? text.length : Buffer.byteLength(text);
  return bytes > MAX_TAG_VALUE_BYTES ? `is longer than ${MAX_TAG_VALUE_BYTES} bytes` : undefined;
}

/** The text of a tag's value: '' when the tag is omitted. */
function tagText(
  reader: TagReader,
  reading: Reading,
  warnings: MappingWarningCounts,
): string | MappingFailure {
  const found = reader.get(reading);
  if (typeof found === 'string' && found !== '' && !hasOptions(reader)) return found;
  if (found instanceof MappingFailure) return insteadOf(found, reader, warnings);
  const value =
    reader.prepare === undefined || found === undefined || found === null ? found : reader.prepare(found);
  if (value === undefined || value === null || value === '') return withoutValue(reader, warnings);
  const text = scalarText(value);
  if (text === undefined) return insteadOf(invalid(reader.name, `is ${kindOf(value)}`), reader, warnings);
  if (reader.otherwise === undefined) return text;
  const problem = tagValueProblem(text);
  if (problem === undefined) return text;
  if (reader.otherwise === 'replace') {
    const replaced = text.replace(FORBIDDEN_IN_TAG, '_');
    if (tagValueProblem(replaced) === undefined) {
      warnings['tag-replaced']++;
      return replaced;
    }
  }
  return insteadOf(invalid(reader.name, `${quoted(text)} ${problem}`), reader, warnings);
}

function hasOptions({ prepare, otherwise }: TagReader): boolean {
  return prepare !== undefined || otherwise !== undefined;
}

function withoutValue(
  { name, fallback, isRequired }: TagReader,
  warnings: MappingWarningCounts,
): string | MappingFailure {
  if (fallback !== undefined) {
    warnings['tag-default']++;
    return fallback;
  }
  if (isRequired === true) return invalid(name, 'is missing, and the rule requires it', 'tag-required');
  if (isRequired === undefined) warnings['tag-missing']++;
  return '';
}

function insteadOf(
  failure: MappingFailure,
  { otherwise }: TagReader,
  warnings: MappingWarningCounts,
): string | MappingFailure {
  if (otherwise !== 'omit') return failure;
  warnings['tag-omitted']++;
  return '';
}

/** A copy: a slice of a decoded payload would keep all 64 KiB of it alive in the cache. */
function owned(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function traceTag(reading: Reading, { name, get, origin }: TagReader, text: string | MappingFailure): void {
  const found = get(reading);
  const value = {
    target: 'tag',
    name,
    from: origin?.(reading) ?? '',
    found: found instanceof MappingFailure ? undefined : found,
  } as const;
  if (text instanceof MappingFailure) reading.trace?.value({ ...value, omitted: text.reason });
  else if (text !== '') reading.trace?.value({ ...value, became: text });
  else reading.trace?.value({ ...value, omitted: noTag(value.found) });
}

function traceMeasurement(reading: Reading, found: JsonValue | undefined, from: string): void {
  const value = { target: 'measurement', name: 'measurement', from, found } as const;
  const name = found === undefined || found === null ? undefined : scalarText(found);
  reading.trace?.value(name === undefined ? { ...value, omitted: noTag(found) } : { ...value, became: name });
}

function noTag(found: JsonValue | undefined): string {
  if (found === undefined) return 'it is not there';
  return found === '' ? 'it is empty' : `it is ${kindOf(found)}`;
}

function invalid(
  name: string,
  problem: string,
  code: 'tag-invalid' | 'tag-required' = 'tag-invalid',
): MappingFailure {
  return new MappingFailure(code, `the tag ${quoted(name)}: its value ${problem}`);
}
