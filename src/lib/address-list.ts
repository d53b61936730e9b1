import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(?=\d+\.)/i;

/** What is wrong with an entry of a list of addresses and networks; undefined when nothing is. */
export function addressEntryFault(entry: string): string | undefined {
  const [address = '', prefix, ...more] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%'))
    return 'an IP address such as 10.0.0.7, or a network such as 10.0.0.0/24';
  if (prefix === undefined) return undefined;
  const maxBits = version === 4 ? 32 : 128;
  const isPrefix = more.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= maxBits;
  if (!isPrefix) return `a network with 0 to ${maxBits} bits behind the slash`;
  return undefined;
}

/** Whether an address is in a list of addresses and networks (CIDR). An IPv4 address also matches as IPv6 writes it. */
export function addressList(entries: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.replace(MAPPED, '').split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = address.replace(MAPPED, '').replace(/%.*$/, '');
    return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}
