import { createHmac, createPublicKey } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignIn } from '../../src/access/access.js';
import type { JwtRule } from '../../src/access/access-rules.js';
import { newToken, tokenHash } from '../../src/access/access-token.js';
import { CredentialAuthenticator } from '../../src/access/credential-authenticator.js';
import { SetClock } from '../support/clock.js';
import { tempDirectory } from '../support/temp-directory.js';
import { FROM, rulesOf } from './rules-of.js';

const NOW_S = 1_795_000_000;
let folder = '';
const directory = () => folder;
let keys: { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };
let others: typeof keys;
let rsa: typeof keys;

beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  others = await generateKeyPair('ES256', { extractable: true });
  rsa = await generateKeyPair('RS256', { extractable: true });
});

beforeEach(() => {
  folder = tempDirectory();
});

async function writeKeys(...all: readonly object[]): Promise<void> {
  const path = join(directory(), 'jwks.json');
  await writeFile(`${path}.next`, JSON.stringify({ keys: all }));
  await rename(`${path}.next`, path);
}

const publicKey = (of: typeof keys, more: object = {}) =>
  exportJWK(of.publicKey).then((jwk) => ({ ...jwk, ...more }));

const CLAIMS = { sub: 'meter-17', aud: 'sluice', iss: 'issuer', exp: NOW_S + 600 };

function signed(claims: JWTPayload = CLAIMS, header: object = {}, key = keys.privateKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(key);
}

