import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideAccess } from '../../../src/access/decide-access.js';
import { loadAccessFile, parseAccess } from '../../../src/config/access/load-access-file.js';
import { formatProblem } from '../../../src/config/problem.js';

const TOKEN = `sha256:${'a'.repeat(43)}`;
const PASSWORD = `$scrypt$ln=15,r=8,p=1$${'s'.repeat(22)}$${'h'.repeat(43)}`;

function parse(text: string) {
  return parseAccess(text, '/etc/sluice/access.yaml', 'access.yaml');
}

function problemsOf(text: string): string[] {
  const parsed = parse(text);
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}

function rulesOf(text: string) {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.rules;
}

describe('an access file', () => {
  it('becomes rules with their lines', () => {
    const rules = rulesOf(`# devices
users:
  meter-17: { token: "${TOKEN}", roles: [device] }
  nodered:
    password: "${PASSWORD}"
    roles: viewer
    clientId: "nodered-+"
    disabled: true
jwt:  { jwks: ./jwks.json, algorithms: [ES256, EdDSA], issuer: x, audience: sluice, roles: [device] }
mtls: { user: san, roles: [device], crl: /etc/crl.pem }
roles:
  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"] }
  viewer:
    subscribe:
      - sensors/#
      - "{client}/cmd"
    http: read
`);
    expect(rules.file).toBe('access.yaml');
    expect([...rules.users.values()]).toEqual([
      {
        name: 'meter-17',
        secret: { kind: 'token', hash: TOKEN },
        roles: ['device'],
        clientId: undefined,
        isDisabled: false,
        line: 3,
      },
      {
        name: 'nodered',
        secret: { kind: 'password', hash: PASSWORD },
        roles: ['viewer'],
        clientId: 'nodered-+',
        isDisabled: true,
        line: 4,
      },
    ]);
    expect(rules.jwt).toEqual({
      jwksFile: '/etc/sluice/jwks.json',
      algorithms: ['ES256', 'EdDSA'],
      issuer: 'x',
      audience: 'sluice',
      userClaim: 'sub',
      roles: ['device'],
      line: 9,
    });
    expect(rules.mtls).toEqual({ user: 'san', roles: ['device'], crlFile: '/etc/crl.pem', line: 10 });
    expect(rules.roles.get('device')).toEqual({
      name: 'device',
      clientId: '{user}',
      publish: [{ filter: 'sensors/+/{user}/#', line: 12 }],
      subscribe: [],
      http: undefined,
      line: 12,
    });
    expect(rules.roles.get('viewer')).toMatchObject({
      subscribe: [
        { filter: 'sensors/#', line: 15 },
        { filter: '{client}/cmd', line: 16 },
      ],
      http: 'read',
    });
  });

  it('allows nobody anything when it is empty', () => {
    for (const text of ['', '# nothing yet\n', 'users:\nroles:\n']) {
      const rules = rulesOf(text);
      expect([rules.users.size, rules.roles.size, rules.jwt, rules.mtls]).toEqual([
        0,
        0,
        undefined,
        undefined,
      ]);
    }
  });

  it('keeps names as they are written, also those that YAML takes for numbers', () => {
    expect([...rulesOf('users: { 007: {}, 1e3: {}, 0x10: {} }').users.keys()]).toEqual([
      '007',
      '1e3',
      '0x10',
    ]);
  });

  const ROLES = 'roles: { device: { publish: ["a/{user}"] } }\n';

  it.each([
    [
      'an unknown section',
      'user: {}',
      'access.yaml:1:1: user: got an unknown key, expected the keys users, jwt, mtls, roles; did you mean "users"?',
    ],
    [
      'an unknown key of a user',
      'users: { a: { tokn: x } }',
      'access.yaml:1:15: users.a.tokn: got an unknown key, expected the keys token, password, roles, clientId, disabled; did you mean "token"?',
    ],
    ['an unknown key of a role', 'roles: { a: { subscibe: x } }', 'did you mean "subscribe"?'],
    ['a text as the file', 'hello', 'expected a section with the keys users and roles'],
    [
      'a role that is not there',
      `${ROLES}users:\n  a: { roles: [devce] }`,
      'access.yaml:3:16: users.a.roles[0]: got "devce", expected a role of the section roles; did you mean "device"?',
    ],
    [
      'a role that is not there, without brackets',
      `${ROLES}users:\n  a: { roles: devce }`,
      'users.a.roles: got "devce", expected a role of the section roles',
    ],
    [
      'a role of jwt that is not there',
      `${ROLES}jwt: { jwks: j, algorithms: ES256, roles: [x] }`,
      'access.yaml:2:44: jwt.roles[0]: got "x", expected a role of the section roles',
    ],
    ['a role of mtls that is not there', `${ROLES}mtls: { roles: [x] }`, 'mtls.roles[0]: got "x"'],
    [
      'a user a second time',
      `users:\n  a: {}\n  a: {}`,
      'access.yaml:3:3: users.a: got this key a second time, expected each key once; the first one is in line 2',
    ],
    [
      'two secrets',
      `users: { a: { token: "${TOKEN}", password: "${PASSWORD}" } }`,
      'users.a.password: got a password beside a token, expected either token or password',
    ],
    [
      'a user without a name',
      'users: { "": {} }',
      'got the name of a user, expected a name without control characters',
    ],
    [
      '# before the end',
      'roles: { a: { publish: ["a/#/b"] } }',
      'access.yaml:1:25: roles.a.publish[0]: got "a/#/b", expected a topic filter; wildcard not alone in its level, or # not last',
    ],
    [
      'a wildcard in a level',
      'roles: { a: { subscribe: "a/b+" } }',
      'roles.a.subscribe: got "a/b+", expected a topic filter',
    ],
    [
      'topics of the broker',
      'roles: { a: { subscribe: ["$SYS/broker/load/#"] } }',
      'expected a topic filter; filter reserved for the broker',
    ],
    [
      '{user} as a part of a level',
      'roles: { a: { publish: ["s/dev-{user}/#"] } }',
      'got "s/dev-{user}/#", expected {user} and {client} as whole levels; dev-{user} is more than {user}: put a / between them',
    ],
    ['{user} slipped', 'roles: { a: { publish: ["s/{usr}/#"] } }', 'did you mean "{user}"?'],
    [
      'an unknown placeholder',
      'roles: { a: { publish: ["s/{organisation}/#"] } }',
      '{organisation} stands for nothing',
    ],
    [
      'an empty list',
      'roles: { a: { publish: [] } }',
      'got an empty list, expected at least one entry, or no such key',
    ],
    [
      '* in a client id',
      'roles: { a: { clientId: "dev-*" } }',
      'got "dev-*", expected a client id in which {user} and + may stand for a part; the wildcard is +',
    ],
    ['{client} in a client id', 'users: { a: { clientId: "{client}" } }', '{client} stands for nothing'],
    ['a word of HTTP', 'roles: { a: { http: write } }', 'got "write", expected one of read, change'],
    [
      'a shared secret for JWT',
      'jwt: { jwks: j, algorithms: [HS256] }',
      'jwt.algorithms[0]: got "HS256", expected one of ES256',
    ],
    ['jwt without its keys', 'jwt: { algorithms: ES256 }', 'jwt.jwks: expected path; it is missing'],
    [
      'a number as a role',
      `${ROLES}users: { a: { roles: [7] } }`,
      'users.a.roles[0]: got 7, expected name of a role; write it in quotes',
    ],
  ])('has a problem, and only one, with %s', (_, text, line) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(line);
  });

  it.each([
    ['a token in clear text', 'users: { a: { token: "sluice_secret" } }', 'sluice_secret'],
    ['a password in clear text', 'users: { a: { password: "hunter2" } }', 'hunter2'],
    [
      'a hash that would cost minutes',
      `users: { a: { password: "${PASSWORD.replace('ln=15', 'ln=30')}" } }`,
      'ln=30',
    ],
  ])('never shows what is written as a secret: %s [security 45]', (_, text, secret) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('got a value that is not shown');
    expect(problems.join()).not.toContain(secret);
  });

  it('reports every problem at once, in the order of the file', () => {
    const problems = problemsOf(
      'users:\n  a: { roles: [x], clientId: "*" }\n  b: { tokn: 1 }\nroles:\n  r: { publish: "a#" }\n',
    );
    expect(problems.map((line) => line.split(':')[1])).toEqual(['2', '2', '3', '5']);
  });

  it.each([
    [
      'a role that may publish everywhere',
      'roles: { a: { publish: ["#"] } }',
      'access.yaml:1: roles.a.publish[0]: got "#", expected a narrower filter, unless the role may publish on every topic',
    ],
    ['a user without roles', `users: { a: { token: "${TOKEN}" } }`, 'users.a: got no roles'],
    [
      'a user without a secret',
      `${ROLES}users: { a: { roles: device } }`,
      'users.a: got neither, expected a token or a password',
    ],
    [
      'a name that cannot be a level',
      `${ROLES}users: { "a/b": { token: "${TOKEN}", roles: device } }`,
      'got a name that cannot stand for {user} in line 1',
    ],
  ])('warns of %s', (_, text, line) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    expect(parsed.warnings).toHaveLength(1);
    expect(formatProblem(parsed.warnings[0]!)).toContain(line);
  });
});

