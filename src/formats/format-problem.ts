/** One thing wrong with the options of a format. */
export interface FormatProblem {
  readonly option: string;
  readonly got: string;
  readonly expected: string;
}
