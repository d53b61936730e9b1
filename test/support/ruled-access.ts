import type { Credential, CredentialSource, SignIn } from '../../src/access/access.js';
import type { AccessRules, RoleRule, UserRule } from '../../src/access/access-rules.js';
import { type Authenticator, RuledAccess } from '../../src/access/ruled-access.js';

/** A role by what differs from one that allows nothing. */
export interface RoleOf {
  readonly clientId?: string;
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

/** A user by its role, which has the same name, and by what differs from an enabled user with any client id. */
export interface UserOf extends RoleOf {
  readonly isDisabled?: boolean;
  readonly secret?: string;
}

/** Rules in which every user has one role of its own name. */
export function rulesOf(users: Readonly<Record<string, UserOf>>): AccessRules {
  const entries = Object.entries(users);
  const permissions = (filters: readonly string[] = []) =>
    filters.map((filter, n) => ({ filter, line: n + 1 }));
  return {
    file: 'access.yaml',
    users: new Map(
      entries.map(([name, { isDisabled = false, secret = name }], n): [string, UserRule] => [
        name,
        { name, roles: [name], secret: { kind: 'token', hash: secret }, isDisabled, line: n + 1 },
      ]),
    ),
    roles: new Map(
      entries.map(([name, { clientId, publish, subscribe }], n): [string, RoleRule] => [
        name,
        {
          name,
          ...(clientId === undefined ? {} : { clientId }),
          publish: permissions(publish),
          subscribe: permissions(subscribe),
          line: n + 1,
        },
      ]),
    ),
  };
}

/** Believes every user name that the rules list. The test may hold its answers, and give users an expiry. */
export class FakeAuthenticator implements Authenticator {
  readonly asked: { readonly credential: Credential; readonly source: CredentialSource }[] = [];
  /** Set it to hold the answers to the users named here. */
  readonly held = new Map<string, Promise<void>>();
  readonly expiresAtMs = new Map<string, number>();

  signIn(credential: Credential, source: CredentialSource, rules: AccessRules): SignIn | Promise<SignIn> {
    this.asked.push({ credential, source });
    const answer = this.#answerTo(credential.userName, rules);
    const held = this.held.get(credential.userName ?? '');
    return held === undefined ? answer : held.then(() => answer);
  }

  /** Holds the answers to a user until the returned function is called. */
  hold(user: string): () => void {
    let release = (): void => undefined;
    this.held.set(user, new Promise((resolve) => (release = resolve)));
    return release;
  }

  #answerTo(user: string | undefined, { users }: AccessRules): SignIn {
    if (user === undefined) return { kind: 'refused', reason: 'credential-missing', detail: 'no user name' };
    const secretHash = users.get(user)?.secret?.hash;
    if (secretHash === undefined)
      return { kind: 'refused', reason: 'credential-wrong', detail: 'no such user' };
    const expiresAtMs = this.expiresAtMs.get(user);
    return {
      kind: 'granted',
      identity: {
        user,
        method: 'token',
        roles: [],
        secretHash,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      },
    };
  }
}

export function ruledAccess(users: Readonly<Record<string, UserOf>>) {
  const authenticator = new FakeAuthenticator();
  const access = new RuledAccess(rulesOf(users), authenticator);
  return { access, authenticator, replaceRules: (to: typeof users) => access.replaceRules(rulesOf(to)) };
}
