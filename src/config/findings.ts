import { type ConfigProblem, formatKey, type KeyPath } from './problem.js';
import { shownValue } from './validate.js';
import type { YamlSource } from './yaml-source.js';

export interface Finding {
  /** What was found, when it is not simply what stands there. */
  readonly got?: string;
  readonly expected: string;
  readonly hint?: string;
}

/**
 * Collects what is wrong between keys. Says nothing of a key that was unfit by itself, or that is made of such:
 * what holds there is not the user's.
 */
export class Findings {
  readonly problems: ConfigProblem[] = [];
  readonly #source: YamlSource;
  readonly #unfit: readonly KeyPath[];

  constructor(source: YamlSource, unfit: readonly KeyPath[]) {
    this.#source = source;
    this.#unfit = unfit;
  }

  /** `about` names every key the finding depends on; the first is where it is reported. */
  add(about: readonly [KeyPath, ...KeyPath[]], { got, expected, hint }: Finding): void {
    if (about.some((path) => this.#isUnfit(path))) return;
    const [path] = about;
    const shown = got ?? shownValue(this.#source, path, this.#written(path));
    this.problems.push({
      ...this.#source.placeOf(path),
      key: formatKey(path),
      expected,
      ...(shown === undefined ? {} : { got: shown }),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  isFromVariable(path: KeyPath): boolean {
    return this.#source.variablesOf(path).length > 0;
  }

  #isUnfit(path: KeyPath): boolean {
    return this.#unfit.some((unfit) => {
      const common = Math.min(path.length, unfit.length);
      return path.slice(0, common).every((step, index) => step === unfit[index]);
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
