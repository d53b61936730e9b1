import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newToken, tokenHash } from '../../../src/access/access-token.js';
import { editAccessFile } from '../../../src/config/access/edit-access-file.js';
import { loadAccessFile } from '../../../src/config/access/load-access-file.js';
import { tempDirectory } from '../../support/temp-directory.js';

const HASH = tokenHash(newToken());
const WRITTEN = `# Our devices.
roles:
  device: { publish: [ "sensors/{user}/#" ] } # one each
users:
  # In the cellar.
  meter-2: { token: ${HASH}, roles: [ device ] } # since May
  17:
    # A number as a name.
    token: ${HASH}
    roles: [ device ]
  meter-1: { roles: [ device ], clientId: meter-1 }
`;

function fileOf(text = WRITTEN): string {
  const path = join(tempDirectory(), 'access.yaml');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const secret = { kind: 'token', hash: tokenHash('another') } as const;

describe('editAccessFile', () => {
  it('keeps comments, order and everything that it does not change', async () => {
    const path = fileOf();
    await editAccessFile(path, (document) => {
      document.addUser({ name: 'meter-3', secret, roles: ['device'], clientId: 'meter-3' });
    });
    const added = `  meter-3: { token: ${secret.hash}, roles: [ device ], clientId: meter-3 }\n`;
    expect(readFileSync(path, 'utf8')).toBe(WRITTEN + added);
    await editAccessFile(path, (document) => document.removeUser('meter-3'));
    expect(readFileSync(path, 'utf8')).toBe(WRITTEN);
  });

  it('changes the secret of one user, also of a user whose name is a number', async () => {
    const path = fileOf();
    await editAccessFile(path, (document) => {
      document.setSecret('17', secret);
      document.setSecret('meter-1', {
        kind: 'password',
        hash: '$pbkdf2-sha512$i=101$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      });
      document.setDisabled('meter-2', true);
    });
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('# A number as a name.');
    const loaded = loadAccessFile(path);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const { users } = loaded.rules;
    expect([...users.keys()].sort()).toEqual(['17', 'meter-1', 'meter-2']);
    expect(users.get('17')!.secret).toEqual(secret);
    expect(users.get('meter-1')!.secret?.kind).toBe('password');
    expect(users.get('meter-2')!.isDisabled).toBe(true);
    await editAccessFile(path, (document) => document.setDisabled('meter-2', false));
    expect(readFileSync(path, 'utf8')).not.toContain('disabled');
  });

  it('makes a file that only its owner can reach', async () => {
    const path = join(tempDirectory(), 'access.yaml');
    const { existed } = await editAccessFile(path, (document) => {
      document.addUser({ name: 'meter-1', secret, roles: ['device'] });
    });
    expect(existed).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadAccessFile(path)).toMatchObject({ ok: true, warnings: [] });
  });

  it('keeps the mode of the group, with which the gateway may read it', async () => {
    const path = fileOf();
    chmodSync(path, 0o640);
    await editAccessFile(path, (document) => document.removeUser('17'));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('leaves a link a link', async () => {
    const path = fileOf();
    const link = join(tempDirectory(), 'link.yaml');
    symlinkSync(path, link);
    await editAccessFile(link, (document) => document.removeUser('17'));
    expect(readFileSync(path, 'utf8')).not.toContain('17:');
    expect(readFileSync(link, 'utf8')).toBe(readFileSync(path, 'utf8'));
  });

  it.each([
    ['is not YAML', 'users: [', /access\.yaml/],
    ['has an unknown key', `${WRITTEN}user: {}\n`, /user/],
    ['names a role that is not there', WRITTEN.replace('device: {', 'devices: {'), /device/],
  ])('refuses a file that %s', async (_what, text, message) => {
    const path = fileOf(text);
    const edit = editAccessFile(path, (document) => document.removeUser('17'));
    await expect(edit).rejects.toThrow(message);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('refuses a file that others can read [security 45]', async () => {
    const path = fileOf();
    chmodSync(path, 0o644);
    await expect(editAccessFile(path, (document) => document.removeUser('17'))).rejects.toThrow('chmod 600');
  });

  it('refuses a change that makes the file invalid', async () => {
    const path = fileOf();
    const edit = editAccessFile(path, (document) => document.addUser({ name: 'x', roles: ['missing'] }));
    await expect(edit).rejects.toThrow('roles');
    expect(readFileSync(path, 'utf8')).toBe(WRITTEN);
  });

  it('lets those who edit at once do it one after the other', async () => {
    const path = fileOf();
    const names = Array.from({ length: 8 }, (_, index) => `new-${index}`);
    await Promise.all(
      names.map((name) => editAccessFile(path, (document) => document.addUser({ name, roles: ['device'] }))),
    );
    const loaded = loadAccessFile(path);
    expect(loaded.ok && names.every((name) => loaded.rules.users.has(name))).toBe(true);
  });

  it('writes nothing when an editor has changed the file meanwhile', async () => {
    const path = fileOf();
    const changed = `${WRITTEN}# by hand\n`;
    const edit = editAccessFile(path, (document) => {
      document.removeUser('17');
      writeFileSync(path, changed);
    });
    await expect(edit).rejects.toThrow('changed meanwhile');
    expect(readFileSync(path, 'utf8')).toBe(changed);
  });
});

it('a user whose name is a number is the one that was written so', async () => {
  const path = join(tempDirectory(), 'access.yaml');
  writeFileSync(path, 'users:\n  17: {}\n  0017: {}\n', { mode: 0o600 });
  await editAccessFile(path, (document) => document.removeUser('0017'));
  expect(readFileSync(path, 'utf8')).toBe('users:\n  17: {}\n');
});
