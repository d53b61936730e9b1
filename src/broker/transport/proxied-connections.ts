import type { Socket } from 'node:net';
import { addressList } from '../../lib/address-list.js';
import { isLoopback } from '../../lib/remote-address.js';
import { readFirstBytes } from './first-bytes.js';
import { parseProxyHeader } from './proxy-header.js';

/** Where a proxied connection comes from, or why it is refused; undefined: it is closed already. */
export type ProxiedSource =
  | { readonly kind: 'from'; readonly remoteAddress: string }
  | { readonly kind: 'refused'; readonly remoteAddress: string; readonly detail: string }
  | undefined;

/** Makes a reader of PROXY headers: of connections from these addresses and networks only, and all of those need one. */
export function proxyHeaderReader(
  proxies: readonly string[],
  timeoutMs: number,
): (socket: Socket) => Promise<ProxiedSource> {
  const isProxy = addressList(proxies);
  return async (socket) => {
    const peer = socket.remoteAddress ?? '';
    const refused = (detail: string) => ({ kind: 'refused', remoteAddress: peer, detail }) as const;
    if (!isProxy(peer)) return refused('the address is not in the list `proxy`');
    const read = await readFirstBytes(socket, timeoutMs, parseProxyHeader);
    if (read.kind === 'closed') return undefined;
    if (read.kind === 'timeout') return refused(`no PROXY header within ${timeoutMs} ms`);
    const { value: header } = read;
    if (header.kind === 'invalid') return refused(header.detail);
    // The proxy's own machine is not this one: loopback there is the proxy.
    const isOfClient = header.kind === 'client' && !isLoopback(header.address);
    return { kind: 'from', remoteAddress: isOfClient ? header.address : peer };
  };
}
