import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { withoutPort } from './host-guard.js';

export type WhereChanges = 'loopback' | 'always' | 'never';

const ANOTHER_SITE = 'Another web site may not ask for changes.';

/**
 * Why a request that changes something is not from a person at this gateway's own page or a program of their own;
 * undefined when it may pass. A web page elsewhere can send a form or plain text to any address unasked, but JSON
 * only after a question (a CORS preflight) that is never answered here; browsers also tell where a request
 * comes from.
 *
 * @param boundHost as configured: a name of our own
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

function foreignOrigin(origin: string, host: string, boundHost: string): string | undefined {
  if (!URL.canParse(origin)) return ANOTHER_SITE;
  const { protocol, host: originHost } = new URL(origin);
  if (originHost !== host) return ANOTHER_SITE;
  // A site can point a name of its own at this address and is then asked for as if it were ours (DNS rebinding). With
  // https a certificate stands for the name.
  if (protocol === 'https:' || isOurs(withoutPort(host), boundHost)) return undefined;
  return 'Under a name of the network, changes are answered over https only; or open the page by its IP address.';
}

/** Names that no web site can have: addresses, names without a domain, and the configured one. */
function isOurs(name: string, boundHost: string): boolean {
  return name === boundHost || !name.includes('.') || isIP(name) !== 0;
}
