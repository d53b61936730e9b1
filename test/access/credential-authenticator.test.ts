import { describe, expect, it } from 'vitest';
import type { Credential, SignIn } from '../../src/access/access.js';
import type { AccessRules } from '../../src/access/access-rules.js';
import { newToken, tokenHash } from '../../src/access/access-token.js';
import { CredentialAuthenticator } from '../../src/access/credential-authenticator.js';
import type { HashJob } from '../../src/access/hash-thread.js';
import { PasswordChecker } from '../../src/access/password-checker.js';
import { hashPassword } from '../../src/access/password-hash.js';
import { SetClock } from '../support/clock.js';
import { FROM, rulesOf } from './rules-of.js';

const TOKEN = newToken();
/** Each takes a moment to make. */
const PASSWORD = hashPassword(Buffer.from('correct horse'));
const OTHER_PASSWORD = hashPassword(Buffer.from('battery staple'));

const RULES = rulesOf([
  { name: 'meter-17', secret: { kind: 'token', hash: tokenHash(TOKEN) } },
  { name: 'anna', secret: { kind: 'password', hash: PASSWORD } },
  { name: 'berta', secret: { kind: 'password', hash: OTHER_PASSWORD } },
  { name: 'nobody' },
  { name: 'old-meter', secret: { kind: 'token', hash: tokenHash('old') }, isDisabled: true },
]);
const TOKENS_ONLY = rulesOf([{ name: 'meter-17', secret: { kind: 'token', hash: tokenHash(TOKEN) } }]);

/** Answers at once, and keeps what it was asked. `right` has the passwords that fit every hash. */
function authenticatorOf(right: readonly string[] = ['correct horse']) {
  const jobs: HashJob[] = [];
  const checker = new PasswordChecker({
    startThread: ({ onAnswer }) => ({
      post: (job) => {
        jobs.push(job);
        queueMicrotask(() => onAnswer(right.includes(Buffer.from(job.password).toString())));
      },
      end: async () => undefined,
    }),
  });
  const clock = new SetClock();
  const delays: number[] = [];
  const authenticator = new CredentialAuthenticator({
    clock,
    checker,
    warn: () => undefined,
    pause: async (ms) => {
      delays.push(ms);
    },
  });
  const signIn = (userName: string | undefined, password: string | undefined, more: Partial<Given> = {}) =>
    authenticator.signIn(
      { userName, password: password === undefined ? undefined : Buffer.from(password), ...more.credential },
      { ...FROM, remoteAddress: more.from ?? FROM.remoteAddress },
      more.rules ?? RULES,
    );
  return { authenticator, jobs, clock, delays, signIn };
}

interface Given {
  readonly rules: AccessRules;
  readonly from: string;
  readonly credential: Credential;
}

async function reasonOf(signIn: Promise<SignIn> | SignIn): Promise<string> {
  const end = await signIn;
  return end.kind === 'granted' ? `granted ${end.identity.user} by ${end.identity.method}` : end.reason;
}

