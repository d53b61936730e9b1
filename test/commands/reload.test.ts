// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reloadText } from '../../src/commands/reload.js';
import type { ReloadDone, ReloadResult } from '../../src/config/reload-result.js';
import { serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { SluiceError } from '../../src/lib/errors.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const DONE: ReloadDone = {
  outcome: 'applied',
  file: '/etc/sluice/sluice.yaml',
  changes: {
    rules: { added: ['a', 'b'], removed: ['c'], changed: ['d'], reordered: true },
    settings: ['consumer.payload.maxDepth'],
    needRestart: ['http.port'],
  },
};

/** A configuration whose data directory is held by a gateway that answers so; without an answer no gateway runs. */
async function configWith(more: string, answer?: () => Promise<ReloadResult>): Promise<string> {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, `stream: { log: { directory: ./log } }\n${more}`);
  if (answer === undefined) return file;
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  lock.onConnection((connection) => serveCommands(connection, { ...NO_COMMANDS, reload: answer }));
  return file;
}

describe('sluice reload', () => {
  it('prints what the gateway has changed', async () => {
    const file = await configWith('', async () => DONE);
    expect(await runMain('reload', '-c', file)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `reloaded
configuration  /etc/sluice/sluice.yaml
rules added    a, b
rules removed  c
rules changed  d
order of rules changed
settings       consumer.payload.maxDepth
needs restart  http.port
`,
    });
  });

  it('prints what has changed in the access file, and ends with 2 when it is not valid', async () => {
    const names = { added: ['meter-1'], removed: [], changed: ['meter-2'] };
    const roles = { added: [], removed: ['old'], changed: [] };
    const changes = { users: names, roles, sections: ['jwt'] };
    const applied = { ...DONE, access: { outcome: 'applied', file: 'access.yaml', changes } } as const;
    const { exitCode, stdout } = await runMain('reload', '-c', await configWith('', async () => applied));
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`access         access.yaml: reloaded
users added    meter-1
users changed  meter-2
roles removed  old
sections       jwt
reloaded
`);
    const problems = [{ file: 'access.yaml', line: 3, column: 1, key: 'users.a', expected: 'a role' }];
    const refused = { ...DONE, access: { outcome: 'invalid', file: 'access.yaml', problems } } as const;
    const invalid = await runMain('reload', '-c', await configWith('', async () => refused));
    expect(invalid.exitCode).toBe(2);
    expect(invalid.stderr).toBe(
      'access.yaml:3:1: users.a: expected a role\nthe access rules were not changed: the old ones stay in force\n',
    );
  });

  it('prints the answer as JSON', async () => {
    const file = await configWith('', async () => DONE);
    const { exitCode, stdout } = await runMain('reload', '-c', file, '--json');
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, DONE]);
  });

  it('ends with 2 and every problem when the gateway does not accept the configuration', async () => {
    const file = await configWith('', async () => ({
      outcome: 'invalid',
      file: 'sluice.yaml',
      code: 'CONFIG_INVALID',
      problems: [
        { file: 'sluice.yaml', line: 3, key: 'rules[0].topic', got: '"a/#/b"', expected: 'a filter' },
      ],
    }));
    const { exitCode, stdout, stderr } = await runMain('reload', '-c', file);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('sluice.yaml:3: rules[0].topic: got "a/#/b", expected a filter\n');
    expect(stderr).toContain('nothing was changed');
  });

  it('ends with 1 when the gateway refuses, and when none runs', async () => {
    const busy = await configWith('', () =>
      Promise.reject(new SluiceError('RELOAD_BUSY', 'another one runs')),
    );
    expect(await runMain('reload', '-c', busy)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('another one runs') as string,
    });
    expect(await runMain('reload', '-c', await configWith(''))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no gateway runs on') as string,
    });
  });

  it('asks the gateway also without the variables that the gateway was started with', async () => {
    const sink =
      'sink: { influx: { url: "http://127.0.0.1:8086", org: o, bucket: b, token: "${NOT_SET_HERE}" } }';
    expect((await runMain('reload', '-c', await configWith(sink, async () => DONE))).exitCode).toBe(0);
    const alone = await runMain('reload', '-c', await configWith(sink));
    expect(alone).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no gateway runs on') as string,
    });
  });

  it('ends with 2 when the file does not say which gateway is meant', async () => {
    const file = await configWith('rules: [', async () => DONE);
    expect(await runMain('reload', '-c', file)).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await runMain('reload', '-c', '/nowhere/sluice.yaml')).exitCode).toBe(2);
  });
});

it.each([
  ['unchanged', 'nothing to reload: the configuration has not changed'],
  ['restart-needed', 'nothing was reloaded: what has changed needs a restart'],
  ['no-consumer', 'nothing was reloaded: no consumer runs in this gateway, reload the consumers'],
] as const)('says of %s: %s', (outcome, text) => {
  expect(reloadText({ ...DONE, outcome }).split('\n')[0]).toBe(text);
});
