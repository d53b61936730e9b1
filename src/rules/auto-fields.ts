import {
  ExactNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  kindOf,
} from '../formats/json/json-value.js';
import { BoundedCache } from '../lib/bounded-cache.js';
import { quoted } from '../lib/printable.js';
import type { Field } from '../sink/point.js';
import type { FieldNaming } from './field-names.js';
import type { FieldsRead } from './fields.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';
import type { MappingTrace, TracedValue } from './mapping-trace.js';
import type { NameBudget } from './name-budget.js';
import { stepText } from './path.js';
import { hasControlCharacter, isReservedKey, unwritableName } from './point-names.js';
import type { Getter, Origin } from './reference.js';
import { mayBeTime, OBVIOUS_TIME_KEYS } from './time.js';
import { nearestFloat } from './typed-field.js';

const MAX_CACHED_NAMES = 4_096;
const OBVIOUS_TIME_KEY_SET: ReadonlySet<string> = new Set(OBVIOUS_TIME_KEYS);

/** Keys that are not fields because the rule uses them elsewhere; a nested set for a path of several keys. */
export type Omitted = Map<string, Omitted | true>;

/** Who asks for an explanation, and where in the message the value is. */
interface Tracing {
  readonly trace: MappingTrace;
  readonly path: string;
}

type Verdict = { readonly name: string } | 'excluded' | 'skip' | MappingFailure;

export interface AutoFieldsParts {
  /** Where the members are; undefined for what each record has in its place. */
  readonly get: Getter;
  /** For an explanation. */
  readonly origin: Origin;
  readonly omitted: Omitted;
  /** Names of tags and of named fields. */
  readonly takenNames: ReadonlySet<string>;
  readonly omitsTime: boolean;
  /** Excludes or renames fields. */
  readonly naming?: FieldNaming;
  /** Texts become string fields. */
  readonly texts?: boolean;
  /** The field of a bare number or boolean. */
  readonly bareName: (reading: Reading) => string;
  readonly bareNames: NameBudget;
}

/**
 * AutoFields makes a field of every number and boolean of an object: numbers are floats (unless the format declares them to be
 * integers), keys of nested objects are joined by `_`. Text, arrays, reserved names and long numbers as keys (times,
 * identities) are omitted with a warning. The record is parked when a name cannot be written in line protocol, or when two paths give the same name: neither may win
 * silently. A bare number or boolean is one field.
 */
export class AutoFields {
  readonly #parts: AutoFieldsParts;
  readonly #omitted: Omitted;
  readonly #verdicts = new BoundedCache<Verdict>(MAX_CACHED_NAMES);
  /** The field of a top-level key whose numbers need no further question; '' for any other key. */
  readonly #plainNames = new BoundedCache<string>(MAX_CACHED_NAMES);

  constructor(parts: AutoFieldsParts) {
    this.#parts = parts;
    this.#omitted = parts.omitted;
  }

  read(reading: Reading, warnings: MappingWarningCounts): FieldsRead {
    const found = this.#parts.get(reading);
    const { trace } = reading;
    const tracing = trace && { trace, path: this.#parts.origin(reading) };
    // Most often it is the payload, of which it is known already that it is an object.
    if (found === reading.members) return this.#members(reading.members, warnings, tracing);
    if (found instanceof MappingFailure) return found;
    if (found === undefined) return [];
    if (isJsonObject(found)) return this.#members(found, warnings, tracing);
    if (found === null) {
      warnings['field-null']++;
      return 'no-value';
    }
    return this.#bare(found, reading, warnings, tracing);
  }

  #members(object: JsonObject, warnings: MappingWarningCounts, tracing: Tracing | undefined): FieldsRead {
    const fields: Field[] = [];
    const nullsBefore = warnings['field-null'];
    const othersBefore = warnings['field-not-numeric'];
    const { omitsTime, naming } = this.#parts;
    // Keys of one object are unique already: only nesting and renaming can give two paths the same name.
    let isNested = naming !== undefined;
    for (const key in object) {
      const value = object[key] as JsonValue;
      if (typeof value === 'number' && tracing === undefined) {
        // Nearly all members are such.
        const name = this.#plainNames.get(key) ?? this.#plainName(key);
        if (name !== '') {
          fields.push({ name, type: 'float', value });
          continue;
        }
      }
      if (omitsTime && OBVIOUS_TIME_KEY_SET.has(key) && mayBeTime(value)) continue;
      const omitted = this.#omitted.get(key);
      if (omitted === true) continue;
      if (typeof value === 'object' && !(value instanceof ExactNumber)) isNested = true;
      const within = tracing && { ...tracing, path: tracing.path + stepText(key) };
      const failure = this.#add(fields, key, key, value, omitted, warnings, within);
      if (failure !== undefined) return failure;
    }
    if (fields.length > 0) return isNested ? withoutCollision(fields) : fields;
    const hasOnlyNulls =
      warnings['field-null'] > nullsBefore && warnings['field-not-numeric'] === othersBefore;
    return hasOnlyNulls ? 'no-value' : fields;
  }

