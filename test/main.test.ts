import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../src/commands/program.js';
import { runMain } from './commands/run-main.js';
import { linkProductionDependencies } from './support/production-dependencies.js';
import { tempDirectory } from './support/temp-directory.js';

const ROOT = join(import.meta.dirname, '..');

function sluice(root: string, args: readonly string[], options: { cwd?: string; input?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'sluice.js'), ...args], {
    encoding: 'utf8',
    cwd: options.cwd ?? tempDirectory(),
    input: options.input ?? '',
  });
  return { status, stdout, stderr };
}

describe('the launcher', () => {
  test.each([
    [['--help'], 0],
    [['--version'], 0],
    [['check', '-c', '/nowhere.yaml'], 2],
    [['fly'], 2],
  ])('%j ends with exit code %d', (args, status) => {
    expect(sluice(ROOT, args).status).toBe(status);
  });

  test('builds in a fresh clone with production dependencies only, and again what has changed since', () => {
    const clone = tempDirectory();
    for (const name of ['bin', 'src', 'simulators', 'package.json']) {
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    }
    linkProductionDependencies(clone);
    expect(sluice(clone, ['--version'])).toMatchObject({ status: 0, stdout: '0.1.0\n', stderr: '' });
    const output = join(clone, 'dist', 'src', 'main.js');
    const firstBuilt = statSync(output).mtimeMs;
    expect(sluice(clone, ['--version']).status).toBe(0);
    expect(statSync(output).mtimeMs).toBe(firstBuilt);

    writeFileSync(
      join(clone, 'src', 'main.ts'),
      'export async function runProcess() { console.log("new"); }',
    );
    expect(sluice(clone, ['--version'])).toMatchObject({ status: 0, stdout: 'new\n' });
    rmSync(join(clone, 'src', 'commands', 'check.ts'));
    expect(sluice(clone, []).status).toBe(0);
    expect(existsSync(join(clone, 'dist', 'src', 'commands', 'check.js'))).toBe(false);
  });

  test('names the line of a source that cannot be built', () => {
    const clone = tempDirectory();
    for (const name of ['bin', 'package.json'])
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    linkProductionDependencies(clone);
    mkdirSync(join(clone, 'src'));
    writeFileSync(join(clone, 'src', 'main.ts'), '\nconst x: = 3;\n');
    const { status, stderr } = sluice(clone, []);
    expect(status).toBe(1);
    expect(stderr).toContain('src/main.ts:2 cannot be built');
  });

  test('says what to run when a clone has no dependencies', () => {
    const clone = tempDirectory();
    for (const name of ['bin', 'src']) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    const { status, stderr } = sluice(clone, ['--help']);
    expect(status).toBe(1);
    expect(stderr).toContain('run npm ci');
  });

  test('says what to do when neither sources nor a build are there', () => {
    const folder = tempDirectory();
    cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
    const { status, stderr } = sluice(folder, ['--help']);
    expect(status).toBe(1);
    expect(stderr).toContain('Install it again');
  });

  test('takes a payload from stdin, and ./sluice.yaml without being named', () => {
    const cwd = tempDirectory();
    writeFileSync(
      join(cwd, 'sluice.yaml'),
      'rules: [{ name: mine, topic: "#", measurement: m, fields: { v: payload.v } }]',
    );
    const args = ['explain', '--topic', 'a/b', '--payload', '-', '--received-at', '2026-03-01T12:00:00Z'];
    const { status, stdout } = sluice(ROOT, args, { cwd, input: '{"v": 7}' });
    expect(status).toBe(0);
    expect(stdout).toContain('m v=7 1772366400000000000');
  });
});

describe('wrong usage is exit code 2, with words on stderr and nothing on stdout', () => {
  test.each([
    [[], 'Usage: sluice'],
    [['fly'], "unknown command 'fly'"],
    [['start', '--fast'], "unknown option '--fast'"],
    [['strat'], 'Did you mean start?'],
    [['start', 'now'], 'too many arguments'],
    [['explain', '--topic', 'a', '--payload', '{}', '--qos', '3'], 'Expected 0, 1 or 2'],
    [['demo', '--mqtt-port', '70000'], 'Expected a whole number, 0 to 65535'],
    [['demo', '--devices', '0'], 'Expected a whole number, 1 to'],
    [['demo', '--rate', '-1'], 'Expected a number above 0'],
    [['dead-letters'], 'Usage: sluice dead-letters'],
    [['dead-letters', 'list', '--code', 'nonsense'], 'Allowed choices are packet-too-large'],
    [['dead-letters', 'list', '--limit', 'x'], 'Expected a whole number'],
    [['dead-letters', 'show'], "missing required argument 'id'"],
    [['start', '-c', '/nowhere/sluice.yaml'], '/nowhere/sluice.yaml: expected a file that can be read'],
  ])('%j', async (args, words) => {
    const { exitCode, stdout, stderr } = await runMain(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(words);
    expect(stdout).toBe('');
  });
});

describe('help', () => {
  const commands = [
    [],
    ['start'],
    ['demo'],
    ['check'],
    ['doctor'],
    ['reload'],
    ['explain'],
    ['suggest'],
    ['profiles'],
    ['profiles', 'list'],
    ['profiles', 'show'],
    ['dashboard'],
    ['dead-letters'],
    ['dead-letters', 'list'],
    ['dead-letters', 'show'],
    ['dead-letters', 'replay'],
    ['dead-letters', 'purge'],
    ['stream'],
    ['stream', 'create'],
    ['stream', 'describe'],
    ['stream', 'delete'],
    ['windows'],
    ['windows', 'list'],
    ['windows', 'rebuild'],
    ['query'],
    ['export'],
    ['store'],
    ['store', 'prepare'],
    ['store', 'retype'],
    ['store', 'drop-field'],
    ['users'],
    ['users', 'add'],
    ['users', 'rotate'],
    ['users', 'remove'],
    ['users', 'disable'],
    ['users', 'enable'],
    ['users', 'list'],
    ['users', 'import'],
    ['certificates'],
    ['certificates', 'init'],
    ['certificates', 'renew'],
    ['certificates', 'client'],
  ];

  test.each(commands.map((command) => [command]))('of %j has examples and exit codes', async (command) => {
    const { exitCode, stdout, stderr } = await runMain(...command, '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${['sluice', ...command].join(' ')}`);
    expect(stdout).toMatch(/Examples:\n {2}\$ npx sluice /);
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}success\n {2}1 {2}.*\n {2}2 {2}/);
  });

  test('is there for every command there is', () => {
    const names = (program: ReturnType<typeof buildProgram>, path: string[] = []): string[][] => [
      path,
      ...program.commands.flatMap((command) => names(command, [...path, command.name()])),
    ];
    expect(names(buildProgram(() => undefined))).toEqual(commands);
  });
});

test('--version prints the version of package.json', async () => {
  const { exitCode, stdout } = await runMain('--version');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
