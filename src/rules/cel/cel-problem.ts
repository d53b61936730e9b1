/** What is wrong with an expression. It is thrown inside the compiler only; compileCel returns it. */
export class CelProblem extends Error {
  /** UTF-16 offset into the expression. */
  readonly at: number;
  /** How to fix it, where that is known. */
  readonly hint: string | undefined;

  constructor(problem: string, at: number, hint?: string) {
    super(problem);
    this.at = at;
    this.hint = hint;
  }
}
