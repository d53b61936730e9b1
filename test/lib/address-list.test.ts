import { expect, it } from 'vitest';
import { addressEntryFault, addressList } from '../../src/lib/address-list.js';

it.each([
  ['10.0.0.7', ['10.0.0.7', '::ffff:10.0.0.7'], ['10.0.0.8', '::1']],
  ['10.0.0.0/24', ['10.0.0.0', '10.0.0.255', '::ffff:10.0.0.9'], ['10.0.1.0', '110.0.0.1']],
  ['10.0.0.0/0', ['1.2.3.4'], ['::1', '']],
  ['2001:db8::/32', ['2001:db8::1', '2001:db8:ffff::'], ['2001:db9::', '10.0.0.1']],
  ['2001:db8::1', ['2001:db8::1', '2001:0db8:0:0::1'], ['2001:db8::2']],
  ['fe80::/10', ['fe80::1%eth0'], ['fec0::1']],
])('%s contains its addresses and no others', (entry, inside, outside) => {
  const contains = addressList(['192.0.2.1', entry]);
  expect(inside.filter((address) => !contains(address))).toEqual([]);
  expect(outside.filter((address) => contains(address))).toEqual([]);
});

it.each(['10.0.0.7', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/128'])('%s is an entry', (entry) => {
  expect(addressEntryFault(entry)).toBeUndefined();
});

it.each([
  '',
  'proxy.example.com',
  '10.0.0',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '::/129',
  '10.0.0.0/-1',
  'fe80::1%eth0',
  '010.0.0.1',
])('%j is none, and what is expected is said', (entry) => {
  expect(addressEntryFault(entry)).toMatch(/^(an IP address|a network)/);
});
