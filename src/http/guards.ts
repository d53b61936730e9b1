import type { IncomingHttpHeaders } from 'node:http';

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

const ANOTHER_SITE_READS = 'Another web site may not ask here. Open the address itself, or use a program.';
const ANOTHER_SITE = 'Another web site may not ask for changes.';

/**
 * Returns why a request that changes something is refused, or undefined when it comes from this gateway's own page or from
 * a program. Another web site can make a browser send a form or plain text to any address, but JSON only after a CORS
 * preflight, which is never answered here. Browsers also send the origin of a request; that its name is ours is what
 * the guard of hosts has found.
 */
export function foreignChange(headers: IncomingHttpHeaders): string | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') return 'The request must be application/json.';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return ANOTHER_SITE;
  return isForeignOrigin(headers) ? ANOTHER_SITE : undefined;
}

/**
 * Returns why a request that reads is refused, or undefined when it comes from this gateway's own page, from a person who
 * typed the address, or from a program. A web site cannot read an answer of another one, but each of its requests costs
 * the gateway a search or a query.
 */
export function foreignRead(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return ANOTHER_SITE_READS;
  return isForeignOrigin(headers) ? ANOTHER_SITE_READS : undefined;
}

function isForeignOrigin({ origin, host = '' }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host.toLowerCase();
}
