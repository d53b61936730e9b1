import { describe, expect, it } from 'vitest';
import { SharedRates } from '../../../src/broker/limits/shared-rates.js';

const TEN = { messagesPerSecond: 10 };

describe('SharedRates [security 23]', () => {
  it('keeps what a client has used over a reconnect, until it is earned', () => {
    const rates = new SharedRates('client', 1_000);
    rates.use('d', TEN).take(100, 0, 0);
    rates.release('d', 0);
    expect(rates.use('d', TEN).waitMs(0)).toBe(9_000);
    rates.release('d', 10_000);
    expect(rates.size).toBe(0);
  });

  it('shares the rate of a user between its connections', () => {
    const rates = new SharedRates('user', 1_000);
    const first = rates.use('u', TEN);
    expect(rates.use('u', TEN)).toBe(first);
    rates.release('u', 0);
    expect(rates.use('u', TEN)).toBe(first);
  });

  it('stays bounded while names come and go, and never forgets one that is connected', () => {
    const rates = new SharedRates('client', 1_000);
    const connected = rates.use('connected', TEN);
    for (let n = 0; n < 50_000; n += 1) {
      rates.use(`d${n}`, TEN).take(1_000, 0, 0);
      rates.release(`d${n}`, 0);
    }
    expect(rates.size).toBeLessThanOrEqual(10_002);
    expect(rates.use('connected', TEN)).toBe(connected);
  });
});
