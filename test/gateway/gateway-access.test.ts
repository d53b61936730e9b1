import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Grant } from '../../src/access/grant.js';
import { ConfigError } from '../../src/config/problem.js';
import { GatewayAccess } from '../../src/gateway/gateway-access.js';
import { SystemClock } from '../../src/lib/clock.js';
import { tempDirectory } from '../support/temp-directory.js';

const HASH = `sha256:${'a'.repeat(43)}`;
const file = (publish: string, more = '') =>
  `users: { dev1: { token: "${HASH}", roles: [device] } }\nroles: { device: { publish: ["${publish}"] } }\n${more}`;

const FAULTY = file('a').replace('roles: [device]', 'roles: [devce]');

/** An access file in a folder, and a gateway that looks at it when the test says so. */
async function setUp(content = file('a')) {
  const folder = tempDirectory();
  const path = join(folder, 'access.yaml');
  write(path, content);
  const lines: { readonly level: string; readonly fields: Record<string, unknown> }[] = [];
  const log = (level: string) => (fields: object) => {
    lines.push({ level, fields: fields as Record<string, unknown> });
  };
  const access = await GatewayAccess.open(
    { file: path, lookEveryMs: 0 },
    { clock: new SystemClock(), logger: { info: log('info'), warn: log('warn') } },
  );
  onTestFinished(() => access.close());
  const isAllowed = (topic: string) => {
    const identity = { user: 'dev1', method: 'token', roles: [], secretHash: HASH } as const;
    return (access.access.grantOf(identity, { clientId: 'c', remoteAddress: '' }) as Grant).mayPublish(topic);
  };
  return { folder, path, access, lines, isAllowed };
}

function write(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
}

/** A file is read at the second look that finds it the same. */
async function lookTwice(access: GatewayAccess): Promise<void> {
  await access.look();
  await access.look();
}

describe('the access file of a running gateway', () => {
  it('is read again when it was written, and raises the generation', async () => {
    const { path, access, isAllowed, lines } = await setUp();
    const replaced: number[] = [];
    access.onReplaced(() => replaced.push(access.access.generation));
    const before = access.access.generation;
    expect([isAllowed('a'), isAllowed('bb')]).toEqual([true, false]);
    write(path, file('bb'));
    await lookTwice(access);
    expect([isAllowed('a'), isAllowed('bb')]).toEqual([false, true]);
    expect(replaced).toEqual([before + 1]);
    expect(lines).toEqual([
      {
        level: 'info',
        fields: expect.objectContaining({ roles: { added: 0, removed: 0, changed: 1 } }),
      },
    ]);
    await lookTwice(access);
    expect(replaced).toHaveLength(1);
  });

  it('is read only when it was the same at two looks: it may be written right now', async () => {
    const { path, access, isAllowed } = await setUp();
    write(path, file('bb'));
    await access.look();
    expect(isAllowed('bb')).toBe(false);
    write(path, file('ccc'));
    await access.look();
    expect(isAllowed('bb')).toBe(false);
    await access.look();
    expect(isAllowed('ccc')).toBe(true);
  });

  it('is read again when an editor has put another file in its place', async () => {
    const { folder, path, access, isAllowed } = await setUp();
    write(join(folder, 'new'), file('b'));
    renameSync(join(folder, 'new'), path);
    await lookTwice(access);
    expect(isAllowed('b')).toBe(true);
  });

  it('is read again when Kubernetes has exchanged the folder behind its link', async () => {
    const { folder, path, access, isAllowed } = await setUp();
    write(join(folder, 'first.yaml'), file('b'));
    write(join(folder, 'second.yaml'), file('c'));
    const link = (target: string) => {
      symlinkSync(join(folder, target), join(folder, 'link'));
      renameSync(join(folder, 'link'), path);
    };
    link('first.yaml');
    await lookTwice(access);
    expect(isAllowed('b')).toBe(true);
    link('second.yaml');
    await lookTwice(access);
    expect([isAllowed('b'), isAllowed('c')]).toEqual([false, true]);
  });

  it('keeps the old rules while it is faulty or gone, and says so until it is valid again', async () => {
    const { path, access, isAllowed, lines } = await setUp();
    write(path, FAULTY);
    await lookTwice(access);
    await lookTwice(access);
    expect(isAllowed('a')).toBe(true);
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: {
          code: 'ACCESS_RELOAD_REFUSED',
          file: path,
          problems: [expect.stringContaining('did you mean "device"?')],
        },
      },
    ]);
    expect(access.notes()).toEqual([expect.stringContaining(`the old rules are in force: ${path}:1:`)]);

    unlinkSync(path);
    await lookTwice(access);
    expect([isAllowed('a'), lines.length]).toEqual([true, 2]);
    expect(access.notes()).toEqual([expect.stringContaining('no file is there')]);

    write(path, file('b'));
    await lookTwice(access);
    expect([isAllowed('a'), isAllowed('b'), access.notes()]).toEqual([false, true, []]);
  });

  it('ends the permissions of a user that was removed', async () => {
    const { path, access } = await setUp();
    write(path, 'users: {}\n');
    await access.reload();
    const identity = { user: 'dev1', method: 'token', roles: [], secretHash: HASH } as const;
    expect(access.access.grantOf(identity, { clientId: 'c', remoteAddress: '' })).toMatchObject({
      reason: 'credential-wrong',
    });
  });

  it('is reloaded at a word, and says what has changed, by name and without secrets', async () => {
    const { path, access } = await setUp();
    expect(await access.reload()).toEqual({ outcome: 'unchanged', file: path });
    write(path, `# a line more\n${file('a')}`);
    expect(await access.reload()).toEqual({ outcome: 'unchanged', file: path });
    const other = `sha256:${'b'.repeat(43)}`;
    write(
      path,
      `users: { dev1: { token: "${other}" }, dev2: {} }\nroles: { viewer: { subscribe: "#" } }\nmtls: {}\n`,
    );
    const answer = await access.reload();
    expect(answer).toEqual({
      outcome: 'applied',
      file: path,
      changes: {
        users: { added: ['dev2'], removed: [], changed: ['dev1'] },
        roles: { added: ['viewer'], removed: ['device'], changed: [] },
        sections: ['mtls'],
      },
    });
    expect(JSON.stringify(answer)).not.toContain('sha256');
    write(path, FAULTY);
    expect(await access.reload()).toMatchObject({ outcome: 'invalid', problems: [{ line: 1 }] });
  });

  it('must be valid at the start', async () => {
    await expect(setUp(FAULTY)).rejects.toThrow(ConfigError);
  });

  it('warns at the start of rules that are hardly meant', async () => {
    const { lines } = await setUp(file('#'));
    expect(lines).toEqual([
      { level: 'warn', fields: expect.objectContaining({ code: 'ACCESS_RULES_OPEN' }) },
    ]);
  });

  it('may be absent: then nothing is read and everybody is allowed', async () => {
    const clock = new SystemClock();
    const logger = { info: () => undefined, warn: () => undefined };
    const access = await GatewayAccess.open({}, { clock, logger });
    onTestFinished(() => access.close());
    expect([access.rules, await access.reload(), access.notes()]).toEqual([undefined, undefined, []]);
  });
});