describe('CredentialAuthenticator', () => {
  it('signs a device in with its token, without waiting for anything', () => {
    const { signIn, jobs } = authenticatorOf();
    expect(signIn('meter-17', TOKEN)).toEqual({
      kind: 'granted',
      identity: { user: 'meter-17', method: 'token', roles: ['device'], secretHash: tokenHash(TOKEN) },
    });
    expect(jobs).toEqual([]);
  });

  it('finds the user of a token that comes without a name', async () => {
    const { signIn } = authenticatorOf();
    expect(await reasonOf(signIn(undefined, TOKEN))).toBe('granted meter-17 by token');
    expect(await reasonOf(signIn('', TOKEN))).toBe('granted meter-17 by token');
    expect(await reasonOf(signIn(undefined, newToken()))).toBe('credential-wrong');
    expect(await reasonOf(signIn(undefined, 'correct horse'))).toBe('credential-wrong');
  });

  it('signs a user in with a password', async () => {
    const { signIn } = authenticatorOf();
    expect(await signIn('anna', 'correct horse')).toMatchObject({
      identity: { user: 'anna', method: 'password', secretHash: PASSWORD },
    });
    expect(await reasonOf(signIn('anna', 'wrong horse'))).toBe('credential-wrong');
  });

  it.each([
    ['the token of somebody else', 'anna', TOKEN],
    ['a token for a user without a secret', 'nobody', TOKEN],
    ['a password for a user with a token', 'meter-17', 'correct horse'],
    ['the hash of the token', 'meter-17', tokenHash(TOKEN)],
    ['the hash of the password', 'berta', OTHER_PASSWORD],
    ['a user whose name is a key of every object', '__proto__', 'correct horse'],
    ['a token in other letters', 'meter-17', TOKEN.toUpperCase()],
    ['a token that is cut', 'meter-17', TOKEN.slice(0, -1)],
  ])('refuses %s', async (_what, userName, password) => {
    const { signIn } = authenticatorOf();
    expect(await reasonOf(signIn(userName, password))).toBe('credential-wrong');
  });

  it('refuses a client that shows nothing, without counting it as a try', async () => {
    const { signIn } = authenticatorOf();
    for (let tries = 0; tries < 30; tries += 1) {
      expect(await reasonOf(signIn('anna', undefined))).toBe('credential-missing');
      expect(await reasonOf(signIn('anna', ''))).toBe('credential-missing');
    }
    expect(await reasonOf(signIn('anna', 'correct horse'))).toBe('granted anna by password');
  });

  it('says that a user is disabled only to those with the right secret', async () => {
    const { signIn } = authenticatorOf();
    expect(await reasonOf(signIn('old-meter', 'old'))).toBe('user-disabled');
    expect(await reasonOf(signIn('old-meter', newToken()))).toBe('credential-wrong');
  });

  it('counts ends by method and reason, with labels of closed lists only', async () => {
    const { authenticator, signIn } = authenticatorOf();
    await signIn('meter-17', TOKEN);
    await signIn('anna', 'correct horse');
    await signIn('evil\nname', 'wrong');
    await signIn('anna', undefined);
    expect(authenticator.totals()).toEqual({
      granted: { token: 1, password: 1 },
      refused: { password: { 'credential-wrong': 1 }, none: { 'credential-missing': 1 } },
      passwordsWaiting: 0,
    });
  });
});

describe('the cost of users that do not exist [access 7] [security 4]', () => {
  it('is one hash for a password, as for those that exist', async () => {
    const { signIn, jobs } = authenticatorOf();
    for (const userName of ['anna', 'nobody', 'meter-17', 'unknown', 'other-unknown', '']) {
      const before = jobs.length;
      await signIn(userName === '' ? 'x' : userName, 'wrong password');
      expect([userName, jobs.length - before]).toEqual([userName, 1]);
    }
  });

  it('has the parameters of a real user, always the same for a name', async () => {
    const { signIn, jobs } = authenticatorOf();
    for (let tries = 0; tries < 3; tries += 1) await signIn('unknown', 'wrong password');
    expect(new Set(jobs.map(({ hash }) => Buffer.from(hash.salt).toString('hex'))).size).toBe(1);
    expect(jobs[0]!.hash).toMatchObject({ kind: 'scrypt', costLog2: 15 });
  });

  it('is a comparison for what looks like a token, as for those that exist', async () => {
    const { signIn, jobs } = authenticatorOf();
    for (const userName of ['anna', 'nobody', 'meter-17', 'unknown']) await signIn(userName, newToken());
    expect(jobs).toEqual([]);
  });

  it('is no hash where nobody has a password', async () => {
    const { signIn, jobs } = authenticatorOf();
    const rules = TOKENS_ONLY;
    expect(await reasonOf(signIn('unknown', 'wrong password', { rules }))).toBe('credential-wrong');
    expect(await reasonOf(signIn('meter-17', 'wrong password', { rules }))).toBe('credential-wrong');
    expect(jobs).toEqual([]);
  });

  it('gives nobody the password of another user', async () => {
    const { signIn } = authenticatorOf(['correct horse']);
    expect(await reasonOf(signIn('unknown', 'correct horse'))).toBe('credential-wrong');
  });
});

