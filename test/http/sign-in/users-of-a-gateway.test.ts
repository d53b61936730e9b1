import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RoleRule, UserRule } from '../../../src/access/access-rules.js';
import { tokenHash } from '../../../src/access/access-token.js';
import { CredentialAuthenticator } from '../../../src/access/credential-authenticator.js';
import { RuledAccess } from '../../../src/access/ruled-access.js';
import { type HttpServer, startHttpServer } from '../../../src/http/http-server.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

const TOKENS = { reader: 'sluice_reader-0123456789', owner: 'sluice_owner-0123456789' };

/** The rules and the sign-in of a gateway, with users that have a token each. */
function rulesWith(tokens: Partial<typeof TOKENS>) {
  const role = (name: string, http: 'read' | 'change'): [string, RoleRule] => [
    name,
    { name, http, publish: [], subscribe: [], line: 1 },
  ];
  const users = Object.entries(tokens).map(([name, token]): [string, UserRule] => [
    name,
    {
      name,
      roles: [name],
      secret: { kind: 'token', hash: tokenHash(Buffer.from(token)) },
      isDisabled: false,
      line: 1,
    },
  ]);
  return {
    file: 'access.yaml',
    users: new Map(users),
    roles: new Map([role('reader', 'read'), role('owner', 'change')]),
  };
}

let authenticator: CredentialAuthenticator;
let access: RuledAccess;
let server: HttpServer;

beforeEach(async () => {
  authenticator = new CredentialAuthenticator({ clock: new SystemClock(), warn: () => undefined });
  access = new RuledAccess(rulesWith(TOKENS), authenticator);
  const view = new FakeGatewayView();
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    view,
    access,
    read: 'token',
    livePeriodMs: 20,
  });
});
afterEach(async () => {
  await server.close();
  await authenticator.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (user: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`,
});
const statusOf = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${server.url}${path}`, { headers });
  await answer.arrayBuffer();
  return answer.status;
};

it('a token finds its user, and counts with its user name, too', async () => {
  expect(await statusOf('/api/ledger')).toBe(401);
  expect(await statusOf('/metrics', bearer(TOKENS.reader))).toBe(200);
  expect(await statusOf('/metrics', basic('reader', TOKENS.reader))).toBe(200);
  expect(await statusOf('/metrics', basic('', TOKENS.reader))).toBe(200);
  expect(await statusOf('/metrics', basic('owner', TOKENS.reader))).toBe(401);
});

it.each(['/api/live', '/api/arrivals'])(
  'the open stream %s ends when a reload takes the user away [access 10]',
  async (path) => {
    const answer = await fetch(`${server.url}${path}`, { headers: bearer(TOKENS.reader) });
    expect(answer.status).toBe(200);
    const reader = answer.body!.getReader();
    await reader.read();
    access.replaceRules(rulesWith({ owner: TOKENS.owner }));
    // It ends; otherwise the test does not.
    while (!(await reader.read()).done);
    expect(await statusOf('/api/ledger', bearer(TOKENS.reader))).toBe(401);
    expect(await statusOf('/api/ledger', bearer(TOKENS.owner))).toBe(200);
  },
);

it('after many wrong tokens of one address none is looked at, and health is still answered', async () => {
  const statuses: number[] = [];
  for (let nth = 0; nth < 100; nth += 1) statuses.push(await statusOf('/api/ledger', bearer(`guess-${nth}`)));
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect(statuses.at(-1)).toBe(429);
  const answer = await fetch(`${server.url}/api/ledger`, { headers: bearer('guess') });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await statusOf('/healthz')).toBe(200);
  expect(await statusOf('/readyz', bearer('guess'))).toBe(200);
});