describe('the file on disk', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-access-'));
    path = join(folder, 'access.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function problems(): string[] {
    const loaded = loadAccessFile(path);
    return loaded.ok ? [] : loaded.problems.map(formatProblem);
  }

  it('must be out of reach for other users', () => {
    writeFileSync(path, 'users: {}\n', { mode: 0o600 });
    expect(problems()).toEqual([]);
    chmodSync(path, 0o640);
    expect(problems()).toEqual([]);
    chmodSync(path, 0o644);
    expect(problems()).toEqual([
      `${path}: got a file that other users can reach (mode 0644), expected a file for this user alone; chmod 600 ${path}`,
    ]);
    chmodSync(path, 0o660);
    expect(problems()).toHaveLength(1);
  });

  it('is a problem when it is missing, no text, or larger than any access file', () => {
    expect(problems()).toEqual([`${path}: expected an access file that can be read; no file is there`]);
    writeFileSync(path, Buffer.from([0xff, 0xfe]), { mode: 0o600 });
    expect(problems()).toEqual([expect.stringContaining('it is not UTF-8 text')]);
    writeFileSync(path, Buffer.alloc(32 * 2 ** 20 + 1, '#'), { mode: 0o600 });
    expect(problems()).toEqual([expect.stringContaining('got a file of more than 32 MiB')]);
  });

  it('names keys and revocation lists that can be read, beside the line that names them', () => {
    writeFileSync(path, 'jwt: { jwks: keys.json, algorithms: ES256 }\nmtls: { crl: crl.pem }\n', {
      mode: 0o600,
    });
    expect(problems()).toEqual([
      `${path}:1:8: jwt.jwks: got ${join(folder, 'keys.json')}, expected a file with a JSON Web Key Set; no file is there`,
      `${path}:2:9: mtls.crl: got ${join(folder, 'crl.pem')}, expected a file with a revocation list (PEM); no file is there`,
    ]);
    writeFileSync(join(folder, 'keys.json'), '{ "keys": [] }');
    writeFileSync(join(folder, 'crl.pem'), '-----BEGIN CERTIFICATE-----');
    expect(problems()).toEqual([
      expect.stringContaining('it is not a file with a JSON Web Key Set'),
      expect.stringContaining('it is not a file with a revocation list (PEM)'),
    ]);
    writeFileSync(join(folder, 'keys.json'), '{ "keys": [{ "kty": "EC" }] }');
    writeFileSync(join(folder, 'crl.pem'), '-----BEGIN X509 CRL-----');
    expect(problems()).toEqual([]);
  });
});

describe('docs/security.md', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8');
  const [, example = ''] = /```yaml\n(# access\.yaml, mode 0600\n[\s\S]*?)```/.exec(doc) ?? [];

  it('has an access file without problems', () => {
    const parsed = parse(example);
    if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
    expect(parsed.warnings).toEqual([]);
    expect(parsed.rules.users.size).toBe(3);
  });

  it('shows what `sluice check --as` says about it', () => {
    const asked = [
      ...doc.matchAll(/^\$ sluice check .*--as (\S+)(?: --client \S+)? --publish (\S+)\n((?:.+\n)+)/gm),
    ];
    expect(asked).toHaveLength(2);
    for (const [, user = '', topic = '', shown = ''] of asked) {
      const action = { kind: 'publish', topic } as const;
      const { isAllowed, reason, others } = decideAccess(rulesOf(example), {
        user,
        clientId: user,
        action,
        maxPacketBytes: 1_000,
      });
      const answer = [isAllowed ? 'allowed' : 'denied', reason];
      expect(
        shown
          .replace(/^```\n/m, '')
          .split('\n')
          .slice(0, 2),
      ).toEqual(answer);
      for (const line of others) expect(shown).toContain(`  ${line}\n`);
    }
  });
});
