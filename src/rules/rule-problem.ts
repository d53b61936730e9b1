/** Keys and indexes inside a rule, e.g. ['fields', 'temperature', 'range'] or ['each', 0, 'where']. */
export type RulePath = readonly (string | number)[];

export type ProblemSource = 'rules' | 'formats';

/** One thing wrong with a rule, or with the format of some topics, located so that `config` can name file and line. */
export interface RuleProblem {
  /** The list that the problem is in: the rules, or the formats of topics. */
  readonly list: ProblemSource;
  /** The rule's name as written, also when the name itself is wrong; of a format its topic filter. */
  readonly rule: string;
  /** The index in the list, from 0. */
  readonly index: number;
  readonly path: RulePath;
  readonly got: string;
  readonly expected: string;
  /** Where inside the text at `path` the problem is, in UTF-16 units from its start; absent when it is the whole text. */
  readonly at?: number;
  /** How to fix it, where that is known: the nearest name, for example. */
  readonly hint?: string;
}

/** Collects the problems of one rule, or of the format of some topics. */
export class ProblemList {
  readonly problems: RuleProblem[] = [];
  readonly #rule: string;
  readonly #index: number;
  readonly #list: ProblemSource;

  constructor(rule: string, index: number, list: ProblemSource = 'rules') {
    this.#rule = rule;
    this.#index = index;
    this.#list = list;
  }

  add(
    path: RulePath,
    got: string,
    expected: string,
    { at, hint }: Pick<RuleProblem, 'at' | 'hint'> = {},
  ): void {
    this.problems.push({
      list: this.#list,
      rule: this.#rule,
      index: this.#index,
      path,
      got,
      expected,
      at,
      hint,
    });
  }
}
