import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tokenHash } from '../../src/access/access-token.js';
import { CredentialAuthenticator } from '../../src/access/credential-authenticator.js';
import { loadAccessFile } from '../../src/config/access/load-access-file.js';
import { SetClock } from '../support/clock.js';
import { tempDirectory } from '../support/temp-directory.js';
import { type Outcome, runMain } from './run-main.js';

const PASSWORD = 'correct horse battery';
/** From `mosquitto_passwd` 2.0.11: the password is "correct horse". */
const MOSQUITTO =
  'anna:$7$101$eW2cWCi8YQNz7NKf$Z28NAE0SR1ABBphZ78IhydaUBphlYR8G6fQAmhMl91aY6cC/2/epsMoShIDk4vUK/CQs0830VeUhnz2Wwy8ZEQ==';

let directory = '';
let config = '';
let access = '';

beforeEach(() => {
  directory = tempDirectory();
  config = join(directory, 'sluice.yaml');
  access = join(directory, 'access.yaml');
  writeFileSync(config, 'broker: { access: ./access.yaml }\n');
});

afterEach(() => {
  vi.restoreAllMocks();
});

const users = (...args: readonly string[]): Promise<Outcome> => runMain('users', ...args, '-c', config);

/** What a script pipes into the command. */
function typed(text: string): void {
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([text]) as unknown as typeof process.stdin);
}

function rules() {
  const loaded = loadAccessFile(access);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.rules;
}

async function signIn(userName: string, password: string): Promise<string> {
  const authenticator = new CredentialAuthenticator({ clock: new SetClock(), warn: () => undefined });
  const credential = { userName, password: Buffer.from(password) };
  try {
    return (
      await authenticator.signIn(credential, { remoteAddress: '192.0.2.1', isEncrypted: true }, rules())
    ).kind;
  } finally {
    await authenticator.close();
  }
}

