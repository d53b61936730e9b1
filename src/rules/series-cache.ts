import { ExactNumber, type JsonValue, kindOf } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { quoted } from '../lib/printable.js';
import type { Series, Tag } from '../sink/point.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import { hasControlCharacter } from './point-names.js';
import type { Getter } from './reference.js';

/** Tag values go into every index entry: longer ones are a mistake in the rule. */
export const MAX_TAG_VALUE_BYTES = 1_024;
export const DEFAULT_MAX_CACHED_SERIES = 100_000;

export interface TagReader {
  readonly name: string;
  readonly get: Getter;
}

/**
 * SeriesCache keeps the series of one rule: equal tag sets get the same Series object, as long as it was used
 * lately. A sink that remembers an evicted one only derives its prefix again.
 */
export class SeriesCache {
  readonly #measurement: string;
  readonly #readers: readonly TagReader[];
  readonly #cache: BoundedCache<Series>;
  readonly #values: string[];

  /** `readers` must be sorted by the UTF-8 bytes of their names. */
  constructor(measurement: string, readers: readonly TagReader[], maxSeries = DEFAULT_MAX_CACHED_SERIES) {
    this.#measurement = measurement;
    this.#readers = readers;
    this.#cache = new BoundedCache(maxSeries);
    this.#values = readers.map(() => '');
  }

  series(reading: Reading, warnings: MappingWarningCounts): Series | MappingFailure {
    const readers = this.#readers;
    const values = this.#values;
    let identity = '';
    for (let index = 0; index < readers.length; index++) {
      const reader = readers[index] as TagReader;
      const text = tagText(reader.get(reading));
      if (text === undefined) return invalid(reader.name, `is ${kindOf(reader.get(reading))}`);
      if (text === '') warnings['tag-missing']++;
      values[index] = text;
      // The length in front keeps `a`,`b:c` and `a:b`,`c` different without escaping.
      identity = index === 0 && readers.length === 1 ? text : `${identity}${text.length}:${text}`;
    }
    const known = this.#cache.get(identity);
    if (known !== undefined) return known;
    return this.#create(identity);
  }

  #create(identity: string): Series | MappingFailure {
    const tags: Tag[] = [];
    for (const [index, reader] of this.#readers.entries()) {
      const text = this.#values[index] as string;
      if (text === '') continue;
      const problem = tagValueProblem(text);
      if (problem !== undefined) return invalid(reader.name, `${quoted(text)} ${problem}`);
      tags.push({ name: reader.name, value: owned(text) });
    }
    const series: Series = { measurement: this.#measurement, tags };
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

/** The text of a tag's value: '' when there is none, undefined when the value cannot be a tag. */
function tagText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof ExactNumber ? value.text : undefined;
}

/** A copy: a slice of a decoded payload would keep all 64 KiB of it alive in the cache. */
function owned(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function invalid(name: string, problem: string): MappingFailure {
  return new MappingFailure('tag-invalid', `the tag ${quoted(name)}: its value ${problem}`);
}
