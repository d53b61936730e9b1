import { describe, expect, it } from 'vitest';
import { type Identity, isGrantRefusal, type SignIn } from '../../src/access/access.js';
import { RuledAccess } from '../../src/access/ruled-access.js';
import { parseAccess } from '../../src/config/access/load-access-file.js';

const HASH = `sha256:${'a'.repeat(43)}`;
const OTHER_HASH = `sha256:${'b'.repeat(43)}`;
const REFUSED: SignIn = { kind: 'refused', reason: 'credential-wrong', detail: '' };

function rulesOf(text: string) {
  const parsed = parseAccess(text, '/access.yaml', 'access.yaml');
  if (!parsed.ok) throw new Error('the file of the test is wrong');
  return parsed.rules;
}

const FILE = `users:
  dev1: { token: "${HASH}", roles: [device, reader] }
  ops: { token: "${HASH}", roles: [reader, admin], clientId: "ops-+" }
  idle: { token: "${HASH}" }
roles:
  device: { clientId: "{user}", publish: ["a/{user}"] }
  reader: { subscribe: ["a/#"], http: read }
  admin: { http: change }
  guest: { publish: [g] }
`;

function access(text = FILE): RuledAccess {
  return new RuledAccess(rulesOf(text), { signIn: () => REFUSED });
}

function identity(user: string, fields: Partial<Identity> = {}): Identity {
  return { user, method: 'token', roles: [], secretHash: HASH, ...fields };
}

const at = (clientId: string) => ({ clientId, remoteAddress: '127.0.0.1' });

describe('rules [access 1]', () => {
  it('grant what the roles of the user allow, added up, and nothing because of the address', () => {
    const grant = access().grantOf(identity('dev1'), at('dev1'));
    if (isGrantRefusal(grant)) throw new Error(grant.detail);
    expect([grant.mayPublish('a/dev1'), grant.maySubscribe('a/#'), grant.maySubscribe('b')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('leave out the roles that are for other client ids', () => {
    const grant = access().grantOf(identity('dev1'), at('other'));
    if (isGrantRefusal(grant)) throw new Error(grant.detail);
    expect([grant.mayPublish('a/dev1'), grant.maySubscribe('a/#')]).toEqual([false, true]);
  });

  it.each([
    ['a client id beyond the pattern of the user', 'ops', 'ops', {}, 'client-id-denied'],
    ['a user without roles', 'idle', 'idle', {}, 'client-id-denied'],
    ['a token that has been exchanged', 'dev1', 'dev1', { secretHash: OTHER_HASH }, 'credential-wrong'],
    ['a user that was removed', 'gone', 'gone', {}, 'credential-wrong'],
  ])('refuse %s', (_, user, clientId, fields, reason) => {
    expect(access().grantOf(identity(user, fields), at(clientId))).toMatchObject({ reason });
  });

  it('refuse a user that is disabled, with each credential', () => {
    const disabled = access(FILE.replace('roles: [device, reader]', 'roles: [device], disabled: true'));
    for (const method of ['token', 'jwt', 'certificate'] as const) {
      expect(disabled.grantOf(identity('dev1', { method }), at('dev1'))).toMatchObject({
        reason: 'user-disabled',
      });
      expect(disabled.httpRoleOf(identity('dev1', { method }))).toBe('none');
    }
  });

  it('give the roles of a credential only to users that the file does not list', () => {
    const roles = ['guest'];
    const listed = access().grantOf(identity('dev1', { method: 'jwt', roles }), at('dev1'));
    const other = access().grantOf(identity('new', { method: 'jwt', roles }), at('new'));
    if (isGrantRefusal(listed) || isGrantRefusal(other)) throw new Error('no grant');
    expect([listed.mayPublish('g'), other.mayPublish('g')]).toEqual([false, true]);
  });

  it('give the widest of the roles over HTTP', () => {
    const httpOf = (user: string) => access().httpRoleOf(identity(user));
    expect(['dev1', 'ops', 'idle', 'gone'].map(httpOf)).toEqual(['read', 'change', 'none', 'none']);
  });

  it('raise the generation when they are replaced, also by the same ones', () => {
    const ruled = access();
    const before = ruled.generation;
    ruled.replaceRules(ruled.rules);
    expect(ruled.generation).toBeGreaterThan(before);
    const grant = ruled.grantOf(identity('dev1'), at('dev1'));
    expect(grant).toMatchObject({ generation: ruled.generation });
  });
});
