import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TlsContexts } from '../../../src/lib/tls/tls-contexts.js';
import type { WarningFields } from '../../../src/lib/warnings.js';
import { SetClock } from '../../support/clock.js';
import { HAS_OPENSSL, OpensslCa } from '../../support/openssl-ca.js';
import { tempDirectory } from '../../support/temp-directory.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function fixture() {
  const directory = tempDirectory();
  const ca = new OpensslCa(directory);
  const clock = new SetClock();
  const pass = (ms: number) => {
    clock.wallNs += BigInt(ms) * 1_000_000n;
    clock.elapsedMs += ms;
  };
  clock.wallNs = BigInt(Date.now()) * 1_000_000n;
  const warnings: WarningFields[] = [];
  // The timer never runs in the time of a test: the test decides when the files are looked at.
  const contexts = new TlsContexts({ warn: (fields) => warnings.push(fields), clock, checkEveryMs: HOUR_MS });
  return { directory, ca, contexts, warnings, pass };
}

/** A server that notes what it gets. */
function recordingServer() {
  const certificates: unknown[] = [];
  return { certificates, setSecureContext: ({ cert }: { cert?: unknown }) => void certificates.push(cert) };
}

describe.skipIf(!HAS_OPENSSL)('the files of a TLS server', () => {
  const until = (days: number) => ({ until: new Date(Date.now() + days * DAY_MS + HOUR_MS) });

  it.each([
    ['a missing file', ({ cert }: Files) => rmSync(cert), /server\.crt: found no file/],
    ['an empty file', ({ cert }: Files) => writeFileSync(cert, '\n'), /server\.crt: found an empty file/],
    [
      'no PEM text',
      ({ cert }: Files) => writeFileSync(cert, 'hello'),
      /server\.crt: found no PEM text, expected the certificate/,
    ],
    [
      'a key in place of the certificate',
      ({ cert, key }: Files) => copyFileSync(key, cert),
      /server\.crt: found PEM text of the kind PRIVATE KEY, expected the certificate/,
    ],
    [
      'a certificate in place of the key',
      ({ cert, key }: Files) => writeFileSync(key, readFileSync(cert)),
      /server\.key: found PEM text of the kind CERTIFICATE, expected the private key/,
    ],
    [
      'the key of another certificate',
      ({ key, otherKey }: Files) => copyFileSync(otherKey, key),
      /server\.key: found the key of another certificate than server, expected the key of the first/,
    ],
    [
      'a key that others can read [security 45]',
      ({ key }: Files) => chmodSync(key, 0o644),
      /server\.key: found a file that other users can reach \(mode 0644\), expected .*; chmod 600 /,
    ],
    [
      'a server certificate as the CA of clients',
      ({ cert, ca }: Files) => copyFileSync(cert, ca),
      /test-ca\.crt: found the certificate server, which is not a CA/,
    ],
  ])(
    'with %s are refused with the file, what was found and what is expected',
    async (_, damage, expected) => {
      const { ca, contexts } = fixture();
      const files = ca.issue('server');
      damage({ ...files, ca: ca.cert, otherKey: ca.issue('other').key });
      const opened = contexts.open({ ...files, clientCa: ca.cert });
      await expect(opened).rejects.toMatchObject({
        code: 'TLS_FILES_INVALID',
        exitCode: 2,
        message: expect.stringMatching(expected),
      });
    },
  );

  it('are read again when one was replaced, and servers get the new certificate [security 16]', async () => {
    const { ca, contexts, warnings } = fixture();
    const files = ca.issue('server', until(60));
    const context = await contexts.open(files);
    const server = recordingServer();
    const end = context.serve(server);
    await contexts.check();
    expect(server.certificates).toEqual([]);

    const renewed = ca.issue('renewed', until(90));
    renameSync(renewed.key, files.key);
    // Between the two files the pair does not fit: the old certificate stays, without a warning.
    await contexts.check();
    expect([server.certificates, warnings]).toEqual([[], []]);
    renameSync(renewed.cert, files.cert);
    await contexts.check();
    expect(server.certificates).toEqual([context.options.cert]);

    end();
    ca.issue('server', until(60));
    await contexts.check();
    expect(server.certificates).toHaveLength(1);
  });

  it('are read again when Kubernetes replaces the directory behind a link', async () => {
    const { directory, ca, contexts } = fixture();
    const issued = { first: ca.issue('first', until(60)), second: ca.issue('second', until(60)) };
    for (const [name, { cert, key }] of Object.entries(issued)) {
      mkdirSync(join(directory, `..${name}`));
      copyFileSync(cert, join(directory, `..${name}`, 'tls.crt'));
      copyFileSync(key, join(directory, `..${name}`, 'tls.key'));
    }
    const data = join(directory, '..data');
    symlinkSync('..first', data);
    const context = await contexts.open({ cert: join(data, 'tls.crt'), key: join(data, 'tls.key') });
    const before = context.options.cert;
    symlinkSync('..second', join(directory, '..new'));
    renameSync(join(directory, '..new'), data);
    await contexts.check();
    expect(context.options.cert).not.toBe(before);
  });

  it('that are faulty after a change leave the old certificate in use, with one warning [security 16]', async () => {
    const { ca, contexts, warnings } = fixture();
    const files = ca.issue('server', until(60));
    const context = await contexts.open(files);
    const before = context.options;
    writeFileSync(files.cert, 'not a certificate');
    for (let i = 0; i < 4; i += 1) await contexts.check();
    expect(context.options).toEqual(before);
    expect(warnings).toEqual([
      { code: 'TLS_RELOAD_REFUSED', reason: expect.stringMatching(/server\.crt: found no PEM text/) },
    ]);
    ca.issue('server', until(60));
    await contexts.check();
    expect(context.options.cert).not.toBe(before.cert);
  });

  it('are warned of 30 days before they expire, once a day, and when they have expired [security 16]', async () => {
    const { ca, contexts, warnings, pass } = fixture();
    const files = ca.issue('server', until(31));
    await contexts.open(files);
    expect([warnings, contexts.notes()]).toEqual([[], []]);
    pass(2 * DAY_MS);
    for (let hour = 0; hour < 30; hour += 1) {
      await contexts.check();
      pass(HOUR_MS);
    }
    expect(warnings.map(({ code, detail }) => [code, detail])).toEqual([
      ['CERTIFICATE_EXPIRES', expect.stringMatching(/the certificate server in .* expires in 29 days/)],
      ['CERTIFICATE_EXPIRES', expect.stringMatching(/expires in 28 days/)],
    ]);
    pass(30 * DAY_MS);
    await contexts.check();
    expect(contexts.notes()).toEqual([
      expect.stringMatching(/server in .* has expired at .*: clients refuse/),
    ]);
    expect(warnings).toHaveLength(3);

    ca.issue('server', until(90));
    await contexts.check();
    expect(contexts.notes()).toEqual([]);
  });

  it('give new keys for session tickets every 12 hours', async () => {
    const { ca, contexts, pass } = fixture();
    const server = recordingServer();
    (await contexts.open(ca.issue('server', until(60)))).serve(server);
    pass(11 * HOUR_MS);
    await contexts.check();
    expect(server.certificates).toHaveLength(0);
    pass(HOUR_MS);
    await contexts.check();
    expect(server.certificates).toHaveLength(1);
  });

  it('that several servers share are read and warned of once', async () => {
    const { ca, contexts, warnings } = fixture();
    const files = ca.issue('server', until(3));
    expect(await contexts.open({ ...files })).toBe(await contexts.open({ ...files }));
    await contexts.open({ ...files, clientCa: ca.cert });
    expect(warnings).toHaveLength(1);
    expect(contexts.notes()).toHaveLength(1);
  });
});

interface Files {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly otherKey: string;
}
