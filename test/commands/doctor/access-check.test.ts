import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkAccessFile } from '../../../src/commands/doctor/access-check.js';
import { parseConfig } from '../../../src/config/load-config.js';
import { tempDirectory } from '../../support/temp-directory.js';

const ROLES = 'roles: { device: { publish: ["a/{user}"] } }\n';
const USER = `users: { dev1: { token: "sha256:${'a'.repeat(43)}", roles: [device] } }\n`;

function checked(access: string | undefined, more = '') {
  const folder = tempDirectory();
  if (access !== undefined) writeFileSync(join(folder, 'access.yaml'), access, { mode: 0o600 });
  const broker = access === undefined ? '{}' : `{ access: access.yaml${more} }`;
  const result = parseConfig(`broker: ${broker}\n`, 'sluice.yaml', folder, {});
  if (!result.ok) throw new Error('the configuration of the test is wrong');
  return checkAccessFile(result.loaded);
}

describe('the access file, for sluice doctor', () => {
  it('is counted when it is fine, and not there without the key', () => {
    expect(checked(USER + ROLES)).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('1 users, 1 roles'),
    });
    expect(checked(undefined)).toBeUndefined();
  });

  it('fails when it is not valid', () => {
    expect(checked(USER)).toMatchObject({
      name: 'access',
      state: 'fail',
      found: expect.stringContaining('"device"'),
    });
    expect(checked('usrs: 1\nrols: 1\n')?.found).toMatch(/did you mean "users"\? \(and 1 more\)$/);
  });

  it('is a warning when rules or listeners are open', () => {
    expect(checked(USER + ROLES.replace('a/{user}', '#'))).toMatchObject({ state: 'warn' });
    const plain = checked(USER + ROLES, ', listeners: [{ host: 0.0.0.0, allowPlain: true }]');
    expect(plain).toMatchObject({ state: 'warn', found: expect.stringContaining('a listener with TLS') });
  });
});
