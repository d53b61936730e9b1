import type { AccessRules, UserRule } from './access-rules.js';
import { isSameHash, looksLikeToken, tokenHash } from './access-token.js';
import type { PasswordChecker } from './password-checker.js';
import { type Proof, wrong } from './proof.js';
import type { StoredPassword, UserSecrets } from './user-secrets.js';
import type { VerifiedPasswords } from './verified-passwords.js';

export interface ShownSecret {
  /** Empty: a token over HTTP, which comes without a name. */
  readonly user: string;
  readonly password: Buffer;
  readonly sender: string;
  /** Asked before a password costs anything: whether the user may still try. */
  readonly mayTry: () => boolean;
}

export interface SecretDeps {
  readonly rules: AccessRules;
  readonly secrets: UserSecrets;
  readonly checker: PasswordChecker;
  readonly verified: VerifiedPasswords;
}

/** Compared with for a user without a token. It is the hash of nothing that anybody could send. */
const NO_TOKEN = tokenHash('');

/**
 * Whether a token or a password is that of the user. What a wrong one costs depends only on its own form, never on the
 * user: one in the form of a token is compared with a hash, everything else is hashed if anybody has a password.
 */
export function proveSecret(shown: ShownSecret, deps: SecretDeps): Proof | Promise<Proof> {
  const { rules, secrets } = deps;
  const hash = tokenHash(shown.password);
  const user = shown.user === '' ? secrets.userOfToken(hash) : rules.users.get(shown.user);
  const stored = user?.secret?.kind === 'token' ? user.secret.hash : NO_TOKEN;
  const isRight = isSameHash(stored, hash);
  if (user?.secret?.kind === 'token' && isRight) return proved(user, 'token');
  if (shown.user === '' || looksLikeToken(shown.password)) return wrong('the token is not that of the user');
  return provePassword(shown, deps);
}

async function provePassword(shown: ShownSecret, deps: SecretDeps): Promise<Proof> {
  const { rules, secrets, checker, verified } = deps;
  const user = rules.users.get(shown.user);
  const own = secrets.passwordOf(shown.user);
  const stored: StoredPassword | undefined = own ?? secrets.substituteOf(shown.user);
  if (stored === undefined) return wrong('no user has a password');
  const { password, sender } = shown;
  if (own !== undefined && verified.isVerified(own.text, password)) return proved(user!, 'password');
  const answer = await checker.check({ password, sender, hash: stored.hash, isWanted: shown.mayTry });
  if (answer === 'busy') {
    return { kind: 'unproved', reason: 'sign-in-busy', detail: 'too many passwords wait to be checked' };
  }
  if (answer === 'unwanted') return tooMany('others of the same user and address have failed meanwhile');
  // A password that fits the substitute is right for somebody else.
  if (answer === 'wrong' || own === undefined) return wrong('the password is not that of the user');
  verified.add(own.text, password);
  return proved(user!, 'password');
}

export function tooMany(detail: string, retryAfterMs?: number): Proof {
  return { kind: 'unproved', reason: 'too-many-attempts', detail, retryAfterMs };
}

function proved(user: UserRule, method: 'token' | 'password'): Proof {
  const { name, roles, secret } = user;
  return { kind: 'proved', identity: { user: name, method, roles, secretHash: secret!.hash } };
}
