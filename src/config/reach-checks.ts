import type { AccessRules } from '../access/access-rules.js';
import { addressEntryFault } from '../lib/address-list.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import type { ListenerConfig, SluiceConfig } from './sluice-config.js';

type Reached = Pick<SluiceConfig, 'broker' | 'http'>;

const HTTP_HOST: KeyPath = ['http', 'host'];
const ACCESS: KeyPath = ['broker', 'access'];

/**
 * Checks who can reach what. Without access rules an address beyond this machine needs an explicit `insecure: true`,
 * because clients are not authenticated; with them a listener without TLS needs `allowPlain: true`, because names and
 * passwords can be read on the way.
 */
export function checkReach({ broker, http }: Reached, findings: Findings): void {
  const hasAccess = broker.accessFile !== undefined;
  for (const [index, listener] of broker.listeners.entries()) {
    checkTls(listener, index, findings);
    checkLists(listener, index, findings);
    if (isLoopbackHost(listener.host)) continue;
    const at = listenerPath(index, 'host');
    if (hasAccess) {
      if (isEncrypted(listener) || listener.allowPlain === true) continue;
      findings.add([at, listenerPath(index, 'allowPlain'), listenerPath(index, 'protocol'), ACCESS], {
        expected:
          'a loopback address such as 127.0.0.1, or protocol mqtts or wss, or allowPlain: true beside it',
        hint: 'without TLS names, tokens and passwords can be read on the network',
      });
    } else if (!broker.insecure) {
      findings.add([at, ['broker', 'insecure'], ACCESS], {
        expected: 'a loopback address such as 127.0.0.1, or broker.access, or broker.insecure: true',
        hint: 'clients are not authenticated, so anyone who reaches this address could publish and subscribe',
      });
    }
  }
  if (http === undefined) return;
  if (http.read === 'token' && !hasAccess) {
    findings.add([['http', 'read'], ACCESS], {
      expected: 'broker.access beside it',
      hint: 'without users there is no token that could be shown',
    });
  }
  if (hasAccess || http.insecure || isLoopbackHost(http.host)) return;
  findings.add([HTTP_HOST, ['http', 'insecure'], ACCESS], {
    expected: 'a loopback address such as 127.0.0.1, or broker.access, or http.insecure: true',
    hint: 'readers are not authenticated, so anyone who reaches this address could see every reading',
  });
}

function checkTls({ protocol, tls }: ListenerConfig, index: number, findings: Findings): void {
  const about: [KeyPath, KeyPath] = [listenerPath(index, 'tls'), listenerPath(index, 'protocol')];
  if (isEncrypted({ protocol }) && tls === undefined) {
    findings.add(about, { expected: `the section tls with cert and key, as protocol ${protocol} needs it` });
  }
  if (!isEncrypted({ protocol }) && tls !== undefined) {
    findings.add(about, {
      expected: `no tls with protocol ${protocol}`,
      hint: `did you mean protocol: ${protocol}s?`,
    });
  }
}

/** Checks the entries of `proxy` and `origins`: a wrong one would never match anything. */
function checkLists(
  { protocol, proxy = [], origins = [], hosts = [] }: ListenerConfig,
  index: number,
  findings: Findings,
): void {
  const at = (key: string, entry: number): KeyPath => ['broker', 'listeners', index, key, entry];
  for (const [entry, address] of proxy.entries()) {
    const expected = addressEntryFault(address);
    if (expected !== undefined) findings.add([at('proxy', entry)], { got: address, expected });
  }
  for (const [entry, origin] of origins.entries()) {
    if (isOrigin(origin)) continue;
    const expected = 'scheme, host and port if it has one, such as https://dashboard.example.com';
    findings.add([at('origins', entry)], { got: origin, expected });
  }
  for (const [entry, host] of hosts.entries()) {
    if (/^[^\s/:@]+$/.test(host)) continue;
    findings.add([at('hosts', entry)], { got: host, expected: 'a name without scheme, port and path' });
  }
  if (protocol === 'ws' || protocol === 'wss') return;
  for (const [key, list] of Object.entries({ origins, hosts })) {
    if (list.length === 0) continue;
    const about: [KeyPath, KeyPath] = [listenerPath(index, key), listenerPath(index, 'protocol')];
    findings.add(about, { expected: `no ${key} with protocol ${protocol}: only web pages have them` });
  }
}

/** As a browser writes it, which is compared as text. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text.toLowerCase();
}

/** Adds a finding for what is reached from beyond this machine, allowed, and not protected. */
export function findReachWarnings({ broker, http }: Reached, findings: Findings): void {
  if (broker.accessFile === undefined) return;
  for (const [index, listener] of broker.listeners.entries()) {
    if (isLoopbackHost(listener.host) || isEncrypted(listener)) continue;
    findings.add([listenerPath(index, 'allowPlain')], {
      expected: 'a listener with TLS, unless its devices cannot use it',
      hint: 'names, tokens and passwords can be read on the network',
    });
  }
  if (http === undefined || isLoopbackHost(http.host)) return;
  if (http.read === 'open') {
    findings.add([['http', 'read']], {
      expected: 'token, unless everybody who reaches this address may see every reading',
    });
  }
  if (http.tls === undefined) {
    findings.add([HTTP_HOST], {
      expected: 'the section http.tls beside it, unless a proxy in front has TLS',
      hint: 'tokens and passwords can be read on the network',
    });
  }
}

/** Adds a finding for a section of the access file that no listener gives anything to. */
export function findUnusedSections(
  { file, mtls }: AccessRules,
  { broker }: Reached,
  findings: Findings,
): void {
  const asksForCertificates = broker.listeners.some(({ tls }) => tls?.clientCa !== undefined);
  if (mtls === undefined || asksForCertificates) return;
  findings.add([ACCESS], {
    got: `the section mtls in line ${mtls.line} of ${file}`,
    expected: 'a listener with tls.clientCa, which asks clients for certificates',
  });
}

function isEncrypted({ protocol }: Pick<ListenerConfig, 'protocol'>): boolean {
  return protocol === 'mqtts' || protocol === 'wss';
}

function listenerPath(index: number, key: string): KeyPath {
  return ['broker', 'listeners', index, key];
}
