import { describe, expect, it } from 'vitest';
import { SignInBackOff } from '../../src/access/sign-in-back-off.js';
import { SetClock } from '../support/clock.js';

const HERE = '192.0.2.7';
const ELSEWHERE = '198.51.100.9';

/** Lets a user fail so often, each time as soon as it is looked at. Returns the waits behind the failures, in s. */
function fail(
  backOff: SignInBackOff,
  clock: SetClock,
  times: number,
  user: (index: number) => string,
): number[] {
  return Array.from({ length: times }, (_, index) => {
    backOff.failed(user(index), HERE);
    const waitMs = backOff.waitMs(user(index + 1), HERE);
    clock.elapsedMs += waitMs;
    return Math.round(waitMs / 1_000);
  });
}

describe('SignInBackOff [access 8] [security 6]', () => {
  it('makes a user at an address wait twice as long after each failure, up to 128 s', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    const waits = fail(backOff, clock, 20, () => 'anna');
    expect(waits.slice(0, 4)).toEqual([0, 0, 0, 0]);
    const counted = waits.slice(4);
    expect(counted).toEqual([...counted].sort((left, right) => left - right));
    expect(counted[0]).toBe(1);
    expect(counted.at(-1)).toBeGreaterThan(60);
    expect(Math.max(...waits)).toBeLessThanOrEqual(128);
  });

  it('makes an address wait that tries one user after the other', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    const waits = fail(backOff, clock, 40, (index) => `user-${index}`);
    expect(waits.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => 0));
    expect(waits[19]).toBe(1);
    expect(waits.at(-1)).toBeGreaterThan(4);
    expect(backOff.waitMs('new-user', HERE)).toBe(0);
    backOff.failed('new-user', HERE);
    expect(backOff.waitMs('other-user', ELSEWHERE)).toBe(0);
  });

  it('counts the addresses of a network of IPv6 as one', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    for (let host = 1; host <= 20; host += 1) backOff.failed(`user-${host}`, `2001:db8::${host}`);
    expect(backOff.waitMs('anna', '2001:db8::ffff')).toBeGreaterThan(0);
    expect(backOff.waitMs('anna', '2001:db8:0:1::1')).toBe(0);
  });

  it('does not lock a user out whom strangers try from elsewhere', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    for (let index = 0; index < 500; index += 1) backOff.failed('anna', `203.0.${index % 100}.${index % 7}`);
    expect(backOff.waitMs('anna', HERE)).toBe(0);
    expect(backOff.delayMs('anna', HERE)).toBe(3_200);
    expect(backOff.delayMs('berta', HERE)).toBe(0);
    backOff.succeeded('anna', HERE);
    expect(backOff.delayMs('anna', HERE)).toBe(0);
  });

  it('does not make those wait who have signed in from an address where others fail', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    backOff.succeeded('anna', HERE);
    for (let index = 0; index < 40; index += 1) backOff.failed(`user-${index}`, HERE);
    expect(backOff.waitMs('anna', HERE)).toBe(0);
    expect(backOff.waitMs('berta', HERE)).toBeGreaterThan(0);
  });

  it('forgets the failures of a user who signs in, and not those of the address', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    for (let index = 0; index < 10; index += 1) backOff.failed('anna', HERE);
    for (let index = 0; index < 20; index += 1) backOff.failed(`user-${index}`, HERE);
    backOff.succeeded('anna', HERE);
    expect(backOff.waitMs('anna', HERE)).toBe(0);
    expect(backOff.waitMs('berta', HERE)).toBeGreaterThan(0);
  });

  it('lets five devices with old secrets not close their address', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    let isOpen = 0;
    for (let second = 0; second < 3_600; second += 1) {
      for (let device = 0; device < 5; device += 1) {
        if (backOff.waitMs(`old-${device}`, HERE) === 0) backOff.failed(`old-${device}`, HERE);
      }
      if (backOff.waitMs('new-device', HERE) === 0) isOpen += 1;
      clock.elapsedMs += 1_000;
    }
    expect(isOpen).toBeGreaterThan(3_000);
  });

  it('forgets failures with time', () => {
    const clock = new SetClock();
    const backOff = new SignInBackOff(clock);
    for (let index = 0; index < 100; index += 1) backOff.failed('anna', HERE);
    expect(backOff.waitMs('anna', HERE)).toBe(128_000);
    clock.elapsedMs += 2 * 3_600_000;
    backOff.failed('anna', HERE);
    expect(backOff.waitMs('anna', HERE)).toBe(0);
  });
});
