import type { IncomingHttpHeaders } from 'node:http';
import type { Credential } from '../../access/access.js';

/** Of a token, a JWT or a password: a longer one costs as much as it is long, and is none. */
const MAX_CREDENTIAL_CHARACTERS = 8_192;

export const SESSION_COOKIE = 'sluice-session';

/**
 * Returns what an `Authorization` header shows: `Bearer <token>`, where the token finds its user, or `Basic` with a user
 * and a token or password. Undefined: it is neither.
 */
export function credentialOf(authorization: string): Credential | undefined {
  if (authorization.length > MAX_CREDENTIAL_CHARACTERS) return undefined;
  const match = /^(Bearer|Basic) +([\w\-.~+/]+=*)$/i.exec(authorization);
  if (match === null) return undefined;
  const [, scheme, shown] = match as unknown as [string, string, string];
  if (scheme.toLowerCase() === 'bearer') return { password: Buffer.from(shown) };
  const decoded = Buffer.from(shown, 'base64');
  const colon = decoded.indexOf(':');
  if (colon < 0) return undefined;
  const userName = decoded.subarray(0, colon).toString('utf8');
  const password = decoded.subarray(colon + 1);
  // Programs that know Basic only, such as `curl -u :token`, may leave the user to the token.
  return userName === '' ? { password } : { userName, password };
}

/** Returns the token of the sign-in cookie. */
export function sessionTokenOf({ cookie = '' }: IncomingHttpHeaders): string | undefined {
  for (const pair of cookie.split(';')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === SESSION_COOKIE && value !== undefined) return value.trim();
  }
  return undefined;
}

/**
 * The cookie of a session. No script can read it, no request of another site brings it along, and over https it never
 * goes over a plain connection.
 */
export function sessionCookie(token: string, maxAgeMs: number, isSecure: boolean): string {
  const maxAge = Math.max(0, Math.floor(maxAgeMs / 1_000));
  const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict`;
  return `${SESSION_COOKIE}=${token}; ${attributes}${isSecure ? '; Secure' : ''}`;
}
