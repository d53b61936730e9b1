const MAPPED = /^::ffff:(?=\d+\.)/i;

/** Groups of an IPv6 address that name the network of one site (64 of 128 bits). */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\./.test(address.replace(MAPPED, ''));
}

/** Whether a host as it is written in a configuration or an address line is on this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/**
 * Whom an address stands for: an IPv4 address, or a network of 64 bits in IPv6, because every site has at least one and
 * may use any address in it.
 */
export function senderOf(address: string): string {
  const plain = address.replace(MAPPED, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
