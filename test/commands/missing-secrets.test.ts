// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parkedLine, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const SECRETS = [
  ['a variable that is not set', 'token: "${SLUICE_TEST_NOT_SET}"'],
  ['a file that is not here', 'tokenFile: /nowhere/influx-token'],
  ['a file named by a variable that is not set', 'tokenFile: "${SLUICE_TEST_NOT_SET}/influx-token"'],
] as const;

/** A configuration whose secret is not here, with one parked record. */
function configWith(secret: string, more = ''): string {
  const directory = tempDirectory();
  const deadLetter = join(directory, 'data', 'dead-letter');
  mkdirSync(deadLetter, { recursive: true, mode: 0o700 });
  mkdirSync(join(directory, 'data', 'log'), { mode: 0o700 });
  const parked = parkedRecord(testRecord(1), { code: 'rule-none', reason: 'r' }, 1);
  writeFileSync(join(deadLetter, 'parked-00000000.jsonl'), parkedLine(parked), { mode: 0o600 });
  const file = join(directory, 'sluice.yaml');
  writeFileSync(
    file,
    `broker: { listeners: [{ port: 0 }] }
http: { port: 0 }
sink: { influx: { url: "http://127.0.0.1:1", org: o, bucket: b, ${secret} } }
${more}`,
  );
  return file;
}

describe.each(SECRETS)('with %s', (_what, secret) => {
  test('check warns with file, line and key, and finds nothing else wrong', async () => {
    const file = configWith(secret);
    const { exitCode, stdout, stderr } = await runMain('check', '-c', file);
    expect(stderr).toMatch(
      /^warning: [^\n]*sluice\.yaml:3:\d+: sink\.influx\.token[^\n]*the gateway needs it to start\n$/,
    );
    expect([exitCode, stdout.slice(0, 3)]).toEqual([0, 'ok\n']);
  });

  test('what does not need the secret works', async () => {
    const file = configWith(secret);
    const explained = await runMain('explain', '-c', file, '--topic', 'a/b/c', '--payload', '{"t":1}');
    expect(explained).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('t=1') as string });
    expect(await runMain('dashboard', '-c', file)).toMatchObject({ exitCode: 0 });
    const listed = await runMain('dead-letters', 'list', '--json', '-c', file);
    const { id } = JSON.parse(listed.stdout) as { id: string };
    expect(await runMain('dead-letters', 'show', id, '-c', file)).toMatchObject({ exitCode: 0, stderr: '' });
    for (const command of [
      ['replay', '--all', '--dry-run'],
      ['purge', '--all', '--yes'],
    ]) {
      expect(await runMain('dead-letters', ...command, '-c', file)).toMatchObject({ exitCode: 0 });
    }
    const reloaded = await runMain('reload', '-c', file);
    expect(reloaded.stderr).toContain('no gateway runs on');
  });

  test('what needs it names it', async () => {
    const file = configWith(secret);
    for (const command of [['start'], ['dashboard', '--from-store'], ['dead-letters', 'replay', '--all']]) {
      const { exitCode, stderr } = await runMain(...command, '-c', file);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/sluice\.yaml:3:\d+: sink\.influx\.token/);
    }
  });
});

test('a variable that is no secret is a problem for check, too', async () => {
  const file = configWith('token: t', 'log: { level: "${SLUICE_TEST_NOT_SET}" }\n');
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('log.level: got ${SLUICE_TEST_NOT_SET}, which is not set');
});

test('parked records are listed whatever else is wrong with the configuration', async () => {
  const file = configWith('token: t', 'rules: 5\n');
  expect(await runMain('dead-letters', 'list', '-c', file)).toMatchObject({ exitCode: 0, stderr: '' });
});

test('check warns of a rule that no record reaches, and is content', async () => {
  const rule = (name: string) => `{ name: ${name}, topic: "#", measurement: m }`;
  const file = configWith('token: t', `rules: [${rule('a')}, ${rule('b')}]\n`);
  const { exitCode, stderr } = await runMain('check', '-c', file);
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^warning: .*rules\[1\]\.topic: .*rules\[0\] is before it/);
});
