import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Audit } from '../../lib/audit.js';
import { sessionAnswer } from '../answer-schemas.js';
import { sendError } from '../http-answers.js';
import type { HttpRefusalCounts } from '../http-refusals.js';
import type { RouteDescription } from '../openapi.js';
import { parseBody, text } from '../request-parameters.js';
import {
  type AccessRefusal,
  auditRefusedSignIn,
  roleRefusal,
  sendAccessRefusal,
  signInRefusal,
} from '../sign-in/access-refusal.js';
import { ANONYMOUS, type Caller, type HttpRole } from '../sign-in/caller.js';
import type { HttpAccess } from '../sign-in/http-access.js';
import { sessionCookie, sessionTokenOf } from '../sign-in/request-credential.js';
import type { SessionAnswer } from '../sign-in/session-answer.js';

const MAX_USER_CHARACTERS = 256;
const MAX_PASSWORD_CHARACTERS = 8_192;

const signInBody = z.strictObject({
  user: text(MAX_USER_CHARACTERS).min(1, 'must not be empty'),
  password: text(MAX_PASSWORD_CHARACTERS).min(1, 'must not be empty').describe('Or a token.'),
});
const signOutBody = z.strictObject({});

const DESCRIPTIONS = {
  session: { summary: 'Who the caller is, and what he may do.', answer: sessionAnswer },
  signIn: {
    summary: 'Signs in a browser: the answer sets a cookie.',
    body: signInBody,
    answer: sessionAnswer,
    errors: [
      'SIGN_IN_REFUSED',
      'ROLE_NEEDED',
      'TOO_MANY_SIGN_INS',
      'SIGN_IN_BUSY',
      'NOT_FOUND',
      'CHANGE_REFUSED',
    ],
  },
  signOut: {
    summary: 'Ends the session of the cookie.',
    body: signOutBody,
    answer: sessionAnswer,
    errors: ['CHANGE_REFUSED'],
  },
} as const satisfies Record<string, RouteDescription>;

export interface SessionRoutesOptions {
  /** Absent: there are no users. */
  readonly httpAccess: HttpAccess | undefined;
  /** Whether anybody may change anything here. */
  readonly mayChange: boolean;
  readonly refusals: HttpRefusalCounts;
  readonly audit: Audit;
}

/** The sign-in of the page: a cookie, which only this server can read. */
export function addSessionRoutes(app: FastifyInstance, options: SessionRoutesOptions): void {
  const { httpAccess, mayChange, refusals, audit } = options;

  function sessionOf(caller: Caller): SessionAnswer {
    const about = { role: roleHere(roleOf(caller)), hasUsers: httpAccess !== undefined };
    if (caller.kind !== 'known') return { ...about, user: null, method: 'anonymous', expiresAtMs: null };
    const { user, method } = caller.identity;
    return { ...about, user, method, expiresAtMs: expiryOf(caller) };
  }

  function roleOf(caller: Caller): HttpRole {
    if (httpAccess === undefined) return 'change';
    if (caller.kind === 'known' && caller.role !== 'none') return caller.role;
    return httpAccess.read === 'open' ? 'read' : 'none';
  }

  const roleHere = (role: HttpRole): HttpRole => (role === 'change' && !mayChange ? 'read' : role);

  function refuse(
    request: FastifyRequest,
    reply: FastifyReply,
    user: string | undefined,
    refusal: AccessRefusal,
  ) {
    refusals[refusal.counted] += 1;
    auditRefusedSignIn(audit, request, user, refusal);
    return sendAccessRefusal(reply, refusal);
  }

  const asPublic = (describes: RouteDescription) => ({ config: { describes, needs: 'nothing' as const } });

  app.get('/api/session', asPublic(DESCRIPTIONS.session), async (request, reply) => {
    const caller = (await httpAccess?.callerOf(request)) ?? ANONYMOUS;
    if (caller.kind !== 'refused') return reply.send(sessionOf(caller));
    const refusal = signInRefusal(caller);
    return refuse(request, reply, caller.user, refusal);
  });

  app.post('/api/sign-in', asPublic(DESCRIPTIONS.signIn), async (request, reply) => {
    if (httpAccess === undefined)
      return sendError(reply, 'NOT_FOUND', 'There are no users here: the setting broker.access names them.');
    const asked = parseBody(signInBody, request.body);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const { user, password } = asked.value;
    const signIn = await httpAccess.signIn({ userName: user, password: Buffer.from(password) }, request);
    if (signIn.kind === 'refused') return refuse(request, reply, user, signInRefusal(signIn));
    const { identity } = signIn;
    const role = httpAccess.roleOf(identity);
    if (role === 'none') return refuse(request, reply, user, roleRefusal(identity.user, 'read'));
    // A session that this browser had before is over.
    const before = sessionTokenOf(request.headers);
    if (before !== undefined) httpAccess.sessions.end(before);
    const { token, expiresAtMs, lifetimeMs } = httpAccess.sessions.begin(identity);
    audit({ ...signInEntry(request, identity.user), method: identity.method, outcome: 'done' });
    reply.header('set-cookie', sessionCookie(token, lifetimeMs, isOverTls(request)));
    return reply.send(sessionOf({ kind: 'known', identity, role, session: { token, expiresAtMs } }));
  });

  app.post('/api/sign-out', asPublic(DESCRIPTIONS.signOut), async (request, reply) => {
    const asked = parseBody(signOutBody, request.body);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const token = sessionTokenOf(request.headers);
    const session = token === undefined ? undefined : httpAccess?.sessions.use(token);
    if (token !== undefined && session !== undefined) {
      httpAccess?.sessions.end(token);
      const { user, method } = session.identity;
      audit({ ...signInEntry(request, user), change: 'sign-out', method, outcome: 'done' });
    }
    reply.header('set-cookie', sessionCookie('', 0, isOverTls(request)));
    return reply.send(sessionOf(ANONYMOUS));
  });
}

function expiryOf({ identity, session }: Extract<Caller, { kind: 'known' }>): number | null {
  return session?.expiresAtMs ?? identity.expiresAtMs ?? null;
}

function signInEntry({ raw }: FastifyRequest, user: string) {
  const { remoteAddress = '' } = raw.socket;
  return { change: 'sign-in', user, method: 'anonymous', remoteAddress } as const;
}

/** With a proxy in front that ends TLS, only the browser knows that it came over https. */
function isOverTls({ raw, headers }: FastifyRequest): boolean {
  return 'encrypted' in raw.socket || headers.origin?.startsWith('https:') === true;
}