describe('passwords that were right before', () => {
  it('cost no hash again, also when other users change', async () => {
    const { signIn, jobs } = authenticatorOf();
    await signIn('anna', 'correct horse');
    const rules = rulesOf([...RULES.users.values(), { name: 'new-user' }]);
    expect(await reasonOf(signIn('anna', 'correct horse', { rules }))).toBe('granted anna by password');
    expect(jobs).toHaveLength(1);
  });

  it('are right no longer once the secret of the user has changed or is gone', async () => {
    const { signIn, jobs } = authenticatorOf(['correct horse']);
    await signIn('anna', 'correct horse');
    const removed = rulesOf([{ name: 'berta', secret: { kind: 'password', hash: OTHER_PASSWORD } }]);
    expect(await reasonOf(signIn('anna', 'correct horse', { rules: removed }))).toBe('credential-wrong');
    const changed = rulesOf([{ name: 'anna', secret: { kind: 'password', hash: OTHER_PASSWORD } }]);
    await signIn('anna', 'correct horse', { rules: changed });
    expect(jobs).toHaveLength(3);
  });

  it('are not right for another user', async () => {
    const { signIn, jobs } = authenticatorOf(['correct horse']);
    await signIn('anna', 'correct horse');
    await signIn('berta', 'correct horse');
    expect(jobs).toHaveLength(2);
  });

  it('are hashed again after a day', async () => {
    const { signIn, jobs, clock } = authenticatorOf();
    await signIn('anna', 'correct horse');
    clock.elapsedMs += 24 * 3_600_000;
    await signIn('anna', 'correct horse');
    expect(jobs).toHaveLength(2);
  });
});

describe('failures to sign in [access 8] [security 6]', () => {
  it('make the next try wait, for which nothing is computed, and grow', async () => {
    const { signIn, clock, jobs } = authenticatorOf();
    const waits: number[] = [];
    for (let tries = 0; tries < 20; tries += 1) {
      const before = clock.elapsedMs;
      while ((await reasonOf(signIn('anna', 'wrong horse'))) === 'too-many-attempts')
        clock.elapsedMs += 1_000;
      waits.push(clock.elapsedMs - before);
      expect(jobs).toHaveLength(tries + 1);
    }
    expect(waits.slice(0, 9)).toEqual([0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000]);
    expect(waits.at(-1)).toBeGreaterThan(waits[8]!);
  });

  it('refuse a right password meanwhile, and not elsewhere, nor another user', async () => {
    const { signIn } = authenticatorOf();
    for (let tries = 0; tries < 6; tries += 1) await signIn('anna', 'wrong horse');
    expect(await reasonOf(signIn('anna', 'correct horse'))).toBe('too-many-attempts');
    const from = '198.51.100.1';
    expect(await reasonOf(signIn('anna', 'correct horse', { from }))).toBe('granted anna by password');
    expect(await reasonOf(signIn('meter-17', TOKEN))).toBe('granted meter-17 by token');
  });

  it('start from nothing once the user has a new secret', async () => {
    const { signIn } = authenticatorOf();
    for (let tries = 0; tries < 9; tries += 1) await signIn('meter-17', newToken());
    expect(await reasonOf(signIn('meter-17', TOKEN))).toBe('too-many-attempts');
    const token = newToken();
    const rules = rulesOf([{ name: 'meter-17', secret: { kind: 'token', hash: tokenHash(token) } }]);
    expect(await reasonOf(signIn('meter-17', token, { rules }))).toBe('granted meter-17 by token');
  });

  it('stop a hundred guesses that were sent at once after the first few', async () => {
    const { signIn, jobs } = authenticatorOf();
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) => reasonOf(signIn('anna', `guess ${index}`))),
    );
    // The next hash may have begun before the failure is counted.
    expect(jobs.length).toBeLessThan(10);
    expect(all.filter((reason) => reason === 'too-many-attempts')).toHaveLength(100 - jobs.length);
  });

  it('from many addresses only delay the owner', async () => {
    const { signIn, delays } = authenticatorOf();
    for (let index = 0; index < 60; index += 1) {
      await signIn('anna', 'wrong horse', { from: `203.0.113.${index}` });
    }
    expect(await reasonOf(signIn('anna', 'correct horse'))).toBe('granted anna by password');
    expect(delays.at(-1)).toBeGreaterThan(1_000);
    const before = delays.length;
    await signIn('anna', 'correct horse');
    expect(delays).toHaveLength(before);
  });
});

