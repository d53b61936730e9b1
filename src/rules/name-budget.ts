import { quoted } from '../lib/printable.js';
import { MappingFailure } from './mapped.js';

/** What messages may name, and the code for a name that cannot be used. */
const INVALID_NAME = {
  measurement: 'measurement-name-invalid',
  field: 'field-name-invalid',
  tag: 'tag-invalid',
} as const;

/**
 * NameBudget bounds how many names a rule takes from messages, for measurements, for fields or for tags: a store keeps every name for
 * ever. What a rule makes of a record with one name too many is parked as a whole: which name that is depends on the messages
 * before, and no point may depend on them. The names are counted since the rules came into force.
 */
export class NameBudget {
  readonly #names = new Set<string>();
  readonly #max: number;
  readonly #what: keyof typeof INVALID_NAME;
  readonly #problemOf: (name: string) => string | undefined;

  /** `problemOf` says why a name cannot be used. */
  constructor(what: keyof typeof INVALID_NAME, max: number, problemOf: (name: string) => string | undefined) {
    this.#what = what;
    this.#max = max;
    this.#problemOf = problemOf;
  }

  /** Whether a message has given this name. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Why the record of this name must be parked, or undefined. */
  refusal(name: string): MappingFailure | undefined {
    if (this.#names.has(name)) return undefined;
    const problem = this.#problemOf(name);
    if (problem !== undefined) {
      return new MappingFailure(
        INVALID_NAME[this.#what],
        `the ${this.#what} name ${quoted(name)} ${problem}`,
      );
    }
    if (this.#names.size >= this.#max) {
      return new MappingFailure(
        'too-many-names',
        `the ${this.#what} ${quoted(name)} is one more than the ${this.#max} that the rule may name (maxNames)`,
      );
    }
    this.#names.add(name);
    return undefined;
  }
}
