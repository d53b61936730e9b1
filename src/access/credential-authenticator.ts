import type { Clock } from '../lib/clock.js';
import { senderOf } from '../lib/remote-address.js';
import { type Pause, pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import type { Credential, CredentialSource, SignIn } from './access.js';
import type { AccessRules } from './access-rules.js';
import { looksLikeToken, tokenHash } from './access-token.js';
import { JsonWebTokens, looksLikeJwt } from './json-web-tokens.js';
import { PasswordChecker } from './password-checker.js';
import type { Proof } from './proof.js';
import { proveCertificate } from './prove-certificate.js';
import { proveSecret, tooMany } from './prove-secret.js';
import type { Authenticator } from './ruled-access.js';
import { SignInBackOff } from './sign-in-back-off.js';
import { type ShownMethod, SignInCounts, type SignInTotals } from './sign-in-counts.js';
import { UserSecrets } from './user-secrets.js';
import { VerifiedPasswords } from './verified-passwords.js';

export interface CredentialAuthenticatorDeps {
  readonly clock: Clock;
  readonly warn: Warn;
  readonly checker?: PasswordChecker;
  readonly pause?: Pause;
}

/** Who has tried to sign in, and where. */
interface Tried {
  readonly who: string;
  readonly remoteAddress: string;
}

/**
 * CredentialAuthenticator finds out who shows a credential. Its form decides how it is checked: a certificate, a JWT, a
 * token or a password. One that fails is never tried in another way.
 */
export class CredentialAuthenticator implements Authenticator {
  readonly #backOff: SignInBackOff;
  readonly #checker: PasswordChecker;
  readonly #counts = new SignInCounts();
  readonly #jwts: JsonWebTokens;
  readonly #pause: Pause;
  readonly #verified: VerifiedPasswords;
  #secrets: { readonly rules: AccessRules; readonly secrets: UserSecrets } | undefined;

  constructor(deps: CredentialAuthenticatorDeps) {
    this.#backOff = new SignInBackOff(deps.clock);
    this.#checker = deps.checker ?? new PasswordChecker();
    this.#jwts = new JsonWebTokens(deps.clock, deps.warn);
    this.#pause = deps.pause ?? pause;
    this.#verified = new VerifiedPasswords(deps.clock);
  }

  totals(): SignInTotals {
    return this.#counts.totals(this.#checker.waiting);
  }

  /** Resolves when the thread that checks passwords has ended. */
  close(): Promise<void> {
    return this.#checker.close();
  }

  signIn(credential: Credential, source: CredentialSource, rules: AccessRules): Promise<SignIn> | SignIn {
    const method = methodOf(credential, rules);
    const who = whoOf(credential, rules);
    const { remoteAddress } = source;
    const end = (proof: Proof) => this.#end(proof, method, { who, remoteAddress }, rules);
    if (method === 'none') {
      const detail = 'the client has shown no token, password or certificate';
      return end({ kind: 'unproved', reason: 'credential-missing', detail });
    }
    // TLS has verified it: there is nothing to guess.
    if (method === 'certificate') {
      return end(proveCertificate(credential.certificate!, credential.userName, rules.mtls!));
    }
    const waitMs = this.#backOff.waitMs(who, remoteAddress);
    if (waitMs > 0) {
      return end(tooMany(`the next try is looked at in ${Math.ceil(waitMs / 1_000)} s`, waitMs));
    }
    const prove = () => this.#prove(method, credential, { who, remoteAddress }, rules);
    const delayMs = this.#backOff.delayMs(who, remoteAddress);
    const proof = delayMs > 0 ? this.#pause(delayMs).then(prove) : prove();
    return proof instanceof Promise ? proof.then(end) : end(proof);
  }

  #prove(
    method: Exclude<ShownMethod, 'none' | 'certificate'>,
    { userName, password }: Credential,
    { who, remoteAddress }: Tried,
    rules: AccessRules,
  ): Proof | Promise<Proof> {
    if (method === 'jwt') return this.#jwts.verify(password!, userName, rules.jwt!);
    const shown = {
      user: userName ?? '',
      password: password!,
      sender: senderOf(remoteAddress),
      mayTry: () => this.#backOff.waitMs(who, remoteAddress) === 0,
    };
    const secrets = this.#secretsOf(rules);
    return proveSecret(shown, { rules, secrets, checker: this.#checker, verified: this.#verified });
  }

  #end(proof: Proof, method: ShownMethod, { who, remoteAddress }: Tried, rules: AccessRules): SignIn {
    if (proof.kind === 'unproved') {
      if (proof.reason === 'credential-wrong') this.#backOff.failed(who, remoteAddress);
      return { ...this.#refused(proof.reason, proof.detail, method), retryAfterMs: proof.retryAfterMs };
    }
    this.#backOff.succeeded(who, remoteAddress);
    const { identity } = proof;
    // After the credential: strangers do not learn which users are disabled.
    const rule = rules.users.get(identity.user);
    if (rule?.isDisabled === true) {
      return this.#refused('user-disabled', `line ${rule.line} disables the user ${rule.name}`, method);
    }
    this.#counts.granted(method);
    return { kind: 'granted', identity };
  }

  #refused(
    reason: Extract<SignIn, { kind: 'refused' }>['reason'],
    detail: string,
    method: ShownMethod,
  ): Extract<SignIn, { kind: 'refused' }> {
    this.#counts.refused(method, reason);
    return { kind: 'refused', reason, detail };
  }

  #secretsOf(rules: AccessRules): UserSecrets {
    if (this.#secrets?.rules !== rules) this.#secrets = { rules, secrets: new UserSecrets(rules) };
    return this.#secrets.secrets;
  }
}

function methodOf({ userName, password, certificate }: Credential, rules: AccessRules): ShownMethod {
  if (certificate !== undefined && rules.mtls !== undefined) return 'certificate';
  if (password === undefined || password.length === 0) return 'none';
  if (rules.jwt !== undefined && looksLikeJwt(password)) return 'jwt';
  const user = userName ?? '';
  const isOfToken = user === '' || rules.users.get(user)?.secret?.kind === 'token';
  return isOfToken || looksLikeToken(password) ? 'token' : 'password';
}

/**
 * Whose failures are counted: a user, from the start again once the secret has changed. Without a name it is what was shown,
 * so that all who share an address and give no name do not wait for one of them.
 */
function whoOf({ userName, password }: Credential, { users }: AccessRules): string {
  const user = userName ?? '';
  if (user === '') return password === undefined ? '' : tokenHash(password);
  return `${user} ${users.get(user)?.secret?.hash ?? ''}`;
}