describe('client certificates', () => {
  const mtls = { user: 'cn', roles: ['device'], line: 1 } as const;
  const certificate = {
    commonName: 'meter-17',
    alternativeNames: ['meter-17.example'],
    serialNumber: '01',
    expiresAtMs: 1_900_000_000_000,
  };

  it('name the user by their common name or first alternative name, and end the connection with them', async () => {
    const { signIn } = authenticatorOf();
    const credential = { certificate };
    expect(await signIn(undefined, undefined, { credential, rules: rulesOf([], { mtls }) })).toEqual({
      kind: 'granted',
      identity: {
        user: 'meter-17',
        method: 'certificate',
        roles: ['device'],
        expiresAtMs: certificate.expiresAtMs,
      },
    });
    const rules = rulesOf([], { mtls: { ...mtls, user: 'san' } });
    expect(await reasonOf(signIn(undefined, undefined, { credential, rules }))).toBe(
      'granted meter-17.example by certificate',
    );
  });

  it.each([
    ['another user name', { userName: 'meter-18', certificate }],
    ['no name', { certificate: { ...certificate, commonName: undefined } }],
    ['an empty name', { certificate: { ...certificate, commonName: '' } }],
    ['a control character in the name', { certificate: { ...certificate, commonName: 'a\0b' } }],
    ['a very long name', { certificate: { ...certificate, commonName: 'a'.repeat(257) } }],
  ])('are refused with %s', async (_what, credential) => {
    const { signIn } = authenticatorOf();
    const end = signIn(undefined, undefined, { credential, rules: rulesOf([], { mtls }) });
    expect(await reasonOf(end)).toBe('credential-wrong');
  });

  it('that fail are not tried as a token or password [access 1]', async () => {
    const { signIn } = authenticatorOf();
    const rules = rulesOf([...RULES.users.values()], { mtls });
    const credential = {
      userName: 'anna',
      password: Buffer.from('correct horse'),
      certificate: { ...certificate, commonName: undefined },
    };
    expect(await reasonOf(signIn('anna', undefined, { credential, rules }))).toBe('credential-wrong');
  });

  it('count for nothing where `mtls` is not set', async () => {
    const { signIn } = authenticatorOf();
    expect(await reasonOf(signIn(undefined, undefined, { credential: { certificate } }))).toBe(
      'credential-missing',
    );
    expect(
      await reasonOf(
        signIn('anna', 'wrong horse', {
          credential: { userName: 'anna', password: Buffer.from('wrong'), certificate },
        }),
      ),
    ).toBe('credential-wrong');
  });

  it('of a disabled user are refused', async () => {
    const { signIn } = authenticatorOf();
    const rules = rulesOf([{ name: 'meter-17', isDisabled: true }], { mtls });
    expect(await reasonOf(signIn(undefined, undefined, { credential: { certificate }, rules }))).toBe(
      'user-disabled',
    );
  });
});
