/** A normative statement of a standard. One without a reason has at least one case that names it. */
export interface Clause {
  /** What it asks for, in our words. */
  readonly says: string;
  /** Why there is no case. */
  readonly noCase?: string;
}

/** Why statements about clients have no case. */
export const CLIENT = 'It binds clients, and a broker cannot tell.';
