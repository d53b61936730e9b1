import type { IncomingHttpHeaders } from 'node:http';

export type WhereChanges = 'loopback' | 'always' | 'never';

/**
 * Why a request that changes something is not from a person at this gateway's own page or a program of their own;
 * undefined when it may pass. A web page elsewhere can send a form or plain text to any address unasked, but JSON
 * only after a question (a CORS preflight) that is never answered here; browsers also tell where a request
 * comes from.
 */
export function foreignChange(headers: IncomingHttpHeaders): string | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') return 'The request must be application/json.';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'Another web site may not ask for changes.';
  }
  const { origin, host } = headers;
  if (origin !== undefined && !isSameHost(origin, host)) return 'Another web site may not ask for changes.';
  return undefined;
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}
