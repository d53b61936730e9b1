import { describe, expect, it } from 'vitest';
import { credentialOf, sessionCookie, sessionTokenOf } from '../../../src/http/sign-in/request-credential.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('credentialOf', () => {
  it.each([
    ['Bearer sluice_AbC-_1', { password: 'sluice_AbC-_1' }],
    ['bearer  a.b.c', { password: 'a.b.c' }],
    [basic('ann:secret'), { userName: 'ann', password: 'secret' }],
    [basic('ann:se:cret'), { userName: 'ann', password: 'se:cret' }],
    [basic('änn:sécret'), { userName: 'änn', password: 'sécret' }],
    [basic(':token'), { password: 'token' }],
    [basic('ann:'), { userName: 'ann', password: '' }],
  ])('%s', (header, { password, ...user }: { password: string; userName?: string }) => {
    expect(credentialOf(header)).toEqual({ ...user, password: Buffer.from(password) });
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a\u0000b',
    'Digest username="ann"',
    basic('no colon'),
    'Basic !!',
    `Bearer ${'a'.repeat(8_192)}`,
  ])('refuses %j', (header) => expect(credentialOf(header)).toBeUndefined());
});

it.each([
  [undefined, undefined],
  ['', undefined],
  ['sluice-session=abc', 'abc'],
  ['a=1; sluice-session=abc; b=2', 'abc'],
  ['xsluice-session=abc', undefined],
  ['sluice-session', undefined],
])('the cookie header %j has the token %j', (cookie, token) => {
  expect(sessionTokenOf({ cookie })).toBe(token);
});

it('the cookie is for this server and for no script; over https it is never sent in the clear', () => {
  expect(sessionCookie('t', 61_500, false)).toBe(
    'sluice-session=t; Path=/; Max-Age=61; HttpOnly; SameSite=Strict',
  );
  expect(sessionCookie('', 0, true)).toBe(
    'sluice-session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
  );
});
