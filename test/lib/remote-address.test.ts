import { describe, expect, it } from 'vitest';
import { isLoopback, senderOf } from '../../src/lib/remote-address.js';

describe('senderOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('%s stands for %s', (address, sender) => {
    expect(senderOf(address)).toBe(sender);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::ffff:127.0.0.1', true],
    ['::1', true],
    ['128.0.0.1', false],
    ['1127.0.0.1', false],
    ['2001:db8::1', false],
  ])('%s is loopback: %s', (address, is) => {
    expect(isLoopback(address)).toBe(is);
  });
});
