import type * as z from 'zod';
import { asWritten, type ConfigProblem, type KeyPath } from './problem.js';
import { schema } from './schema.js';
import { shownValue } from './validate.js';
import type { YamlSource } from './yaml-source.js';

export interface Finding {
  /** What was found; by default the value in the file. */
  readonly got?: string;
  readonly expected: string;
  readonly hint?: string;
  /** Where in the text of the key the problem is, in UTF-16 units; absent when it is the whole value. */
  readonly at?: number;
}

/**
 * Collects problems between keys. It skips findings that depend on an invalid key, because the value used there is
 * not the user's.
 */
export class Findings {
  readonly problems: ConfigProblem[] = [];
  /** Secret files that cannot be read here. */
  readonly missingSecrets: ConfigProblem[] = [];
  readonly #source: YamlSource;
  readonly #invalid: readonly KeyPath[];
  readonly #root: z.ZodType;

  /** @param root the schema of the file: it knows which values are secrets */
  constructor(source: YamlSource, invalid: readonly KeyPath[], root: z.ZodType = schema) {
    this.#source = source;
    this.#invalid = invalid;
    this.#root = root;
  }

  /**
   * Adds a finding, unless a key that it depends on is invalid.
   *
   * @param about every key that the finding depends on; it is reported at the first
   */
  add(about: readonly [KeyPath, ...KeyPath[]], finding: Finding): void {
    const written = about.map((path) => asWritten(path, this.#source.value));
    if (written.some((path) => this.isInvalid(path))) return;
    this.problems.push(this.#problemAt(written[0]!, finding));
  }

  addMissingSecret(path: KeyPath, finding: Finding): void {
    this.missingSecrets.push(this.#problemAt(path, finding));
  }

  #problemAt(path: KeyPath, { got, expected, hint, at }: Finding): ConfigProblem {
    const shown = got ?? shownValue(this.#source, this.#root, path, this.#written(path));
    return {
      ...this.#source.locationOf(path),
      ...(at === undefined ? undefined : this.#source.placeInText(path, at)),
      key: this.#source.keyOf(path),
      expected,
      got: shown,
      hint,
    };
  }

  /** Returns a key as problems name it. */
  keyOf(path: KeyPath): string {
    return this.#source.keyOf(path);
  }

  isFromVariable(path: KeyPath): boolean {
    return this.#source.variablesOf(path).length > 0;
  }

  /** Returns true when the value in the resolved configuration is not the user's. */
  isInvalid(path: KeyPath): boolean {
    return this.#invalid.some((invalid) => {
      const common = Math.min(path.length, invalid.length);
      return path.slice(0, common).every((step, index) => step === invalid[index]);
    });
  }

  #written(path: KeyPath): unknown {
    let value = this.#source.value;
    for (const step of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
      value = (value as Record<string | number, unknown>)[step];
    }
    return value;
  }
}
