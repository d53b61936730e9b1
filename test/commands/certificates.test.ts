import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTlsFiles } from '../../src/lib/tls/tls-files.js';
import { HAS_OPENSSL } from '../support/openssl-ca.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const FILES = ['ca.crt', 'ca.key', 'server.crt', 'server.key'];

async function made(...args: readonly string[]) {
  const directory = join(tempDirectory(), 'certificates');
  const outcome = await runMain('certificates', 'init', '--directory', directory, ...args);
  const path = (file: string) => join(directory, file);
  const certificate = (file: string) => new X509Certificate(readFileSync(path(file)));
  const contents = () => FILES.map((file) => readFileSync(path(file), 'utf8'));
  return { directory, outcome, path, certificate, contents };
}

describe('sluice certificates init', () => {
  it('makes a CA and a certificate of this machine, with the modes that the gateway needs', async () => {
    const { directory, outcome, path, certificate } = await made(
      '--name',
      'gw.example.com',
      '--name',
      '2001:db8::7',
    );
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readdirSync(directory).sort()).toEqual(FILES);
    expect(FILES.map((file) => (statSync(path(file)).mode & 0o077).toString(8))).toEqual([
      '44',
      '0',
      '44',
      '0',
    ]);
    await expect(
      readTlsFiles({ cert: path('server.crt'), key: path('server.key'), clientCa: path('ca.crt') }),
    ).resolves.toBeDefined();
    const server = certificate('server.crt');
    for (const name of ['gw.example.com', 'localhost', hostname()]) expect(server.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '2001:db8::7']) expect(server.checkIP(address)).toBe(address);
    expect(server.checkHost('other.example.com')).toBeUndefined();
    expect(server.checkIssued(certificate('ca.crt'))).toBe(true);
    expect(server.verify(certificate('ca.crt').publicKey)).toBe(true);
  });

  it('prints what sluice.yaml and a device need', async () => {
    const { outcome, path } = await made();
    expect(outcome.stdout).toContain(`tls: { cert: ${path('server.crt')}, key: ${path('server.key')} }`);
    expect(outcome.stdout).toMatch(/mosquitto_pub --cafile ca\.crt -h \S+ -p 8883 -u meter-17/);
    expect(outcome.stdout + outcome.stderr).not.toContain('PRIVATE KEY');
  });

  it('overwrites nothing without --force', async () => {
    const { directory, contents } = await made();
    const before = contents();
    const again = await runMain('certificates', 'init', '--directory', directory);
    expect(again).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/ca\.key exists: .*renew.*--force/),
    });
    expect(contents()).toEqual(before);
    expect(await runMain('certificates', 'init', '--directory', directory, '--force')).toMatchObject({
      exitCode: 0,
    });
    expect(contents().filter((text, index) => text === before[index])).toEqual([]);
  });

  it.each([
    [['--name', 'a b'], /"a b" is no DNS name and no IP address/],
    [['--name', 'https://x'], /no DNS name/],
    [['--days', '0'], /whole number from 1 to 825/],
    [['--days', '826'], /whole number from 1 to 825/],
  ])('refuses %j', async (args, text) => {
    const { outcome } = await made(...args);
    expect(outcome).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(text) });
  });
});

describe('sluice certificates renew', () => {
  it('keeps CA, key and names, so that devices need nothing new', async () => {
    const { directory, certificate, contents } = await made('--name', 'gw.example.com', '--days', '1');
    const [first, before] = [certificate('server.crt'), contents()];
    const outcome = await runMain(
      'certificates',
      'renew',
      '--directory',
      directory,
      '--days',
      '90',
      '--name',
      'new.example.com',
    );
    expect(outcome).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('valid for 90 days') });
    const renewed = certificate('server.crt');
    expect(contents().map((text, index) => text === before[index])).toEqual([true, true, false, true]);
    expect(renewed.serialNumber).not.toBe(first.serialNumber);
    for (const name of ['gw.example.com', 'new.example.com']) expect(renewed.checkHost(name)).toBe(name);
    expect(renewed.checkIP('::1')).toBe('::1');
    expect(Date.parse(renewed.validTo) - Date.parse(first.validTo)).toBeGreaterThan(88 * 86_400_000);
  });

  it('says what is missing where there is no CA', async () => {
    const outcome = await runMain('certificates', 'renew', '--directory', tempDirectory());
    expect(outcome).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/no usable CA .*certificates init/),
    });
  });
});

describe('sluice certificates client', () => {
  it('makes a certificate of a user, and replaces it only with --force', async () => {
    const { directory, certificate } = await made();
    const client = (...args: string[]) =>
      runMain('certificates', 'client', '--directory', directory, ...args);
    expect(await client('meter-17')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('--cert'),
    });
    expect(certificate('meter-17.crt').subject).toBe('CN=meter-17');
    expect(await client('meter-17')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('exists'),
    });
    expect(await client('meter-17', '--force')).toMatchObject({ exitCode: 0 });
  });

  it.each(['../x', 'a/b', 'ca', 'server', '.hidden', 'a+b', 'ä'])(
    'refuses the name %s [security 50]',
    async (name) => {
      const { directory } = await made();
      const before = readdirSync(directory);
      expect(await runMain('certificates', 'client', name, '--directory', directory)).toMatchObject({
        exitCode: 2,
      });
      expect(readdirSync(directory)).toEqual(before);
    },
  );
});

it.skipIf(!HAS_OPENSSL)(
  'OpenSSL accepts the certificates by its strict rules, each for its purpose only',
  async () => {
    const { directory, path } = await made('--name', 'gw.example.com');
    await runMain('certificates', 'client', 'meter-17', '--directory', directory);
    const verify = (purpose: string, file: string) =>
      execFileSync(
        'openssl',
        ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', path('ca.crt'), path(file)],
        { stdio: 'pipe' },
      );
    expect(String(verify('sslserver', 'server.crt'))).toContain('OK');
    expect(String(verify('sslclient', 'meter-17.crt'))).toContain('OK');
    expect(() => verify('sslclient', 'server.crt')).toThrow();
    expect(() => verify('sslserver', 'meter-17.crt')).toThrow();
    const text = String(execFileSync('openssl', ['x509', '-in', path('ca.crt'), '-noout', '-text']));
    for (const part of [
      'CA:TRUE, pathlen:0',
      'Certificate Sign, CRL Sign',
      'ecdsa-with-SHA256',
      'prime256v1',
    ]) {
      expect(text).toContain(part);
    }
  },
);
