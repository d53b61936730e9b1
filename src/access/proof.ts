import type { Identity, SignInRefusal } from './access.js';

/** What a credential has proved, before the rules say whether its user may sign in. */
export type Proof =
  | { readonly kind: 'proved'; readonly identity: Identity }
  | {
      readonly kind: 'unproved';
      readonly reason: SignInRefusal;
      readonly detail: string;
      readonly retryAfterMs?: number;
    };

export function wrong(detail: string): Proof {
  return { kind: 'unproved', reason: 'credential-wrong', detail };
}
