import type {
  Access,
  ClientFacts,
  Credential,
  CredentialSource,
  GrantRefusal,
  Identity,
  SignIn,
} from './access.js';
import type { AccessRules, RoleRule } from './access-rules.js';
import { fitsClientIdPattern } from './client-id-pattern.js';
import { highestLimits } from './client-limits.js';
import { Grant } from './grant.js';
import { type TopicPermission, topicPermission } from './topic-permission.js';

/** Checks credentials by the rules in force. */
export interface Authenticator {
  /** Resolves also for wrong credentials; never rejects. */
  signIn(credential: Credential, source: CredentialSource, rules: AccessRules): Promise<SignIn> | SignIn;
}

/** RuledAccess is the access by the rules of an access file: what no rule allows is denied. */
export class RuledAccess implements Access {
  readonly #authenticator: Authenticator;
  #rules: AccessRules;
  #generation = 1;

  constructor(rules: AccessRules, authenticator: Authenticator) {
    this.#rules = rules;
    this.#authenticator = authenticator;
  }

  get generation(): number {
    return this.#generation;
  }

  get rules(): AccessRules {
    return this.#rules;
  }

  /** Puts new rules in force: every grant that was made before must be made again. */
  replaceRules(rules: AccessRules): void {
    this.#rules = rules;
    this.#generation += 1;
  }

  signIn(credential: Credential, source: CredentialSource): Promise<SignIn> | SignIn {
    return this.#authenticator.signIn(credential, source, this.#rules);
  }

  grantOf(identity: Identity, { clientId }: ClientFacts): Grant | GrantRefusal {
    const { user } = identity;
    const rule = this.#rules.users.get(user);
    const refusal = this.#refusalOf(identity);
    if (refusal !== undefined) return refusal;
    if (rule?.clientId !== undefined && !fitsClientIdPattern(rule.clientId, user, clientId)) {
      return clientIdDenied(clientId, user, `line ${rule.line} allows ${rule.clientId}`);
    }
    const roles = this.#rolesOf(identity);
    const counting = roles.filter((role) => isForClient(role, user, clientId));
    if (counting.length === 0) {
      const allowed = roles.map((role) => `${role.clientId} (line ${role.line})`);
      const why = allowed.length === 0 ? 'the user has no role' : `its roles allow ${allowed.join(', ')}`;
      return clientIdDenied(clientId, user, why);
    }
    const names = { user, client: clientId };
    return new Grant({
      ...names,
      generation: this.#generation,
      publish: counting.flatMap(({ publish }) => permissions(publish, names)),
      subscribe: counting.flatMap(({ subscribe }) => permissions(subscribe, names)),
      expiresAtMs: identity.expiresAtMs,
      limits: highestLimits(counting.map(({ limits }) => limits)),
    });
  }

  httpRoleOf(identity: Identity): 'none' | 'read' | 'change' {
    if (this.#refusalOf(identity) !== undefined) return 'none';
    const allowed = this.#rolesOf(identity).map(({ http }) => http);
    if (allowed.includes('change')) return 'change';
    return allowed.includes('read') ? 'read' : 'none';
  }

  /** Why an identity that was proved some time ago is no longer accepted. */
  #refusalOf({ user, method, secretHash }: Identity): GrantRefusal | undefined {
    const rule = this.#rules.users.get(user);
    if (rule?.isDisabled === true) {
      return { reason: 'user-disabled', detail: `line ${rule.line} disables the user ${user}` };
    }
    if (method !== 'token' && method !== 'password') return undefined;
    if (rule?.secret !== undefined && rule.secret.hash === secretHash) return undefined;
    return {
      reason: 'credential-wrong',
      detail: `the secret of the user ${user} has changed or was removed`,
    };
  }

  #rolesOf({ user, roles }: Identity): RoleRule[] {
    const names = this.#rules.users.get(user)?.roles ?? roles;
    return names.map((name) => this.#rules.roles.get(name)).filter((role) => role !== undefined);
  }
}

function isForClient({ clientId }: RoleRule, user: string, id: string): boolean {
  return clientId === undefined || fitsClientIdPattern(clientId, user, id);
}

function permissions(
  rules: RoleRule['publish'],
  names: { readonly user: string; readonly client: string },
): TopicPermission[] {
  return rules.map((rule) => topicPermission(rule, names)).filter((permission) => permission !== undefined);
}

function clientIdDenied(clientId: string, user: string, why: string): GrantRefusal {
  return { reason: 'client-id-denied', detail: `the client id ${clientId} of the user ${user}: ${why}` };
}
