import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopbackHost } from '../lib/remote-address.js';

/** Where requests that change something are allowed. */
export type WhereChanges = 'loopback' | 'always' | 'never';

/**
 * The headers of every answer. The page shows strings that devices chose (topics, client ids, tag values), so the browser
 * must run nothing but our own files and refuse any script that writes HTML (Trusted Types).
 */
export const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const ANOTHER_SITE_READS = 'Another web site may not ask here. Open the address itself, or use a program.';
const ANOTHER_SITE = 'Another web site may not ask for changes.';

/**
 * Decides which `Host` headers are answered. A listener on loopback is protected only by its address, and a web page can
 * point its own name at 127.0.0.1 (DNS rebinding) and read the answers as its own origin. So on loopback only the names
 * of loopback pass, on any port because of tunnels. Elsewhere every name passes: the operator may use names that we
 * cannot know.
 */
export function hostGuard(boundHost: string): (hostHeader: string | undefined) => boolean {
  if (!isLoopbackHost(boundHost)) return () => true;
  const allowed = new Set([...LOOPBACK_NAMES, bracketed(boundHost.toLowerCase())]);
  return (hostHeader) => hostHeader !== undefined && allowed.has(withoutPort(hostHeader.toLowerCase()));
}

/** Returns an address as it is written in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Returns a `Host` header without its port; an IPv6 address keeps its brackets. */
export function withoutPort(hostHeader: string): string {
  return hostHeader.replace(/:\d*$/, '');
}

/**
 * Returns why a request that changes something is refused, or undefined when it comes from this gateway's own page or from
 * a program. Another web site can make a browser send a form or plain text to any address, but JSON only after a CORS
 * preflight, which is never answered here. Browsers also send the origin of a request.
 *
 * @param boundHost the configured address, which counts as our own name
 */
export function foreignChange(headers: IncomingHttpHeaders, boundHost: string): string | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') return 'The request must be application/json.';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return ANOTHER_SITE;
  const { origin, host = '' } = headers;
  return origin === undefined
    ? undefined
    : foreignOrigin(origin, host.toLowerCase(), boundHost.toLowerCase());
}

/**
 * Returns why a request that reads is refused, or undefined when it comes from this gateway's own page, from a person who
 * typed the address, or from a program. A web site cannot read an answer of another one, but each of its requests costs
 * the gateway a search or a query.
 */
export function foreignRead(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return ANOTHER_SITE_READS;
  const { origin, host = '' } = headers;
  if (origin === undefined) return undefined;
  const isOwn = URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
  return isOwn ? undefined : ANOTHER_SITE_READS;
}

function foreignOrigin(origin: string, host: string, boundHost: string): string | undefined {
  if (!URL.canParse(origin)) return ANOTHER_SITE;
  const { protocol, host: originHost } = new URL(origin);
  if (originHost !== host) return ANOTHER_SITE;
  // A site can point its own name at this address, and a browser then treats it as ours (DNS rebinding). With https a
  // certificate proves the name.
  if (protocol === 'https:' || isOurs(withoutPort(host), boundHost)) return undefined;
  return 'Under a network name, changes are allowed over https only. Or open the page by its IP address.';
}

/** Returns true for names that no web site can have: addresses, names without a domain, and the configured name. */
function isOurs(name: string, boundHost: string): boolean {
  return name === boundHost || !name.includes('.') || isIP(name) !== 0;
}