  #bare(
    value: JsonValue,
    reading: Reading,
    warnings: MappingWarningCounts,
    tracing: Tracing | undefined,
  ): FieldsRead {
    const fields: Field[] = [];
    const name = this.#parts.bareName(reading);
    const isField = typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber;
    const failure =
      (isField ? this.#parts.bareNames.refusal(name) : undefined) ??
      this.#add(fields, name, name, value, undefined, warnings, tracing);
    return failure ?? fields;
  }

  #add(
    fields: Field[],
    name: string,
    key: string,
    value: JsonValue,
    omitted: Omitted | undefined,
    warnings: MappingWarningCounts,
    tracing: Tracing | undefined,
  ): MappingFailure | undefined {
    if (Array.isArray(value) || (typeof value === 'string' && !this.#isText(value))) {
      warnings['field-not-numeric']++;
      if (tracing !== undefined) traced(tracing, name, value, { omitted: `it is ${kindOf(value)}` });
      return undefined;
    }
    if (value === null) {
      warnings['field-null']++;
      if (tracing !== undefined) traced(tracing, name, value, { omitted: 'it is null' });
      return undefined;
    }
    if (isLongNumber(key)) {
      warnings['field-name-skipped']++;
      if (tracing !== undefined) {
        traced(tracing, name, value, { omitted: 'its key is a number, as times and identities are' });
      }
      return undefined;
    }
    if (typeof value === 'object' && !(value instanceof ExactNumber)) {
      for (const inside in value) {
        const inner = omitted?.get(inside);
        if (inner === true) continue;
        const within = tracing && { ...tracing, path: tracing.path + stepText(inside) };
        const failure = this.#add(
          fields,
          `${name}_${inside}`,
          inside,
          value[inside] as JsonValue,
          inner,
          warnings,
          within,
        );
        if (failure !== undefined) return failure;
      }
      return undefined;
    }
    const verdict = this.#verdict(name);
    if (verdict === 'excluded') {
      if (tracing !== undefined) traced(tracing, name, value, { omitted: 'the rule excludes it' });
      return undefined;
    }
    if (verdict === 'skip') {
      warnings['field-name-skipped']++;
      if (tracing !== undefined) {
        traced(tracing, name, value, { omitted: 'the name is reserved or that of a tag' });
      }
      return undefined;
    }
    if (verdict instanceof MappingFailure) {
      if (tracing !== undefined) traced(tracing, name, value, { omitted: verdict.reason });
      return verdict;
    }
    const field = fieldOf(verdict.name, value, warnings);
    fields.push(field);
    if (tracing !== undefined) traced(tracing, field.name, value, { became: String(field.value) });
    return undefined;
  }

  #isText(value: string): boolean {
    return this.#parts.texts === true && !hasControlCharacter(value);
  }

  #plainName(key: string): string {
    const isUsed = this.#omitted.has(key) || (this.#parts.omitsTime && OBVIOUS_TIME_KEY_SET.has(key));
    const verdict = isUsed || isLongNumber(key) ? 'skip' : this.#verdict(key);
    const name = typeof verdict === 'object' && !(verdict instanceof MappingFailure) ? verdict.name : '';
    this.#plainNames.set(key, name);
    return name;
  }

  #verdict(name: string): Verdict {
    const known = this.#verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = this.#judge(name);
    this.#verdicts.set(name, verdict);
    return verdict;
  }

  #judge(key: string): Verdict {
    const { naming, takenNames } = this.#parts;
    const name = naming === undefined ? key : naming(key);
    if (name === undefined) return 'excluded';
    const problem = unwritableName(name);
    if (problem !== undefined) {
      return new MappingFailure('field-name-invalid', `the field name ${quoted(name)} ${problem}`);
    }
    return isReservedKey(name) || takenNames.has(name) ? 'skip' : { name };
  }
}

/** The most digits of a key that may name a channel. A longer one is a time or an identity, and there is no end to those. */
const MAX_CHANNEL_DIGITS = 3;
const NINE = 0x39;

function isLongNumber(key: string): boolean {
  // Most keys begin with a letter: they cost one comparison.
  return key.charCodeAt(0) <= NINE && key.length > MAX_CHANNEL_DIGITS && /^\d+$/.test(key);
}

function fieldOf(
  name: string,
  value: boolean | number | string | ExactNumber,
  warnings: MappingWarningCounts,
): Field {
  if (typeof value === 'number') return { name, type: 'float', value };
  if (typeof value === 'boolean') return { name, type: 'boolean', value };
  if (typeof value === 'string') return { name, type: 'string', value };
  if (value.declared === 'int') return { name, type: 'int', value: BigInt(value.text) };
  return { name, type: 'float', value: nearestFloat(value.text, value.toNumber(), warnings) };
}

function traced(
  { trace, path }: Tracing,
  name: string,
  found: JsonValue,
  outcome: Pick<TracedValue, 'became' | 'omitted'>,
): void {
  trace.value({ target: 'field', name, from: path, found, ...outcome });
}

/** Parks a record in which two values have the same field. */
export function withoutCollision(fields: Field[]): Field[] | MappingFailure {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) {
      return new MappingFailure(
        'field-collision',
        `two values of the payload both give the field ${quoted(name)}`,
      );
    }
    names.add(name);
  }
  return fields;
}
