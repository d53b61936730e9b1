import { isJsonObject, type JsonValue } from '../formats/json/json-value.js';
import { quoted } from '../lib/printable.js';
import { MappingFailure, type Reading } from './mapped.js';
import { stepText } from './path.js';
import type { Getter, Origin } from './reference.js';
import type { Where } from './where.js';

/** One level of `each`, compiled. */
export interface EachLevel {
  readonly get: Getter;
  /** For an explanation. */
  readonly origin: Origin;
  /** The paths, for reasons. */
  readonly text: string;
  readonly as: string;
  readonly key: string;
  readonly index: string;
  readonly where?: Where;
}

/** What became of the lists of one message. */
export interface ElementsRead {
  /** How many elements were taken. */
  readonly taken: number;
  /** How many a condition has skipped. */
  readonly skipped: number;
  /** True when a list was there, even an empty one, or null was in its place. */
  readonly isPresent: boolean;
  /** The message has more elements than it may have: nothing of it counts. */
  readonly failure?: MappingFailure;
}

type Variables = Record<string, JsonValue | undefined>;

/** What an element became; a failure of it does not end the walk. */
export type TakeElement = (reading: Reading, labelOf: () => string) => void;

/**
 * Elements walks the elements of lists and objects, in the order of the payload. What is neither is one element: many devices
 * send a list only when there is more than one.
 */
export class Elements {
  readonly #levels: readonly EachLevel[];
  readonly #max: number;
  /** Where the elements are, for reasons. */
  readonly text: string;

  constructor(levels: readonly EachLevel[], max: number) {
    this.#levels = levels;
    this.#max = max;
    this.text = levels.map((level) => level.text).join(', then ');
  }

  /** Calls `take` for each element; the reading is only valid during the call. `fail` gets an element whose condition fails. */
  walk(
    outer: Reading,
    take: TakeElement,
    fail: (failure: MappingFailure, label: string) => void,
  ): ElementsRead {
    const variables: Variables = {};
    const reading: Reading = { ...outer, variables, steps: { taken: 0 } };
    const labels: string[] = [];
    let taken = 0;
    let skipped = 0;
    let visited = 0;
    let isPresent = false;
    const labelOf = () => labels.join(' / ');
    const bases: Record<string, string> = {};
    /** False ends the walk: there are too many elements. */
    const visit = (depth: number): boolean => {
      const level = this.#levels[depth]!;
      const list = level.get(reading);
      if (list instanceof MappingFailure) {
        fail(list, labelOf());
        return true;
      }
      if (list === undefined) return true;
      isPresent = true;
      if (list === null) return true;
      const { trace } = reading;
      const place = trace && inBase(level.origin(reading), bases);
      let index = 0;
      for (const [key, element] of membersOf(list)) {
        if (++visited > this.#max) return false;
        variables[level.as] = element;
        variables[level.key] = key;
        variables[level.index] = index;
        labels[depth] = key === undefined ? String(index) : quoted(key);
        labels.length = depth + 1;
        if (trace !== undefined) {
          bases[level.as] = `${place}${stepText(key ?? index)}`;
          trace.element(bases[level.as]!, bases);
        }
        index++;
        const isTaken = level.where === undefined || level.where(reading);
        if (isTaken instanceof MappingFailure) {
          fail(isTaken, labelOf());
          continue;
        }
        if (!isTaken) {
          skipped++;
          continue;
        }
        if (depth + 1 < this.#levels.length) {
          if (!visit(depth + 1)) return false;
          continue;
        }
        taken++;
        take(reading, labelOf);
      }
      labels.length = depth;
      return true;
    };
    if (visit(0)) return { taken, skipped, isPresent };
    const failure = new MappingFailure(
      'too-many-elements',
      `the payload has more than ${this.#max} elements (maxElements of the rule)`,
    );
    return { taken, skipped, isPresent, failure };
  }
}

/** A reference that begins with the name of an open element, as a path of the payload. */
function inBase(reference: string, bases: Readonly<Record<string, string>>): string {
  const [name = ''] = /^\w+/.exec(reference) ?? [];
  return (bases[name] ?? name) + reference.slice(name.length);
}

function* membersOf(list: JsonValue): Generator<readonly [string | undefined, JsonValue]> {
  if (Array.isArray(list)) {
    for (const element of list) yield [undefined, element];
  } else if (isJsonObject(list)) {
    for (const key of Object.keys(list)) yield [key, list[key] as JsonValue];
  } else yield [undefined, list];
}