describe('sluice users', () => {
  it('adds a user with a token, which is all of stdout, and shown nowhere else [security 45]', async () => {
    const { exitCode, stdout, stderr } = await users('add', 'meter-17', '--role', 'device');
    expect(exitCode).toBe(0);
    const token = stdout.trim();
    expect(stdout).toMatch(/^sluice_[\w-]{43}\n$/);
    expect(await signIn('meter-17', token)).toBe('granted');
    expect(stderr).not.toContain(token);
    expect(readFileSync(access, 'utf8')).not.toContain(token);
    expect(readFileSync(access, 'utf8')).toContain(tokenHash(token));
    expect(statSync(access).mode & 0o777).toBe(0o600);
    expect(stderr).toContain('-u meter-17 -P "$TOKEN" -i meter-17 -q 1 -t sensors/test/meter-17/test');
  });

  it('says what to add to a configuration without an access file', async () => {
    writeFileSync(config, '');
    const { exitCode, stderr } = await users('add', 'meter-17', '--role', 'device');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('broker:\n    access: ./access.yaml');
    expect(rules().users.has('meter-17')).toBe(true);
  });

  it('reads a password from stdin, which nothing repeats [security 45]', async () => {
    typed(`${PASSWORD}\n`);
    const { exitCode, stdout, stderr } = await users('add', 'anna', '--role', 'operator', '--password-stdin');
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).not.toContain(PASSWORD);
    expect(readFileSync(access, 'utf8')).not.toContain(PASSWORD);
    expect(await signIn('anna', PASSWORD)).toBe('granted');
    expect(await signIn('anna', `${PASSWORD}\n`)).toBe('refused');
  });

  it.each([
    ['short', 'at least 8 characters'],
    ['two lines\nof it', 'one line'],
    ['x'.repeat(2_000), 'at most 1024 bytes'],
    ['', 'at least 8 characters'],
  ])('refuses the password %j', async (password, reason) => {
    typed(password);
    const { exitCode, stderr } = await users('add', 'anna', '--role', 'operator', '--password-stdin');
    expect(exitCode).toBe(2);
    expect(stderr).toContain(reason);
  });

  it.each([
    [['--password', 'hunter2-secret']],
    [['--password=hunter2-secret']],
    [['--token', 'hunter2-secret']],
    [['--token=hunter2-secret']],
  ])('refuses a secret in the arguments %j, and does not repeat it [security 45]', async (args) => {
    for (const command of ['add', 'rotate']) {
      const role = command === 'add' ? ['--role', 'device'] : [];
      const { exitCode, stdout, stderr } = await users(command, 'anna', ...role, ...args);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('visible to every user of this machine');
      expect(stdout + stderr).not.toContain('hunter2');
    }
  });

  it.each([
    [['add', 'anna'], '--role is needed'],
    [['add', 'anna', '--role', 'operater'], 'did you mean operator'],
    [['remove', 'anna'], 'there is no user anna'],
    [['add', 'a\nb', '--role', 'device'], 'control characters'],
    [['add', 'anna', '--role', 'device', '--client-id', '*'], 'wildcard'],
  ])('refuses %j', async (args, reason) => {
    await users('add', 'other', '--role', 'device');
    const before = readFileSync(access, 'utf8');
    const { exitCode, stderr } = await users(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(reason);
    expect(readFileSync(access, 'utf8')).toBe(before);
  });

  it('does not replace a user who is there', async () => {
    const first = await users('add', 'meter-17', '--role', 'device');
    const { exitCode, stdout, stderr } = await users('add', 'meter-17', '--role', 'device');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('users rotate');
    expect(await signIn('meter-17', first.stdout.trim())).toBe('granted');
  });

  it('gives a user another secret, disables, enables and removes it', async () => {
    const first = (await users('add', 'meter-17', '--role', 'device')).stdout.trim();
    const second = (await users('rotate', 'meter-17')).stdout.trim();
    expect(await signIn('meter-17', first)).toBe('refused');
    expect(await signIn('meter-17', second)).toBe('granted');
    await users('disable', 'meter-17');
    expect(await signIn('meter-17', second)).toBe('refused');
    await users('enable', 'meter-17');
    expect(await signIn('meter-17', second)).toBe('granted');
    typed(PASSWORD);
    await users('rotate', 'meter-17', '--password-stdin');
    expect(await signIn('meter-17', PASSWORD)).toBe('granted');
    expect(await signIn('meter-17', second)).toBe('refused');
    await users('remove', 'meter-17');
    expect([...rules().users.keys()]).toEqual([]);
  });

  it('lists users without their hashes [security 45]', async () => {
    await users('add', 'meter-17', '--role', 'device', '--client-id', 'meter-17');
    typed(PASSWORD);
    await users('add', 'anna', '--role', 'operator', '--role', 'viewer', '--password-stdin');
    await users('disable', 'anna');
    const { stdout } = await users('list');
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      'meter-17  token     device            meter-17',
      'anna      password  operator, viewer  any of its roles  disabled',
    ]);
    const json = await users('list', '--json');
    expect(JSON.parse(json.stdout)).toEqual([
      { name: 'meter-17', secret: 'token', roles: ['device'], clientId: 'meter-17', disabled: false },
      { name: 'anna', secret: 'password', roles: ['operator', 'viewer'], disabled: true },
    ]);
    for (const hash of ['sha256', '$scrypt']) expect(stdout + json.stdout).not.toContain(hash);
  });

  it('imports the users of Mosquitto, whose passwords go on working', async () => {
    const passwords = join(directory, 'passwd');
    const acl = join(directory, 'acl');
    writeFileSync(passwords, `${MOSQUITTO}\nold:$6$c2FsdA==$aGFzaA==\n`);
    writeFileSync(
      acl,
      'user anna\ntopic write up/anna/#\ntopic deny secret/#\ntopic secret/x\nuser ghost\ntopic a\n',
    );
    const args = ['import', '--mosquitto-passwords', passwords, '--mosquitto-acl', acl];
    const tried = await users(...args, '--dry-run');
    expect(tried.stderr).toContain('would be imported');
    expect(() => readFileSync(access)).toThrow('ENOENT');
    const { exitCode, stderr } = await users(...args);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('passwd:2: imported without a secret');
    expect(stderr).toContain('acl:4: not imported: line 3 denies a part of it');
    expect(stderr).toContain('acl:5: not imported: no password of the user ghost');
    expect(stderr).toContain('old: has no role');
    expect(await signIn('anna', 'correct horse')).toBe('granted');
    expect(await signIn('anna', 'wrong horse')).toBe('refused');
    expect(rules().roles.get('mosquitto-1')).toMatchObject({
      subscribe: [],
      publish: [{ filter: 'up/{user}/#' }],
    });
    expect(rules().users.get('old')).toMatchObject({ roles: [], secret: undefined });
    const again = await users(...args);
    expect(again.stderr).toContain('anna: not imported: the access file has a user of this name');
  });

  it('does not import users without saying what they may do', async () => {
    const passwords = join(directory, 'passwd');
    writeFileSync(passwords, `${MOSQUITTO}\n`);
    const { exitCode, stderr } = await users('import', '--mosquitto-passwords', passwords);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--mosquitto-acl or --role is needed');
    const done = await users('import', '--mosquitto-passwords', passwords, '--role', 'viewer');
    expect(done.exitCode).toBe(0);
    expect(rules().users.get('anna')?.roles).toEqual(['viewer']);
  });
});
