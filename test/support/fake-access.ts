import type { Access, Credential, Identity, SignIn, SignInRefusal } from '../../src/access/access.js';
import { Grant } from '../../src/access/grant.js';

export interface FakeUser {
  secret: string;
  role: 'none' | 'read' | 'change';
  method?: Identity['method'];
  expiresAtMs?: number;
}

/** Users with a secret each, which is their token and their password. */
export class FakeAccess implements Access {
  generation = 1;
  readonly users = new Map<string, FakeUser>([
    ['nobody', { secret: 'nobody-token', role: 'none' }],
    ['reader', { secret: 'reader-token', role: 'read' }],
    ['owner', { secret: 'owner-token', role: 'change' }],
  ]);
  /** Every attempt gets this answer. */
  refuses: { readonly reason: SignInRefusal; readonly retryAfterMs?: number } | undefined;
  attempts: Credential[] = [];

  signIn(credential: Credential): SignIn {
    this.attempts.push(credential);
    if (this.refuses !== undefined) return { kind: 'refused', ...this.refuses, detail: 'as the test says' };
    const secret = credential.password?.toString() ?? '';
    const [name, user] =
      [...this.users].find(([known, one]) => {
        return one.secret === secret && (credential.userName ?? known) === known;
      }) ?? [];
    if (name === undefined || user === undefined) {
      return { kind: 'refused', reason: 'credential-wrong', detail: `no user has ${secret}` };
    }
    const { method = 'token', expiresAtMs } = user;
    return {
      kind: 'granted',
      identity: { user: name, method, roles: [], expiresAtMs, secretHash: `hash of ${secret}` },
    };
  }

  grantOf(identity: Identity): Grant {
    return new Grant({ user: identity.user, client: '', generation: 1, publish: [], subscribe: [] });
  }

  httpRoleOf({ user, secretHash }: Identity): FakeUser['role'] {
    const known = this.users.get(user);
    return known !== undefined && secretHash === `hash of ${known.secret}` ? known.role : 'none';
  }
}
