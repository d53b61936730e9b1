import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Secret scanners find a token that was published by mistake by what it begins with. */
const PREFIX = 'sluice_';
const TOKEN_BYTES = 32;
const TOKEN = /^sluice_[A-Za-z0-9_-]{43}$/;
const HASH_PREFIX = 'sha256:';
const HASH = /^sha256:[A-Za-z0-9_-]{43}$/;

/** A new token. Nobody can guess it, so a fast hash protects it as well as a slow one. */
export function newToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Whether a credential has the form of a token that Sluice made. */
export function looksLikeToken(password: Buffer): boolean {
  return password.length === PREFIX.length + 43 && TOKEN.test(password.toString('latin1'));
}

/** How the access file stores a token. */
export function tokenHash(token: Buffer | string): string {
  return HASH_PREFIX + createHash('sha256').update(token).digest('base64url');
}

export function isTokenHash(written: string): boolean {
  return HASH.test(written);
}

/** Compares in constant time. Both are texts of tokenHash. */
export function isSameHash(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
