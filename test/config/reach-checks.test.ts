import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { problemsOf } from './parse.js';

const TLS = 'tls: { cert: c.pem, key: k.pem }';

function warningsOf(yaml: string): string[] {
  const result = parseConfig(yaml, 'sluice.yaml', '/etc/sluice', {});
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.loaded.warnings.map(formatProblem);
}

describe('who can reach the gateway [access 11] [security 2]', () => {
  it.each([
    [
      'a plain listener beyond loopback, although there are users',
      'broker:\n  access: a.yaml\n  listeners:\n    - host: 0.0.0.0\n',
      'sluice.yaml:4:7: broker.listeners[0].host: got "0.0.0.0", expected a loopback address such as 127.0.0.1, or protocol mqtts or wss, or allowPlain: true beside it',
    ],
    [
      'a plain listener that `insecure` allowed before there were users',
      'broker:\n  access: a.yaml\n  insecure: true\n  listeners:\n    - host: 0.0.0.0\n',
      'expected a loopback address such as 127.0.0.1, or protocol mqtts or wss, or allowPlain: true beside it',
    ],
    [
      'a listener without users, although it has TLS',
      `broker:\n  listeners:\n    - { host: 0.0.0.0, protocol: mqtts, ${TLS} }\n`,
      'expected a loopback address such as 127.0.0.1, or broker.access, or broker.insecure: true',
    ],
    [
      'allowPlain without users',
      'broker:\n  listeners:\n    - { host: 0.0.0.0, allowPlain: true }\n',
      'or broker.access, or broker.insecure: true',
    ],
    [
      'TLS without its files',
      'broker:\n  listeners:\n    - { protocol: mqtts }\n',
      'sluice.yaml:3:7: broker.listeners[0].tls: expected the section tls with cert and key, as protocol mqtts needs it',
    ],
    [
      'files of TLS without TLS',
      `broker:\n  listeners:\n    - { protocol: ws, ${TLS} }\n`,
      'broker.listeners[0].tls: got a section, expected no tls with protocol ws; did you mean protocol: wss?',
    ],
    [
      'a proxy by its name',
      'broker:\n  listeners:\n    - { proxy: [10.0.0.7, lb.example.com] }\n',
      'broker.listeners[0].proxy[1]: got lb.example.com, expected an IP address such as 10.0.0.7, or a network such as 10.0.0.0/24',
    ],
    [
      'a network of proxies that is none',
      'broker:\n  listeners:\n    - { proxy: [10.0.0.0/40] }\n',
      'expected a network with 0 to 32 bits behind the slash',
    ],
    [
      'an origin with a path, which no browser sends',
      'broker:\n  listeners:\n    - { protocol: ws, origins: ["https://dashboard.example.com/"] }\n',
      'expected scheme, host and port if it has one, such as https://dashboard.example.com',
    ],
    [
      'a name with its port',
      'broker:\n  listeners:\n    - { protocol: ws, hosts: ["gateway.example.com:8083"] }\n',
      'expected a name without scheme, port and path',
    ],
    [
      'names of web pages on a listener without them',
      'broker:\n  listeners:\n    - { hosts: [gateway.example.com] }\n',
      'expected no hosts with protocol mqtt: only web pages have them',
    ],
    [
      'reading with a token that nobody has',
      'http:\n  read: token\n',
      'sluice.yaml:2:3: http.read: got "token", expected broker.access beside it',
    ],
  ])('is a problem: %s', (_, yaml, line) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(line);
  });

  it.each([
    ['TLS and users', `broker: { access: a.yaml, listeners: [{ host: 0.0.0.0, protocol: mqtts, ${TLS} }] }`],
    ['users on loopback without TLS', 'broker: { access: a.yaml }'],
    ['the page with users and TLS', `broker: { access: a.yaml }\nhttp: { host: 0.0.0.0, ${TLS} }`],
    ['no users, and insecure', 'broker: { insecure: true, listeners: [{ host: 0.0.0.0 }] }'],
  ])('is fine, and no warning: %s', (_, yaml) => {
    expect(warningsOf(yaml)).toEqual([]);
  });

  it.each([
    [
      'allowPlain',
      'broker:\n  access: a.yaml\n  listeners:\n    - host: 0.0.0.0\n      allowPlain: true\n',
      'sluice.yaml:5:7: broker.listeners[0].allowPlain: got true, expected a listener with TLS, unless its devices cannot use it; names, tokens and passwords can be read on the network',
    ],
    [
      'reading that is open',
      `broker: { access: a.yaml }\nhttp: { host: 0.0.0.0, read: open, ${TLS} }\n`,
      'http.read: got "open", expected token, unless everybody who reaches this address may see every reading',
    ],
    [
      'the page without TLS',
      'broker: { access: a.yaml }\nhttp: { host: 0.0.0.0 }\n',
      'http.host: got "0.0.0.0", expected the section http.tls beside it, unless a proxy in front has TLS',
    ],
  ])('is a warning beyond loopback: %s', (_, yaml, line) => {
    const warnings = warningsOf(yaml);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(line);
  });
});