/** A token as an attacker writes it. */
function forged(header: object, claims: object, sign: (text: string) => string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${sign(text)}`;
}

async function fixture(more: Partial<JwtRule> = {}) {
  const warnings: string[] = [];
  const clock = new SetClock();
  const authenticator = new CredentialAuthenticator({ clock, warn: ({ code }) => warnings.push(code) });
  const jwt: JwtRule = {
    jwksFile: join(directory(), 'jwks.json'),
    algorithms: ['ES256', 'RS256'],
    issuer: 'issuer',
    audience: 'sluice',
    userClaim: 'sub',
    roles: ['device'],
    line: 1,
    ...more,
  };
  const rules = rulesOf([{ name: 'listed', secret: { kind: 'token', hash: tokenHash(newToken()) } }], {
    jwt,
  });
  const signIn = async (token: string, userName?: string): Promise<SignIn> =>
    authenticator.signIn({ userName, password: Buffer.from(token) }, FROM, rules);
  const end = async (token: string, userName?: string): Promise<string> => {
    const found = await signIn(token, userName);
    return found.kind === 'granted' ? found.identity.user : found.reason;
  };
  return { clock, warnings, signIn, end };
}

describe('JSON Web Tokens [security 8]', () => {
  it('name the user, bring the roles, and say when the connection ends', async () => {
    await writeKeys(await publicKey(keys));
    const { signIn } = await fixture();
    expect(await signIn(await signed(), 'meter-17')).toEqual({
      kind: 'granted',
      identity: {
        user: 'meter-17',
        method: 'jwt',
        roles: ['device'],
        // With the 30 s by which clocks may differ.
        expiresAtMs: (NOW_S + 630) * 1_000,
      },
    });
  });

  it('may come without a user name, but not with another one', async () => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture();
    expect(await end(await signed())).toBe('meter-17');
    expect(await end(await signed(), '')).toBe('meter-17');
    expect(await end(await signed(), 'meter-18')).toBe('credential-wrong');
  });

  it.each([
    ['no time of expiry', { ...CLAIMS, exp: undefined }],
    ['a time of expiry that is no number', { ...CLAIMS, exp: 'never' as unknown as number }],
    ['a time before which it counts for nothing', { ...CLAIMS, nbf: NOW_S + 31 }],
    ['another audience', { ...CLAIMS, aud: 'other' }],
    ['no audience', { ...CLAIMS, aud: undefined }],
    ['another issuer', { ...CLAIMS, iss: 'other' }],
    ['no issuer', { ...CLAIMS, iss: undefined }],
    ['no user', { ...CLAIMS, sub: undefined }],
    ['an empty user', { ...CLAIMS, sub: '' }],
    ['a user with a control character', { ...CLAIMS, sub: 'a\nb' }],
    ['a user that is a list', { ...CLAIMS, sub: ['meter-17'] as unknown as string }],
  ])('are refused with %s', async (_what, claims) => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture();
    expect(await end(await signed(claims))).toBe('credential-wrong');
  });

  it('are refused once they have expired, by a clock that may be 30 s wrong', async () => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture();
    expect(await end(await signed({ ...CLAIMS, exp: NOW_S - 29 }))).toBe('meter-17');
    expect(await end(await signed({ ...CLAIMS, exp: NOW_S - 31 }))).toBe('credential-expired');
    expect(await end(await signed({ ...CLAIMS, nbf: NOW_S + 29 }))).toBe('meter-17');
  });

  it('are refused when they are signed by nobody, or by somebody else', async () => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture();
    for (const alg of ['none', 'None', 'nOnE', '', 'HS256']) {
      expect(await end(forged({ alg }, CLAIMS, () => ''))).toBe('credential-wrong');
    }
    expect(await end(await signed(CLAIMS, {}, others.privateKey))).toBe('credential-wrong');
    const [header, claims, signature] = (await signed()).split('.');
    const changed = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'admin' })).toString('base64url');
    expect(await end(`${header}.${changed}.${signature}`)).toBe('credential-wrong');
    expect(await end(`${header}.${claims}.`)).toBe('credential-wrong');
  });

  it('are refused when the public key was used as a shared secret', async () => {
    const jwk = await publicKey(rsa, { kid: 'rsa' });
    await writeKeys(jwk, { kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'shared' });
    // A file that was written by hand may ask for it.
    const { end } = await fixture({ algorithms: ['RS256', 'HS256', 'none'] });
    expect(await end(await signed(CLAIMS, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey))).toBe('meter-17');
    const pem = await exportSPKI(rsa.publicKey);
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    for (const secret of [pem, der, JSON.stringify(jwk), 'secret']) {
      for (const kid of ['rsa', 'shared', undefined]) {
        const token = forged({ alg: 'HS256', kid }, CLAIMS, (text) =>
          createHmac('sha256', secret).update(text).digest('base64url'),
        );
        expect(await end(token)).toBe('credential-wrong');
      }
    }
  });

  it('are refused with an algorithm that is not listed, and with keys of their own', async () => {
    const jwk = await publicKey(rsa);
    await writeKeys(jwk);
    const { end } = await fixture({ algorithms: ['ES256'] });
    expect(await end(await signed(CLAIMS, { alg: 'RS256' }, rsa.privateKey))).toBe('credential-wrong');
    const own = await publicKey(others);
    expect(await end(await signed(CLAIMS, { jwk: own, jku: 'http://127.0.0.1:1/' }, others.privateKey))).toBe(
      'credential-wrong',
    );
  });

  it('for an audience are refused where none is set, as RFC 7519 asks', async () => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture({ audience: undefined });
    expect(await end(await signed())).toBe('credential-wrong');
    expect(await end(await signed({ ...CLAIMS, aud: undefined }))).toBe('meter-17');
  });

  it('are checked with new keys when the file changes, and with the old ones when it is faulty', async () => {
    await writeKeys(await publicKey(keys));
    const { end, clock, warnings } = await fixture();
    expect(await end(await signed())).toBe('meter-17');
    await writeKeys(await publicKey(others, { kid: 'new' }));
    clock.elapsedMs += 1_000;
    expect(await end(await signed())).toBe('credential-wrong');
    expect(await end(await signed(CLAIMS, { kid: 'new' }, others.privateKey))).toBe('meter-17');
    await writeFile(join(directory(), 'jwks.json'), '{ broken');
    clock.elapsedMs += 1_000;
    expect(await end(await signed(CLAIMS, {}, others.privateKey))).toBe('meter-17');
    expect(warnings).toEqual(['ACCESS_KEYS_UNREADABLE']);
  });

  it('without a key id are tried with each key that fits, while keys are exchanged', async () => {
    await writeKeys(await publicKey(keys, { kid: 'old' }), await publicKey(others, { kid: 'new' }));
    const { end } = await fixture();
    expect(await end(await signed())).toBe('meter-17');
    expect(await end(await signed(CLAIMS, {}, others.privateKey))).toBe('meter-17');
    const third = await generateKeyPair('ES256');
    expect(await end(await signed(CLAIMS, {}, third.privateKey))).toBe('credential-wrong');
  });

  it('are refused when they are very long', async () => {
    await writeKeys(await publicKey(keys));
    const { end } = await fixture();
    expect(await end(await signed({ ...CLAIMS, more: 'x'.repeat(8_192) }))).toBe('credential-wrong');
  });

  it('let the client try again while there are no keys', async () => {
    const { end, warnings } = await fixture({ jwksFile: join(directory(), 'missing.json') });
    expect(await end(await signed())).toBe('sign-in-busy');
    expect(warnings).toEqual(['ACCESS_KEYS_UNREADABLE']);
  });

  it('that fail are not tried as a token [access 1]', async () => {
    await writeKeys(await publicKey(keys));
    const jwt = await signed({ ...CLAIMS, iss: 'other' });
    const clock = new SetClock();
    const authenticator = new CredentialAuthenticator({ clock, warn: () => undefined });
    const rules = rulesOf([{ name: 'meter-17', secret: { kind: 'token', hash: tokenHash(jwt) } }], {
      jwt: {
        jwksFile: join(directory(), 'jwks.json'),
        algorithms: ['ES256'],
        issuer: 'issuer',
        userClaim: 'sub',
        roles: [],
        line: 1,
      },
    });
    const end = await authenticator.signIn({ userName: 'meter-17', password: Buffer.from(jwt) }, FROM, rules);
    expect(end).toMatchObject({ kind: 'refused', reason: 'credential-wrong' });
  });
});
