import { describe, expect, it } from 'vitest';
import { FairShare, type Spending } from '../../../src/broker/limits/fair-share.js';

const KiB = 1024;

/** Clients that offer bytes in every window, and a thread whose utilization follows what they were let send. */
function simulation(offers: readonly number[], busyBytes: number) {
  let spent = 0;
  const share = new FairShare(() => Math.min(1, spent / busyBytes));
  const clients: Spending[] = offers.map(() => ({ window: -1, spent: 0 }));
  /** What each client was let send in the next window, in slices of 16 KiB. */
  const next = () => {
    share.nextWindow();
    spent = 0;
    return clients.map((client, at) => {
      let sent = 0;
      while (sent < offers[at]! && !share.isSpent(client)) {
        const slice = Math.min(16 * KiB, offers[at]! - sent);
        share.spend(client, 0, slice);
        sent += slice;
      }
      spent += sent;
      return sent;
    });
  };
  return { share, next };
}

const QUIET = Array.from({ length: 20 }, () => 2 * KiB);

describe('FairShare [security 23] [drill B9]', () => {
  it('slows the client that floods until the thread has time left, and none of its neighbours', () => {
    const { share, next } = simulation([1000 * KiB, ...QUIET], 800 * KiB);
    let sent: number[] = [];
    for (let n = 0; n < 50; n += 1) sent = next();
    expect(share.limit).toBeLessThan(800 * KiB);
    const total = sent.reduce((sum, bytes) => sum + bytes);
    expect(total / (800 * KiB)).toBeLessThan(0.9);
    // It is not cut down to what its neighbours send: the machine is not left idle.
    expect(total / (800 * KiB)).toBeGreaterThan(0.5);
    expect(sent.slice(1)).toEqual(QUIET);
  });

  it('has no limit for one client, however busy the thread is', () => {
    const { share, next } = simulation([1000 * KiB], 100 * KiB);
    for (let n = 0; n < 20; n += 1) expect(next()).toEqual([1000 * KiB]);
    expect(share.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('has no limit for clients that are alike', () => {
    const { share, next } = simulation(
      [64, 80, 64, 72, 64, 90, 64].map((kib) => kib * KiB),
      100 * KiB,
    );
    for (let n = 0; n < 20; n += 1) next();
    expect(share.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('has no limit while the thread has time left, and gives it up when the flood is over', () => {
    const { share, next } = simulation([1000 * KiB, ...QUIET], 10_000 * KiB);
    for (let n = 0; n < 20; n += 1) next();
    expect(share.limit).toBe(Number.POSITIVE_INFINITY);

    const offers = [1000 * KiB, ...QUIET];
    const busy = simulation(offers, 800 * KiB);
    for (let n = 0; n < 20; n += 1) busy.next();
    expect(busy.share.limit).toBeLessThan(Number.POSITIVE_INFINITY);
    offers[0] = 0;
    for (let n = 0; n < 3; n += 1) busy.next();
    expect(busy.share.limit).toBe(Number.POSITIVE_INFINITY);
  });

  it('leaves everybody 32 KiB in a window, also where the thread stays busy with something else', () => {
    const share = new FairShare(() => 1);
    const flood: Spending = { window: -1, spent: 0 };
    const quiet: Spending = { window: -1, spent: 0 };
    for (let n = 0; n < 100; n += 1) {
      for (let sent = 0; sent < 1000 && !share.isSpent(flood); sent += 1) share.spend(flood, 1, KiB);
      share.spend(quiet, 1, 64);
      share.nextWindow();
    }
    expect(share.limit).toBe(32 * KiB);
  });

  it('counts small messages by their number', () => {
    const share = new FairShare(() => 1);
    const client: Spending = { window: -1, spent: 0 };
    share.spend(client, 10, 50);
    expect(client.spent).toBe(1_050);
  });
});
