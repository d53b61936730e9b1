import { createHash, timingSafeEqual } from 'node:crypto';
import type { Credential, SignIn } from './access.js';
import type { AccessRules } from './access-rules.js';
import type { Authenticator } from './ruled-access.js';

/** TokenAuthenticator checks tokens of the access file, and nothing else. */
export class TokenAuthenticator implements Authenticator {
  signIn({ userName, password }: Credential, _source: unknown, rules: AccessRules): SignIn {
    if (userName === undefined || password === undefined) {
      return { kind: 'refused', reason: 'credential-missing', detail: 'no user name and token' };
    }
    const hash = `sha256:${createHash('sha256').update(password).digest('base64url')}`;
    const secret = rules.users.get(userName)?.secret;
    const known = secret?.kind === 'token' ? secret.hash : '';
    if (known.length !== hash.length || !timingSafeEqual(Buffer.from(known), Buffer.from(hash))) {
      return { kind: 'refused', reason: 'credential-wrong', detail: 'unknown user or wrong token' };
    }
    return { kind: 'granted', identity: { user: userName, method: 'token', roles: [], secretHash: known } };
  }
}
