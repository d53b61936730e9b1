import type { Access, Identity, SignInRefusal } from '../../access/access.js';

/** What somebody may do over HTTP. */
export type HttpRole = ReturnType<Access['httpRoleOf']>;

/** Who a request comes from. */
export type Caller =
  /** There are no users, or it shows no credential. */
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'known';
      readonly identity: Identity;
      /** By the rules in force when it was asked. */
      readonly role: HttpRole;
      /** The cookie that it came with; absent: it came with a credential. */
      readonly session?: { readonly token: string; readonly expiresAtMs: number };
    }
  /** It shows a credential that is not accepted. */
  | {
      readonly kind: 'refused';
      readonly reason: SignInRefusal;
      /** As the request names it, which proves nothing. */
      readonly user?: string;
      readonly retryAfterMs?: number;
    };

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

export const ANONYMOUS: Caller = { kind: 'anonymous' };
