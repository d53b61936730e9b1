import { isIP } from 'node:net';

/** Decides by a `Host` header whether a request is answered. */
export type HostGuard = (hostHeader: string | undefined) => boolean;

/**
 * Decides which `Host` headers are answered. A web page can point its own name at any address that its reader reaches and
 * then read the answers as its own origin (DNS rebinding). So only names pass that no web page can have: IP addresses,
 * `localhost` and other names without a dot, and those that the operator lists. Ports do not matter, because of tunnels.
 *
 * @param listed the names of the setting `hosts`, without a port
 * @param boundHost the configured address of the listener
 */
export function hostGuard(listed: readonly string[], boundHost: string): HostGuard {
  const names = new Set([...listed, boundHost].map((name) => bare(name.toLowerCase())));
  return (hostHeader) => {
    if (hostHeader === undefined) return false;
    const match = /^(\[[\da-f:.]+\]|[^:@/?#\s[\]]+)(?::\d*)?$/i.exec(hostHeader);
    if (match === null) return false;
    const name = bare(match[1]!.toLowerCase());
    return isIP(name) !== 0 || !name.includes('.') || names.has(name);
  };
}

/** Returns an address as it is written in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function bare(name: string): string {
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}
