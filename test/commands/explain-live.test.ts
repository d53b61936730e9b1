import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { explainRecord, explanationJson } from '../../src/rules/explain-record.js';
import { type FollowedRecords, followedJson } from '../../src/rules/followed-record.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { compileOrThrow } from '../../src/rules/rule-set.js';
import { sampleRecord } from '../rules/sample-record.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const rules = compileOrThrow(DEFAULT_RULES);

function record(seq: number, user?: string): string {
  const one = sampleRecord(`{"seq":${seq}}`, { topic: 'home/k/t', user });
  return followedJson(one, explanationJson(explainRecord(rules, one, () => `m seq=${seq}`)));
}

/** A configuration file on whose data directory a gateway answers so; after the last answer nothing comes any more. */
async function configOf(answers: readonly FollowedRecords[], filters: string[] = []): Promise<string> {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, 'stream: { log: { directory: ./log } }\n');
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  const left = [...answers];
  lock.onConnection((connection) =>
    serveCommands(connection, {
      ...NO_COMMANDS,
      follow: async (filter) => {
        filters.push(filter);
        return {
          next: () => Promise.resolve(left.shift() ?? new Promise<never>(() => undefined)),
          end: () => undefined,
        };
      },
    }),
  );
  return file;
}

test('records are printed as they come, until the count is reached', async () => {
  const filters: string[] = [];
  const file = await configOf(
    [
      { records: [record(1)], skipped: 1_234 },
      { records: [record(2), record(3)], skipped: 5 },
    ],
    filters,
  );
  const { exitCode, stdout, stderr } = await runMain(
    'explain',
    '-c',
    file,
    '--follow',
    'home/#',
    '--count',
    '2',
  );
  expect(exitCode).toBe(0);
  expect(filters).toEqual(['home/#']);
  expect(stderr).toMatch(/^following home\/# at the gateway on .*; Ctrl-C ends it\n$/);
  expect(stdout.split('\n\n')).toEqual([
    expect.stringMatching(
      /^topic {4}home\/k\/t\nreceived 2024-11-21T02:23:06Z from client client-1, QoS 1\npayload {2}\{"seq":1\}\nrule /,
    ),
    '… 1,234 records skipped',
    expect.stringContaining('line     m seq=2'),
    '',
  ]);
});

test('a record of a user says so, with what would move the terminal escaped [access 11] [security 46]', async () => {
  const file = await configOf([{ records: [record(1, 'ops\u001b[2J\n\u202e')], skipped: 0 }]);
  const { stdout } = await runMain('explain', '-c', file, '--follow', '#', '--count', '1');
  expect(stdout).toContain('Z from user ops\\u001b[2J \\u202e, client client-1, QoS 1\n');
});

test('with --json each record, and each number of skipped ones, is a line', async () => {
  const file = await configOf([
    { records: [record(1)], skipped: 1 },
    { records: [record(2)], skipped: 0 },
  ]);
  const { stdout } = await runMain('explain', '-c', file, '--follow', '#', '--count', '2', '--json');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([
    { topic: 'home/k/t', lines: ['m seq=1'] },
    { skipped: 1 },
    { topic: 'home/k/t', lines: ['m seq=2'] },
  ]);
});

test('the time-out ends it: a failure only when a count was asked for', async () => {
  const args = ['--follow', '#', '--timeout', '50ms'];
  expect((await runMain('explain', '-c', await configOf([]), ...args)).exitCode).toBe(0);
  expect((await runMain('explain', '-c', await configOf([]), ...args, '--count', '1')).exitCode).toBe(1);
});

test('a gateway that ends is a failure', async () => {
  const file = await configOf([{ records: [record(1)], skipped: 0, isEnded: true }]);
  const { exitCode, stdout, stderr } = await runMain('explain', '-c', file, '--follow', '#');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('line     m seq=1');
  expect(stderr).toContain('the gateway has ended');
});

test('a malformed filter is wrong usage, before a gateway is looked for; without a gateway there is nothing to follow', async () => {
  const directory = tempDirectory();
  const file = join(directory, 'sluice.yaml');
  writeFileSync(file, 'stream: { log: { directory: ./log } }\n');
  expect(await runMain('explain', '-c', file, '--follow', 'a/#/b')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: '--follow: wildcard not alone in its level, or # not last\n',
  });
  const { exitCode, stderr } = await runMain('explain', '-c', file, '--follow', '#');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no gateway runs on ')]);
});
