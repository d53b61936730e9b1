import { isJsonObject, type JsonObject, type JsonValue, kindOf } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { quoted } from '../lib/printable.js';
import type { Tag } from '../sink/point.js';
import type { FieldNaming } from './field-names.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import type { NameBudget } from './name-budget.js';
import { stepText } from './path.js';
import { isReservedKey } from './point-names.js';
import type { Getter, Origin } from './reference.js';
import { scalarText } from './scalar-text.js';

const MAX_CACHED_NAMES = 4_096;

export interface AutoTagsParts {
  /** Where the members are that become tags. */
  readonly get: Getter;
  readonly origin: Origin;
  /** Excludes or renames tags. */
  readonly naming?: FieldNaming;
  /** Names of tags and fields that the rule names. */
  readonly takenNames: ReadonlySet<string>;
  readonly names: NameBudget;
}

/** The name of a tag, or why there is none: it is excluded, or must not be used. */
type Verdict = { readonly name: string } | { readonly omitted: string; readonly isCounted: boolean };

/**
 * AutoTags makes a tag of every text, number and boolean of an object. Reserved names, and those of the rule's own tags and
 * fields, are omitted with a warning, and so are lists and objects; null and the empty text are no tag. The record is parked
 * when a name cannot be written, when two members give the same name, and when the rule has met too many names.
 */
export class AutoTags {
  readonly #parts: AutoTagsParts;
  readonly #verdicts = new BoundedCache<Verdict>(MAX_CACHED_NAMES);

  constructor(parts: AutoTagsParts) {
    this.#parts = parts;
  }

  /** The tags of a record by the order of their names in UTF-16, so that equal ones come in equal order. */
  read(reading: Reading, warnings: MappingWarningCounts): readonly Tag[] | MappingFailure {
    const found = this.#parts.get(reading);
    if (found instanceof MappingFailure) return found;
    if (found === undefined || found === null) {
      warnings['tag-missing']++;
      return [];
    }
    if (isJsonObject(found)) return this.#members(found, reading, warnings);
    return new MappingFailure('tag-invalid', `the tags of autoTags are ${kindOf(found)}, not an object`);
  }

  #members(
    object: JsonObject,
    reading: Reading,
    warnings: MappingWarningCounts,
  ): readonly Tag[] | MappingFailure {
    const tags: Tag[] = [];
    for (const key in object) {
      const value = object[key] as JsonValue;
      const verdict = this.#verdict(key);
      if ('omitted' in verdict) {
        if (verdict.isCounted) warnings['tag-omitted']++;
        this.#trace(reading, key, key, value, { omitted: verdict.omitted });
        continue;
      }
      const { name } = verdict;
      const text = value === null ? '' : scalarText(value);
      if (text === undefined || text === '') {
        warnings[text === undefined ? 'tag-omitted' : 'tag-missing']++;
        this.#trace(reading, key, name, value, { omitted: `it is ${text === '' ? 'empty' : kindOf(value)}` });
        continue;
      }
      const refusal = this.#parts.names.refusal(name);
      if (refusal !== undefined) {
        this.#trace(reading, key, name, value, { omitted: refusal.reason });
        return refusal;
      }
      tags.push({ name, value: text });
      this.#trace(reading, key, name, value, { became: text });
    }
    tags.sort((left, right) => (left.name < right.name ? -1 : 1));
    const twice = tags.find(({ name }, index) => tags[index + 1]?.name === name);
    if (twice === undefined) return tags;
    return new MappingFailure(
      'tag-invalid',
      `two members of autoTags both give the tag ${quoted(twice.name)}`,
    );
  }

  #verdict(key: string): Verdict {
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#judge(key);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #judge(key: string): Verdict {
    const { naming, takenNames } = this.#parts;
    const name = naming === undefined ? key : naming(key);
    if (name === undefined) return { omitted: 'the rule excludes it', isCounted: false };
    if (isReservedKey(name)) return { omitted: 'the name is reserved', isCounted: true };
    if (takenNames.has(name)) {
      return { omitted: 'the rule has another tag or field of that name', isCounted: true };
    }
    return { name };
  }

  #trace(
    reading: Reading,
    key: string,
    name: string,
    found: JsonValue,
    outcome: { readonly became: string } | { readonly omitted: string },
  ): void {
    if (reading.trace === undefined) return;
    const from = this.#parts.origin(reading) + stepText(key);
    reading.trace.value({ target: 'tag', name, from, found, ...outcome });
  }
}
