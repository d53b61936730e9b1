import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { SluiceError } from '../lib/errors.js';
import { CertificateFiles } from './certificate-files.js';

export interface CertificateOptions {
  readonly directory: string;
  readonly days: number;
}

export interface ServerOptions extends CertificateOptions {
  /** Names and addresses besides those of this machine. */
  readonly names: readonly string[];
}

/** As a file name and as the name of a user. */
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const DNS_NAME = /^(?=.{1,253}$)(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+$/;
const RESERVED = new Set(['ca', 'server']);

/** `sluice certificates init`: a private CA and a certificate of the server. Resolves with the exit code. */
export function initCertificates({
  directory,
  names,
  days,
  force,
}: ServerOptions & { readonly force: boolean }): number {
  const files = new CertificateFiles(resolve(directory));
  for (const name of names) checkServerName(name);
  const existing = ['ca.key', 'ca.crt', 'server.key', 'server.crt'].find((file) => files.has(file));
  if (existing !== undefined && !force) {
    throw usage(
      `${files.path(existing)} exists: \`sluice certificates renew\` keeps the CA and renews the certificate of the server; --force makes all of it new, and every device then needs the new ca.crt`,
    );
  }
  const authority = files.makeAuthority(`Sluice CA of ${hostname()}`.slice(0, 64));
  const all = [...new Set([...names, ...namesOfMachine()])];
  files.issue('server', authority, { commonName: commonName(all), use: 'server', names: all, days });
  printServer(files, all, days);
  return 0;
}

/** `sluice certificates renew`: a new certificate of the server, by the CA and for the key that are there. */
export function renewCertificate({ directory, names, days }: ServerOptions): number {
  const files = new CertificateFiles(resolve(directory));
  for (const name of names) checkServerName(name);
  const authority = files.readAuthority();
  if (!files.has('server.crt') || !files.has('server.key')) {
    throw usage(`there is no certificate of a server in ${directory} to renew`);
  }
  const all = [...new Set([...names, ...files.namesOf('server.crt')])];
  files.issue('server', authority, {
    commonName: commonName(all),
    use: 'server',
    names: all,
    days,
    keepsKey: true,
  });
  print([
    `${files.path('server.crt')} is valid for ${days} days from now, for ${all.join(', ')}.`,
    'A running gateway reads it within seconds; devices need nothing new.',
  ]);
  return 0;
}

/** `sluice certificates client NAME`: a certificate by which a client signs in as this user. */
export function issueClient({
  directory,
  name,
  days,
  force,
}: CertificateOptions & { readonly name: string; readonly force: boolean }): number {
  if (!CLIENT_NAME.test(name) || RESERVED.has(name)) {
    throw usage(
      `${JSON.stringify(name)} cannot be the name: letters, digits, and . _ - between them, at most 64`,
    );
  }
  const files = new CertificateFiles(resolve(directory));
  const authority = files.readAuthority();
  if (files.has(`${name}.crt`) && !force)
    throw usage(`${files.path(`${name}.crt`)} exists: --force replaces it`);
  files.issue(name, authority, { commonName: name, use: 'client', days });
  print([
    `${files.path(`${name}.crt`)} and ${files.path(`${name}.key`)} are for the client ${name}, for ${days} days.`,
    '',
    'The listener asks for them with',
    `  tls: { cert: …, key: …, clientCa: ${files.path('ca.crt')} }`,
    'and the access file takes the user from the common name:',
    '  mtls: { user: cn, roles: [device] }',
    '',
    'Try it:',
    `  mosquitto_pub --cafile ${files.path('ca.crt')} --cert ${files.path(`${name}.crt`)} --key ${files.path(`${name}.key`)} -h ${hostname()} -p 8883 -i ${name} -q 1 -t sensors/room1/${name}/temperature -m '{"value": 21.5}'`,
  ]);
  return 0;
}

function printServer(files: CertificateFiles, names: readonly string[], days: number): void {
  const host = names.find((name) => isIP(name) === 4 && !name.startsWith('127.')) ?? 'localhost';
  print([
    `${files.path('ca.crt')}      for devices: they trust every certificate of this CA`,
    `${files.path('ca.key')}      keep it secret; the gateway does not need it`,
    `${files.path('server.crt')}  for ${days} days: ${names.join(', ')}`,
    `${files.path('server.key')}  for the gateway alone`,
    '',
    'In sluice.yaml:',
    '  broker:',
    '    listeners:',
    '      - protocol: mqtts',
    '        host: 0.0.0.0',
    '        port: 8883',
    `        tls: { cert: ${files.path('server.crt')}, key: ${files.path('server.key')} }`,
    '    access: ./access.yaml        # sluice users add meter-17 --role device',
    '',
    'Then, from a machine that has ca.crt:',
    `  mosquitto_pub --cafile ca.crt -h ${host} -p 8883 -u meter-17 -P "$TOKEN" -i meter-17 -q 1 -t sensors/room1/meter-17/temperature -m '{"value": 21.5}'`,
    '',
    'Renew it before it ends: sluice certificates renew. The gateway warns 30 days before.',
  ]);
}

/** What devices on the network may connect to. */
function namesOfMachine(): string[] {
  const name = hostname();
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // A link-local address is only valid together with the name of an interface.
  const usable = addresses.map(({ address }) => address).filter((address) => !/^fe80:|%/i.test(address));
  const dns = [name, ...(name.includes('.') ? [] : [`${name}.local`]), 'localhost'];
  return [...dns.filter((text) => DNS_NAME.test(text)), ...new Set(['127.0.0.1', '::1', ...usable])];
}

/** At most 64 characters (RFC 5280, A.1); clients look at the alternative names. */
function commonName(names: readonly string[]): string {
  return (names.find((name) => isIP(name) === 0) ?? 'sluice').slice(0, 64);
}

function checkServerName(name: string): void {
  if (isIP(name) !== 0 ? !name.includes('%') : DNS_NAME.test(name)) return;
  throw usage(`${JSON.stringify(name)} is no DNS name and no IP address`);
}

function usage(text: string): SluiceError {
  return new SluiceError('USAGE_INVALID', text);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
