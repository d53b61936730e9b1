import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const ACCESS = `users:
  meter-17: { token: "sha256:${'a'.repeat(43)}", roles: [device] }
roles:
  device: { clientId: "{user}", publish: ["sensors/+/{user}/#"], subscribe: ["commands/{user}"] }
`;

function configWith(access: string | undefined, more = ''): string {
  const folder = tempDirectory();
  const file = join(folder, 'sluice.yaml');
  const key = access === undefined ? '' : ', access: access.yaml';
  writeFileSync(
    file,
    `broker: { listeners: [{ port: 0 }]${key} }\nhttp: false\nstream: { log: { directory: ./data/log } }\n${more}`,
  );
  if (access !== undefined) writeFileSync(join(folder, 'access.yaml'), access, { mode: 0o600 });
  return file;
}

describe('sluice check --as', () => {
  const ask = (...args: readonly string[]) => runMain('check', '-c', configWith(ACCESS), '--as', ...args);

  it('ends with 0 and the line that allows it [security 10]', async () => {
    const { exitCode, stdout } = await ask(
      'meter-17',
      '--client',
      'meter-17',
      '--publish',
      'sensors/a/meter-17/t',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^allowed\n.*access\.yaml:4: roles\.device\.publish\[0\] sensors\/\+\/\{user\}\/#\n$/,
    );
  });

  it('ends with 1 and what the user has when it is denied [security 10]', async () => {
    const { exitCode, stdout } = await ask('meter-17', '--subscribe', 'commands/#');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^denied\nthe user "meter-17" may not subscribe to "commands\/#"\nwhat the user has:\n {2}.*access\.yaml:4: roles\.device\.subscribe\[0\] commands\/\{user\}\n$/,
    );
    expect((await ask('meter-17', '--client', 'other', '--publish', 'sensors/a/meter-17/t')).exitCode).toBe(
      1,
    );
    expect((await ask('meter-7', '--publish', 'a')).stdout).toContain('did you mean "meter-17"?');
  });

  it.each([
    ['without a question', ['meter-17'], 'either --publish TOPIC or --subscribe FILTER'],
    [
      'with two',
      ['meter-17', '--publish', 'a', '--subscribe', 'a'],
      'either --publish TOPIC or --subscribe FILTER',
    ],
  ])('is not understood %s', async (_, args, sentence) => {
    const { exitCode, stderr } = await ask(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(sentence);
  });

  it('needs an access file, and one without problems', async () => {
    const without = await runMain('check', '-c', configWith(undefined), '--as', 'a', '--publish', 'b');
    expect([without.exitCode, without.stderr]).toEqual([
      2,
      expect.stringContaining('--as needs broker.access'),
    ]);
    const faulty = configWith(ACCESS.replace('[device]', '[devce]'));
    const { exitCode, stderr } = await runMain('check', '-c', faulty, '--as', 'meter-17', '--publish', 'b');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean "device"?');
    expect((await runMain('check', '-c', faulty, '--client', 'a')).stderr).toContain('--client needs --as');
  });
});

describe('sluice check', () => {
  it('reports what is wrong with the access file together with the configuration', async () => {
    const file = configWith(ACCESS.replace('[device]', '[devce]'), 'brokr: {}\n');
    const { exitCode, stderr } = await runMain('check', '-c', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('sluice.yaml:4:1: brokr: got an unknown key');
    expect(stderr).toMatch(/access\.yaml:2:\d+: users\.meter-17\.roles\[0\]: got "devce"/);
  });

  it('warns of rules that are hardly meant, and of sections that no listener gives anything to', async () => {
    const access = `${ACCESS.replace('"sensors/+/{user}/#"', '"#"')}mtls: {}\n`;
    const { exitCode, stdout, stderr } = await runMain('check', '-c', configWith(access));
    expect([exitCode, stdout.slice(0, 3)]).toEqual([0, 'ok\n']);
    expect(stderr).toContain('roles.device.publish[0]: got "#", expected a narrower filter');
    expect(stderr).toContain('expected a listener with tls.clientCa');
  });
});
