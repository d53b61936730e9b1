import { type AutoFields, withoutCollision } from './auto-fields.js';
import { type FieldReader, type FieldsRead, readFields } from './fields.js';
import { MappingFailure, type MappingWarningCounts, type Reading } from './mapped.js';

/** The fields of a rule: those it names, and those that are found in the payload. */
export class RuleFields {
  readonly #named: readonly FieldReader[];
  readonly #auto: AutoFields | undefined;
  /** Whether a name may come up twice: all names are known beforehand, unless messages give them. */
  readonly #mayCollide: boolean;

  constructor(named: readonly FieldReader[], auto: AutoFields | undefined) {
    this.#named = named;
    this.#auto = auto;
    this.#mayCollide = named.some(({ dynamicName }) => dynamicName !== undefined);
  }

  /** Whether names of fields come from messages. */
  get areFound(): boolean {
    return this.#auto !== undefined || this.#mayCollide;
  }

  read(reading: Reading, warnings: MappingWarningCounts): FieldsRead {
    if (this.#auto === undefined) {
      const fields = readFields(this.#named, reading, warnings);
      return this.#mayCollide ? this.#checked(fields) : fields;
    }
    if (this.#named.length === 0) return this.#auto.read(reading, warnings);
    const named = readFields(this.#named, reading, warnings);
    if (named instanceof MappingFailure) return named;
    const found = this.#auto.read(reading, warnings);
    if (found instanceof MappingFailure || named === 'no-value') return found;
    if (found === 'no-value') return named.length === 0 ? 'no-value' : named;
    return this.#checked([...named, ...found]);
  }

  /** Why a message without any field is parked. */
  absence(): MappingFailure {
    const reason =
      this.#auto === undefined
        ? `the message has none of the rule's fields: ${this.#named.map((reader) => reader.name).join(', ')}`
        : 'the payload holds no number and no boolean that could be a field';
    return new MappingFailure('no-fields', reason.length <= 300 ? reason : `${reason.slice(0, 300)}…`);
  }

  #checked(fields: FieldsRead): FieldsRead {
    return Array.isArray(fields) ? withoutCollision(fields) : fields;
  }
}
