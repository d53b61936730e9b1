const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Which `Host` headers may be answered. A listener on loopback is protected by nothing but its address, and a
 * web page can point a name of its own at 127.0.0.1 (DNS rebinding) and read the answers as its own origin.
 * So there only the names of loopback pass, on any port because of tunnels. Elsewhere every name passes:
 * the operator chose to be reached under names we cannot know.
 */
export function hostGuard(boundHost: string): (hostHeader: string | undefined) => boolean {
  if (!isLoopback(boundHost)) return () => true;
  const allowed = new Set([...LOOPBACK_NAMES, bracketed(boundHost.toLowerCase())]);
  return (hostHeader) => hostHeader !== undefined && allowed.has(withoutPort(hostHeader.toLowerCase()));
}

/** True for `localhost`, 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** An address as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A `Host` header without its port; an IPv6 address keeps its brackets. */
export function withoutPort(hostHeader: string): string {
  return hostHeader.replace(/:\d*$/, '');
}
