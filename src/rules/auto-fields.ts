import { ExactNumber, type JsonObject, type JsonValue } from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { quoted } from '../lib/printable.js';
import type { Field } from '../sink/point.js';
import type { FieldsRead } from './fields.js';
import { MappingFailure, type MappingWarningCounts } from './mapped.js';
import { isReservedKey, unwritableName } from './point-names.js';
import { mayBeTime, OBVIOUS_TIME_KEYS } from './time.js';
import { roundedToFloat } from './typed-field.js';

const MAX_CACHED_NAMES = 4_096;
const OBVIOUS_TIME_KEY_SET: ReadonlySet<string> = new Set(OBVIOUS_TIME_KEYS);

/** Keys that are not fields because the rule uses them elsewhere; a nested set for a path of several keys. */
export type Omitted = Map<string, Omitted | true>;

type Verdict = 'fine' | 'skip' | MappingFailure;

/**
 * AutoFields makes a field of every number and boolean of the payload: numbers are floats, keys of nested objects
 * are joined by `_`. Text, arrays and reserved names are omitted with a warning. The record is parked when a name
 * cannot be written in line protocol, or when two paths give the same name: neither may win silently.
 */
export class AutoFields {
  readonly #omitted: Omitted;
  readonly #tagNames: ReadonlySet<string>;
  readonly #omitsTime: boolean;
  readonly #verdicts = new BoundedCache<Verdict>(MAX_CACHED_NAMES);

  constructor(omitted: Omitted, tagNames: ReadonlySet<string>, omitsTime: boolean) {
    this.#omitted = omitted;
    this.#tagNames = tagNames;
    this.#omitsTime = omitsTime;
  }

  read(payload: JsonObject, warnings: MappingWarningCounts): FieldsRead {
    const fields: Field[] = [];
    const nullsBefore = warnings['field-null'];
    const othersBefore = warnings['field-not-numeric'];
    // Keys of one object are unique already: only nesting can give two paths the same name.
    let isNested = false;
    for (const key in payload) {
      const value = payload[key] as JsonValue;
      if (this.#omitsTime && OBVIOUS_TIME_KEY_SET.has(key) && mayBeTime(value)) continue;
      const omitted = this.#omitted.get(key);
      if (omitted === true) continue;
      if (typeof value === 'object') isNested = true;
      const failure = this.#add(fields, key, value, omitted, warnings);
      if (failure !== undefined) return failure;
    }
    if (fields.length > 0) return isNested ? withoutCollision(fields) : fields;
    const hasOnlyNulls =
      warnings['field-null'] > nullsBefore && warnings['field-not-numeric'] === othersBefore;
    return hasOnlyNulls ? 'no-value' : fields;
  }

  #add(
    fields: Field[],
    name: string,
    value: JsonValue,
    omitted: Omitted | undefined,
    warnings: MappingWarningCounts,
  ): MappingFailure | undefined {
    if (typeof value === 'string' || Array.isArray(value)) {
      warnings['field-not-numeric']++;
      return undefined;
    }
    if (value === null) {
      warnings['field-null']++;
      return undefined;
    }
    if (typeof value === 'object' && !(value instanceof ExactNumber)) {
      for (const key in value) {
        const inner = omitted?.get(key);
        if (inner === true) continue;
        const failure = this.#add(fields, `${name}_${key}`, value[key] as JsonValue, inner, warnings);
        if (failure !== undefined) return failure;
      }
      return undefined;
    }
    const verdict = this.#verdict(name);
    if (verdict === 'skip') {
      warnings['field-name-skipped']++;
      return undefined;
    }
    if (verdict !== 'fine') return verdict;
    if (typeof value === 'boolean') fields.push({ name, type: 'boolean', value });
    else if (typeof value === 'number') fields.push({ name, type: 'float', value });
    else fields.push({ name, type: 'float', value: roundedToFloat(value.text, warnings) });
    return undefined;
  }

  #verdict(name: string): Verdict {
    const known = this.#verdicts.get(name);
    if (known !== undefined) return known;
    const problem = unwritableName(name);
    let verdict: Verdict = 'fine';
    if (problem !== undefined) {
      verdict = new MappingFailure('field-name-invalid', `the field name ${quoted(name)} ${problem}`);
    } else if (isReservedKey(name) || this.#tagNames.has(name)) verdict = 'skip';
    this.#verdicts.set(name, verdict);
    return verdict;
  }
}

function withoutCollision(fields: Field[]): Field[] | MappingFailure {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) {
      return new MappingFailure(
        'field-collision',
        `two keys of the payload both give the field ${quoted(name)}`,
      );
    }
    names.add(name);
  }
  return fields;
}
