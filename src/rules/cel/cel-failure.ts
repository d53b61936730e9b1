/** Why an expression gave no value on a record. It is returned, never thrown. */
export class CelFailure {
  /** `no-key`: something the expression reads is absent. `over-budget`: it needs more than CEL_MAX_STEPS. */
  readonly kind: 'no-key' | 'over-budget' | 'failed';
  /** One line for a person, which names the operation; safe to log. */
  readonly cause: string;

  constructor(kind: CelFailure['kind'], cause: string) {
    this.kind = kind;
    this.cause = cause;
  }
}
