/** Keys and indexes inside a rule, e.g. ['fields', 'temperature', 'range'] or ['each', 0, 'where']. */
export type RulePath = readonly (string | number)[];

/** One thing wrong with a rule, located so that `config` can name file and line. */
export interface RuleProblem {
  /** The rule's name as written, also when the name itself is wrong. */
  readonly rule: string;
  /** The index in the list of rules, from 0. */
  readonly index: number;
  readonly path: RulePath;
  readonly got: string;
  readonly expected: string;
  /** Where inside the text at `path` the problem is, in UTF-16 units from its start; absent when it is the whole text. */
  readonly at?: number;
  /** How to fix it, where that is known: the nearest name, for example. */
  readonly hint?: string;
}

/** Collects the problems of one rule. */
export class ProblemList {
  readonly problems: RuleProblem[] = [];
  readonly #rule: string;
  readonly #index: number;

  constructor(rule: string, index: number) {
    this.#rule = rule;
    this.#index = index;
  }

  add(
    path: RulePath,
    got: string,
    expected: string,
    { at, hint }: Pick<RuleProblem, 'at' | 'hint'> = {},
  ): void {
    this.problems.push({ rule: this.#rule, index: this.#index, path, got, expected, at, hint });
  }
}
