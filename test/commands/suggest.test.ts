import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { suggest } from '../../src/commands/suggest.js';
import { parkedLine, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';
import { captured, runMain } from './run-main.js';

const LINES = ['a', 'b', 'a', 'b'].map(
  (room, index) => `{"topic":"rooms/${room}/climate","payload":{"temp":${20 + index}}}`,
);

function fileOf(name: string, text: string | Buffer): string {
  const file = join(tempDirectory(), name);
  writeFileSync(file, text);
  return file;
}

it('records in a file become rules on standard output, which check accepts', async () => {
  const { exitCode, stdout, stderr } = await runMain(
    'suggest',
    '--samples',
    fileOf('r.jsonl', LINES.join('\n')),
  );
  expect(exitCode).toBe(0);
  expect(stdout).toContain('topic: "rooms/+room/climate"');
  expect(stdout).toContain('temp: { path: payload.temp, type: float, unit: celsius }');
  expect(stderr).toContain('4 messages of 2 topics read, 1 group of topics');
  expect(stderr).toContain('by the suggested rules: 4 written');
  expect(stderr).toMatch(/next: .*sluice check -c suggested\.yaml.*sluice explain -c suggested\.yaml --file/);
  // Its ports are free ones, its log is in a folder of its own.
  const config = fileOf(
    'sluice.yaml',
    `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }\nhttp: { host: 127.0.0.1, port: 0 }\n${stdout}`,
  );
  expect(await runMain('check', '-c', config)).toMatchObject({ exitCode: 0, stderr: '' });
});

it('a file is written with --output, and replaced with --force only', async () => {
  const samples = fileOf('r.jsonl', LINES.join('\n'));
  const output = fileOf('suggested.yaml', 'mine');
  const args = ['suggest', '--samples', samples, '--output', output];
  const refused = await runMain(...args);
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toContain('is there already; --force replaces it');
  expect(readFileSync(output, 'utf8')).toBe('mine');
  expect(await runMain(...args, '--force')).toMatchObject({ exitCode: 0, stdout: '' });
  expect(readFileSync(output, 'utf8')).toMatch(/^rules:/);
});

it('with a topic each line is a payload', async () => {
  const samples = fileOf('p.txt', '{"temp":20,"payload":"x"}\n{"temp":21,"payload":"y"}\n');
  const { stdout, stderr } = await runMain('suggest', '--samples', samples, '--topic', 'a/b/c');
  expect(stdout).toContain('topic: a/b/c');
  expect(stderr).toContain('2 messages of 1 topic read');
});

it.each([
  ['JSON over several lines', '{\n"temp": 20\n}\n', []],
  ['a file that is no text', Buffer.from('a16474656d70f94d60', 'hex'), []],
  ['any file with --whole', 'temp,hum\n20,40\n21,41\n', ['--whole']],
])('%s is one payload', async (_, content, more) => {
  const args = ['suggest', '--samples', fileOf('p.bin', content), '--topic', 'a/b/c', ...more];
  const { exitCode, stderr } = await runMain(...args);
  expect(exitCode).toBe(0);
  expect(stderr).toContain('1 message of 1 topic read');
});

it('a directory has files of records and of cases', async () => {
  const directory = tempDirectory();
  mkdirSync(join(directory, 'inner'));
  writeFileSync(join(directory, 'inner', 'r.jsonl'), LINES.join('\n'));
  writeFileSync(join(directory, 'cases.yaml'), '- { topic: rooms/c/climate, payload: { temp: 5 } }\n');
  const { stderr } = await runMain('suggest', '--samples', directory);
  expect(stderr).toContain('5 messages of 3 topics read');
});

it('standard input is read, and lines that cannot be read are named', async () => {
  async function* input() {
    yield `${LINES.join('\n')}\nnonsense\n`;
  }
  const options = { samples: '-', whole: false, deadLetter: false, force: false };
  const { exitCode, stdout, stderr } = await captured(() => suggest(options, input()));
  expect(exitCode).toBe(0);
  expect(stdout).toContain('rooms/+room/climate');
  expect(stderr).toContain('line 5: expected a topic, a blank and a payload');
});

it('parked records of a code and topic are read, also without a gateway', async () => {
  const directory = tempDirectory();
  const deadLetter = join(directory, 'data', 'dead-letter');
  mkdirSync(deadLetter, { recursive: true });
  const lineOf = (seq: number, topic: string, code: 'rule-none' | 'no-fields') => {
    const record = { ...testRecord(seq), topic, payload: Buffer.from(`{"temp":${seq}}`) };
    return parkedLine(parkedRecord(record, { code, reason: 'r' }, seq));
  };
  const lines = [
    lineOf(1, 'a/x/t', 'rule-none'),
    lineOf(2, 'b/x/t', 'rule-none'),
    lineOf(3, 'a/x/t', 'no-fields'),
  ];
  writeFileSync(join(deadLetter, 'parked-00000000.jsonl'), lines.join(''));
  const config = join(directory, 'sluice.yaml');
  writeFileSync(
    config,
    `stream: { log: { directory: ${JSON.stringify(join(directory, 'data', 'log'))} } }\n`,
  );
  const args = ['suggest', '-c', config, '--dead-letter', '--code', 'rule-none', '--topic', 'a/x/t'];
  const { exitCode, stdout, stderr } = await runMain(...args);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('topic: a/x/t');
  expect(stderr).toContain('1 message of 1 topic read');
});

it('without a message that a rule can be made for the exit code is 1', async () => {
  const { exitCode, stdout, stderr } = await runMain('suggest', '--samples', fileOf('r.jsonl', ''));
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('there is nothing to suggest a rule for');
});

it.each([
  [[], '--samples is needed, or --follow or --dead-letter'],
  [['--samples', 'x', '--dead-letter'], '--samples and --dead-letter exclude each other'],
  [['--samples', 'x', '--code', 'rule-none'], '--code belongs to --dead-letter'],
  [['--samples', 'x', '--for', '3s'], '--for and --messages belong to --follow'],
  [['--follow', 'a/#', '--topic', 'a/b'], '--follow names the topics itself'],
  [['--samples', 'x', '--whole'], '--whole needs --samples and --topic'],
  [['--samples', 'x', '--topic', 'a/+'], '--topic: '],
  [['--samples', '/there/is/none'], '--samples: /there/is/none cannot be read'],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, stderr } = await runMain('suggest', ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});
