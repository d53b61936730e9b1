import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../../lib/audit.js';
import { quoted } from '../../lib/printable.js';
import { type HttpErrorCode, sendError } from '../http-answers.js';
import type { HttpRefusal } from '../http-refusals.js';
import type { Caller } from './caller.js';

export interface AccessRefusal {
  readonly code: Extract<
    HttpErrorCode,
    'SIGN_IN_NEEDED' | 'SIGN_IN_REFUSED' | 'ROLE_NEEDED' | 'TOO_MANY_SIGN_INS' | 'SIGN_IN_BUSY'
  >;
  readonly reason: string;
  readonly counted: HttpRefusal;
  readonly retryAfterMs?: number;
}

const HOW =
  'sign in on the page, or send the header Authorization: Bearer with a token (sluice users add makes one).';
/** For a client that sends nothing else. A browser opens no dialog of its own for Bearer, as it would for Basic. */
const CHALLENGE = 'Bearer realm="sluice"';
const BUSY_RETRY_MS = 1_000;

/** Returns why a caller may not do what needs this role, or undefined when he may. */
export function accessRefusal(caller: Caller, needed: 'read' | 'change'): AccessRefusal | undefined {
  if (caller.kind === 'refused') return signInRefusal(caller);
  if (caller.kind === 'anonymous') {
    const reason = `${needed === 'read' ? 'Reading' : 'A change'} needs a user here: ${HOW}`;
    return { code: 'SIGN_IN_NEEDED', reason, counted: 'sign-in-needed' };
  }
  const { role, identity } = caller;
  return role === 'change' || role === needed ? undefined : roleRefusal(identity.user, needed);
}

export function roleRefusal(user: string, needed: 'read' | 'change'): AccessRefusal {
  const reason = `The user ${quoted(user)} may not do this: it needs a role with http: ${needed} in the file of the setting broker.access.`;
  return { code: 'ROLE_NEEDED', reason, counted: 'role-needed' };
}

/** The same for a wrong user and a wrong secret: nobody learns which users there are. */
export function signInRefusal({
  reason,
  retryAfterMs,
}: Omit<Extract<Caller, { kind: 'refused' }>, 'kind'>): AccessRefusal {
  const counted = 'sign-in-refused';
  switch (reason) {
    case 'too-many-attempts':
      return {
        code: 'TOO_MANY_SIGN_INS',
        reason: 'Too many attempts to sign in have failed: wait, then try again.',
        counted,
        retryAfterMs: retryAfterMs ?? BUSY_RETRY_MS,
      };
    case 'sign-in-busy':
      return {
        code: 'SIGN_IN_BUSY',
        reason: 'Too many passwords wait to be checked: try again in a second.',
        counted,
        retryAfterMs: BUSY_RETRY_MS,
      };
    case 'credential-missing':
      return {
        code: 'SIGN_IN_REFUSED',
        reason:
          'The header Authorization is neither Bearer with a token nor Basic with a user and a password.',
        counted,
      };
    case 'credential-expired':
      return { code: 'SIGN_IN_REFUSED', reason: 'The token has expired: get a new one.', counted };
    default:
      return {
        code: 'SIGN_IN_REFUSED',
        reason: 'The user name, the password or the token is not right.',
        counted,
      };
  }
}

/** `user`: as the request names it. The logger limits these lines: anybody can cause them. */
export function auditRefusedSignIn(
  audit: Audit,
  { raw }: FastifyRequest,
  user: string | undefined,
  { code }: AccessRefusal,
): void {
  const { remoteAddress = '' } = raw.socket;
  audit({ change: 'sign-in', user, method: 'anonymous', remoteAddress, outcome: 'refused', reason: code });
}

export function sendAccessRefusal(reply: FastifyReply, refusal: AccessRefusal): FastifyReply {
  const { code, reason, retryAfterMs } = refusal;
  if (code === 'SIGN_IN_NEEDED' || code === 'SIGN_IN_REFUSED') reply.header('www-authenticate', CHALLENGE);
  if (retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  return sendError(reply, code, reason);
}
