import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/access/access.js';
import {
  MAX_SESSIONS,
  MAX_SESSIONS_OF_USER,
  SESSION_IDLE_MS,
  SESSION_LIFETIME_MS,
  SignInSessions,
} from '../../../src/http/sign-in/sign-in-sessions.js';

class Clock {
  ms = 1_000;
  nowNs = () => BigInt(this.ms) * 1_000_000n;
  monotonicMs = () => this.ms;
}

const identityOf = (user: string, expiresAtMs?: number): Identity => ({
  user,
  method: 'password',
  roles: [],
  expiresAtMs,
});

function started() {
  const clock = new Clock();
  return { clock, sessions: new SignInSessions(clock) };
}

it('gives each session a token of 32 random bytes, and keeps it by a hash only', () => {
  const { sessions } = started();
  const tokens = Array.from({ length: 10 }, () => sessions.begin(identityOf('a')).token);
  expect(new Set(tokens).size).toBe(10);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{43}$/);
  expect(sessions.use(tokens[3]!)?.identity.user).toBe('a');
  for (const other of ['', 'A'.repeat(43), `${tokens[3]} `]) expect(sessions.use(other)).toBeUndefined();
});

describe('the end of a session', () => {
  it('comes when it was idle too long', () => {
    const { sessions, clock } = started();
    const { token } = sessions.begin(identityOf('a'));
    clock.ms += SESSION_IDLE_MS - 1;
    expect(sessions.use(token)).toBeDefined();
    clock.ms += SESSION_IDLE_MS - 1;
    // Looking whether it lives is no use of it.
    expect(sessions.isLiving(token)).toBe(true);
    clock.ms += 1;
    expect(sessions.isLiving(token)).toBe(false);
    expect(sessions.use(token)).toBeUndefined();
    expect(sessions.size).toBe(0);
  });

  it('comes after its lifetime, however much it is used', () => {
    const { sessions, clock } = started();
    const { token, expiresAtMs } = sessions.begin(identityOf('a'));
    expect(expiresAtMs).toBe(1_000 + SESSION_LIFETIME_MS);
    while (clock.ms < expiresAtMs - 1) {
      expect(sessions.use(token)).toBeDefined();
      clock.ms = Math.min(clock.ms + SESSION_IDLE_MS - 1, expiresAtMs - 1);
    }
    expect(sessions.use(token)).toBeDefined();
    clock.ms += 1;
    expect(sessions.use(token)).toBeUndefined();
  });

  it('comes with the end of the credential', () => {
    const { sessions, clock } = started();
    const { token, expiresAtMs } = sessions.begin(identityOf('a', 61_000));
    expect(expiresAtMs).toBe(61_000);
    clock.ms = 60_999;
    expect(sessions.use(token)).toBeDefined();
    clock.ms = 61_000;
    expect(sessions.use(token)).toBeUndefined();
  });

  it('does not move with the wall clock', () => {
    let monotonicMs = 0;
    let wallMs = 1_000_000;
    const sessions = new SignInSessions({
      nowNs: () => BigInt(wallMs) * 1_000_000n,
      monotonicMs: () => monotonicMs,
    });
    const { token } = sessions.begin(identityOf('a'));
    wallMs = 0;
    monotonicMs = SESSION_IDLE_MS;
    expect(sessions.use(token)).toBeUndefined();
  });
});

describe('the number of sessions', () => {
  it('is bounded for one user: the one that was used least recently ends', () => {
    const { sessions } = started();
    const other = sessions.begin(identityOf('other')).token;
    const tokens = Array.from({ length: MAX_SESSIONS_OF_USER }, () => sessions.begin(identityOf('a')).token);
    sessions.use(tokens[0]!);
    sessions.begin(identityOf('a'));
    expect(sessions.use(tokens[0]!)).toBeDefined();
    expect(sessions.use(tokens[1]!)).toBeUndefined();
    expect(sessions.use(other)).toBeDefined();
    for (let nth = 0; nth < 1_000; nth += 1) sessions.begin(identityOf('a'));
    expect(sessions.size).toBe(MAX_SESSIONS_OF_USER + 1);
  });

  it('is bounded for all users', () => {
    const { sessions } = started();
    const first = sessions.begin(identityOf('user 0')).token;
    for (let nth = 1; nth <= MAX_SESSIONS; nth += 1) sessions.begin(identityOf(`user ${nth}`));
    expect(sessions.size).toBe(MAX_SESSIONS);
    expect(sessions.use(first)).toBeUndefined();
  });
});
