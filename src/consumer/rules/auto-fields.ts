import { BoundedCache } from '../../bounded-cache.js';
import type { Field } from '../../sink/sink.js';
import { ExactNumber, type JsonObject, type JsonValue } from '../formats/json/json-value.js';
import { quoted } from '../formats/quoted.js';
import { roundedToFloat } from './fields.js';
import { Refused } from './mapped.js';
import { isReservedKey, unwritableName } from './names.js';
import type { NoteCounts } from './notes.js';
import { mayBeTime, OBVIOUS_TIME_KEYS } from './time.js';

const MAX_CACHED_NAMES = 4_096;
const OBVIOUS_TIME_KEY_SET: ReadonlySet<string> = new Set(OBVIOUS_TIME_KEYS);

/** Keys that are not fields because the rule uses them elsewhere; a nested set for a path of several keys. */
export type LeftOut = Map<string, LeftOut | true>;

type Verdict = 'fine' | 'skip' | Refused;

/**
 * Every number and boolean of the payload as a field: numbers are floats, keys of nested objects are joined by
 * `_`. Text and arrays are left out and noted, and so are reserved names; a name that line protocol cannot
 * carry refuses the record, and so do two paths that give one name, because neither may win silently.
 */
export class AutoFields {
  private readonly leftOut: LeftOut;
  private readonly tagNames: ReadonlySet<string>;
  private readonly leavesOutTime: boolean;
  private readonly verdicts = new BoundedCache<Verdict>(MAX_CACHED_NAMES);

  constructor(leftOut: LeftOut, tagNames: ReadonlySet<string>, leavesOutTime: boolean) {
    this.leftOut = leftOut;
    this.tagNames = tagNames;
    this.leavesOutTime = leavesOutTime;
  }

  read(payload: JsonObject, notes: NoteCounts): Field[] | Refused {
    const fields: Field[] = [];
    // Keys of one object are unique already: only nesting can bring two paths to one name.
    let isNested = false;
    for (const key in payload) {
      const value = payload[key] as JsonValue;
      if (this.leavesOutTime && OBVIOUS_TIME_KEY_SET.has(key) && mayBeTime(value)) continue;
      const leftOut = this.leftOut.get(key);
      if (leftOut === true) continue;
      if (typeof value === 'object') isNested = true;
      const refused = this.add(fields, key, value, leftOut, notes);
      if (refused !== undefined) return refused;
    }
    return isNested ? withoutCollision(fields) : fields;
  }

  private add(
    fields: Field[],
    name: string,
    value: JsonValue,
    leftOut: LeftOut | undefined,
    notes: NoteCounts,
  ): Refused | undefined {
    if (typeof value === 'string' || Array.isArray(value)) {
      notes['field-not-numeric']++;
      return undefined;
    }
    if (value === null) {
      notes['field-null']++;
      return undefined;
    }
    if (typeof value === 'object' && !(value instanceof ExactNumber)) {
      for (const key in value) {
        const inner = leftOut?.get(key);
        if (inner === true) continue;
        const refused = this.add(fields, `${name}_${key}`, value[key] as JsonValue, inner, notes);
        if (refused !== undefined) return refused;
      }
      return undefined;
    }
    const verdict = this.verdict(name);
    if (verdict === 'skip') {
      notes['field-name-skipped']++;
      return undefined;
    }
    if (verdict !== 'fine') return verdict;
    if (typeof value === 'boolean') fields.push({ name, type: 'boolean', value });
    else if (typeof value === 'number') fields.push({ name, type: 'float', value });
    else fields.push({ name, type: 'float', value: roundedToFloat(value.text, notes) });
    return undefined;
  }

  private verdict(name: string): Verdict {
    const known = this.verdicts.get(name);
    if (known !== undefined) return known;
    const problem = unwritableName(name);
    let verdict: Verdict = 'fine';
    if (problem !== undefined) {
      verdict = new Refused('field-name-invalid', `the field name ${quoted(name)} ${problem}`);
    } else if (isReservedKey(name) || this.tagNames.has(name)) verdict = 'skip';
    this.verdicts.set(name, verdict);
    return verdict;
  }
}

function withoutCollision(fields: Field[]): Field[] | Refused {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) {
      return new Refused('field-collision', `two keys of the payload both give the field ${quoted(name)}`);
    }
    names.add(name);
  }
  return fields;
}
