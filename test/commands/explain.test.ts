import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { explain as explainCommand } from '../../src/commands/explain.js';
import type { ExplainOptions } from '../../src/commands/options.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { CONSUMER_READER, FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { PartitionStates } from '../../src/ledger/partition-states.js';
import { StateJournal, stateFolder } from '../../src/ledger/state-journal.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const RULES = `
rules:
  - name: city
    topic: sensors/+city/+device/telemetry
    where: payload.t > -60.0
    measurement: climate
    time: { path: ts, unit: s }
    tags: { city: topic.city, device: device }
    fields: { t: { path: payload.t, type: float, range: [-60, 60] } }
`;
const AT = '2026-03-01T12:00:00Z';
const AT_SECONDS = Date.parse(AT) / 1000;

async function explain(payload: string, ...more: readonly string[]) {
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, RULES);
  const fixed = ['-c', file, '--topic', 'sensors/pune/d1/telemetry', '--received-at', AT];
  return runMain('explain', ...fixed, '--payload', payload, ...more);
}

test('the rule that takes it and the line it would write', async () => {
  const { exitCode, stdout } = await explain(`{"t": 21.5, "ts": ${AT_SECONDS}}`);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('city (sensors/+city/+device/telemetry): takes it');
  expect(stdout).toContain(`climate,city=pune,device=d1 t=21.5 ${AT_SECONDS}000000000`);
});

test.each([
  ['{"t": 99, "ts": 1772366400}', 'parked   field-out-of-range'],
  ['{"t": 21.5, "ts": 1000000000}', 'parked   time-outside-window'],
  ['{"t": -99, "ts": 1772366400}', 'filtered by the where of rule city'],
  ['nonsense', 'parked   payload-not-json'],
])('why it would not be written: %s', async (payload, line) => {
  const { exitCode, stdout } = await explain(payload);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(line);
});

test('what the publisher says of the message, and what chooses its format', async () => {
  const payload = `{"t": 21.5, "ts": ${AT_SECONDS}}`;
  const more = ['--property', 'site=pune=1', '--property', 'a=', '--content-type'];
  const { stdout } = await explain(payload, ...more, 'application/json; charset=utf-8');
  expect(stdout).toContain('says     properties.contentType = application/json; charset=utf-8\n');
  expect(stdout).toContain('         properties.user.site = pune=1\n');
  expect(stdout).toContain('         properties.user.a =\n');
  expect(stdout).toContain('format   json, by the content type "application/json; charset=utf-8"\n');
  const other = await explain(payload, '--content-type', 'application/x');
  expect(other.stdout).toContain('format   json; the content type "application/x" names none\n');
  const text = await explain(payload, '--content-type', 'text/plain');
  expect(text.stdout).toMatch(/format {3}text, by the content type "text\/plain"\n/);
  expect(text.stdout).toMatch(
    /parked {3}payload-not-object: .*by the content type "text\/plain" of the message/,
  );
  expect((await explain(payload)).stdout).not.toMatch(/^(?:says|format) /m);
});

test('a user property needs a name and a value', async () => {
  const { exitCode, stderr } = await explain('{}', '--property', 'site');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Expected NAME=VALUE, such as site=pune.');
});

test('the windows that its point falls into', async () => {
  const file = join(tempDirectory(), 'sluice.yaml');
  const windows =
    'windows: { aggregates: [{ name: c, from: climate, by: city, every: 5min, fields: { t: mean } }] }';
  writeFileSync(file, `${RULES}${windows}\n`);
  const options = ['-c', file, '--topic', 'sensors/pune/d1/telemetry', '--received-at', AT];
  const payload = ['--payload', `{"t": 21.5, "ts": ${AT_SECONDS}}`];
  const { stdout } = await runMain('explain', ...options, ...payload);
  expect(stdout).toContain('\nwindow   c_5min 2026-03-01T12:00:00Z to 12:05:00Z, by city=pune\n');
  const json = JSON.parse((await runMain('explain', ...options, ...payload, '--json')).stdout) as unknown;
  expect(json).toMatchObject({
    windows: [
      {
        measurement: 'c_5min',
        from: '2026-03-01T12:00:00Z',
        to: '2026-03-01T12:05:00Z',
        by: { city: 'pune' },
      },
    ],
  });
});

test('--json prints the same for scripts', async () => {
  const written = JSON.parse((await explain(`{"t": 1, "ts": ${AT_SECONDS}}`, '--json')).stdout) as unknown;
  expect(written).toMatchObject({
    outcome: 'written',
    rule: 'city',
    captures: { city: 'pune', device: 'd1' },
    lines: [`climate,city=pune,device=d1 t=1 ${AT_SECONDS}000000000`],
  });
  const parked = JSON.parse((await explain('[]', '--json')).stdout) as unknown;
  expect(parked).toMatchObject({ outcome: 'parked', code: 'payload-not-object', lines: [] });
});

test('--json has the outcome under its former name, too, and the mapping warnings as notes', async () => {
  const written = JSON.parse((await explain(`{"t": 1}`, '--json')).stdout) as unknown;
  expect(written).toMatchObject({
    outcome: 'written',
    fate: 'written',
    notes: [{ code: 'time-missing', count: 1 }],
  });
  const parked = JSON.parse((await explain('[]', '--json')).stdout) as unknown;
  expect(parked).toMatchObject({ outcome: 'parked', fate: 'parked' });
});

describe('the payload', () => {
  test('may be a file', async () => {
    const file = join(tempDirectory(), 'reading.json');
    writeFileSync(file, `{"t": 3, "ts": ${AT_SECONDS}}`);
    expect((await explain(`@${file}`)).stdout).toContain('t=3');
  });

  test('that cannot be read is wrong usage', async () => {
    const { exitCode, stderr } = await explain('@/nowhere/reading.json');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--payload: the file cannot be read');
  });

  test('that is over consumer.payload.maxSize is parked', async () => {
    const file = join(tempDirectory(), 'sluice.yaml');
    writeFileSync(file, 'consumer: { payload: { maxSize: 8B } }');
    const { stdout } = await runMain('explain', '-c', file, '--topic', 'a/b', '--payload', '{"a": 12345}');
    expect(stdout).toContain('parked   payload-too-large');
  });
});

test('without rules the built-in rule explains the record, with the client id as device', async () => {
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, '');
  const { stdout } = await runMain(
    ...['explain', '-c', file, '--topic', 'one', '--payload', '{"t":1}', '--client-id', 'c9'],
  );
  expect(stdout).toContain('telemetry,device=c9,topic=one t=1 ');
});

test('a malformed receive time is wrong usage', async () => {
  const { exitCode, stderr } = await explain('{}', '--received-at', 'yesterday');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--received-at: got "yesterday", expected RFC 3339');
});

/** The command with this on standard input. */
async function explainInput(input: string, options: Partial<ExplainOptions>) {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    stdout += String(chunk);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, '');
  try {
    const given = {
      config: file,
      clientId: 'explain',
      qos: 1,
      format: 'auto',
      json: false,
      ...options,
    } as const;
    const exitCode = await explainCommand(given, Readable.from(input === '' ? [] : [input]));
    return { exitCode, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('standard input', () => {
  test('is the payload when no other is given', async () => {
    expect((await explainInput('{"t": 4}', { topic: 'a/b' })).stdout).toContain('t = 4 ');
  });

  test('that is empty, or a terminal, is wrong usage', async () => {
    await expect(explainInput('', { topic: 'a/b' })).rejects.toThrow('--payload is needed');
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    const options = { topic: 'a/b', clientId: 'c', qos: 1, format: 'auto', json: false } as const;
    await expect(explainCommand(options, terminal)).rejects.toThrow('--payload is needed');
  });

  test('may hold a record a line, in both formats; a line that is neither is named', async () => {
    const lines = '{"topic":"a/b","payload":{"t":1}}\n\na/b {"t":2}\nneither\na/c {"t":3}';
    const { exitCode, stdout, stderr } = await explainInput(lines, { file: '-' });
    expect(exitCode).toBe(1);
    expect(stdout.match(/^topic .*\npayload .*\nbroker .*$/gm)).toEqual([
      'topic    a/b\npayload  {"t":1}\nbroker   takes it',
      'topic    a/b\npayload  {"t":2}\nbroker   takes it',
      'topic    a/c\npayload  {"t":3}\nbroker   takes it',
    ]);
    expect(stderr).toBe('line 4: expected a topic, a blank and a payload, as mosquitto_sub -v prints them\n');
  });

  test('with --json gives an object a line', async () => {
    const { exitCode, stdout } = await explainInput('a/b {"t":1}\na/+ 5\n', { file: '-', json: true });
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { topic: 'a/b', payload: '{"t":1}', broker: { accepted: true }, outcome: 'written' },
      {
        topic: 'a/+',
        broker: {
          accepted: false,
          outcome: 'closed',
          reason: 'publish-malformed',
          detail: 'wildcard in a topic name',
        },
      },
    ]);
  });
});

test('a file of records is read as it comes', async () => {
  const file = join(tempDirectory(), 'records.jsonl');
  writeFileSync(file, '{"topic":"a/b","payload":"{\\"t\\":1}","receivedAt":"2026-03-01T12:00:00Z"}\n');
  const { stdout } = await explainInput('', { file });
  expect(stdout).toContain('line     telemetry,device=a,topic=a/b t=1 1772366400000000000');
  await expect(explainInput('', { file: '/nowhere/x' })).rejects.toThrow('--file: the file cannot be read');
  await expect(explainInput('', { file: tempDirectory() })).rejects.toThrow(
    '--file: the file cannot be read',
  );
});

test.each([
  ['$SYS/x', 'acknowledges it and parks it: topic-not-accepted, topic reserved for the broker'],
  [
    '$dev/x',
    'acknowledges it and parks it: topic-not-accepted, topic that begins with $, and the topic of no rule begins with its first level',
  ],
  ['a/#', 'refuses it and closes the connection: publish-malformed, wildcard in a topic name'],
  [
    '$SYS/broker/connection/edge/state',
    'acknowledges it and delivers it, and does not store it: bridge-state, a bridge says here whether it is connected',
  ],
])('a message on %s, which no rule will see, is not mapped', async (topic, broker) => {
  const { exitCode, stdout } = await runMain('explain', '--topic', topic, '--payload', '{"t":1}');
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`topic    ${topic}\nbroker   ${broker}\n`);
});

test('a topic that begins with $ is mapped when a rule names its first level', async () => {
  const config = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(
    config,
    'rules: [{ name: r, topic: "$aws/+thing", measurement: m, tags: { thing: topic.thing }, fields: { t: payload.t } }]\n',
  );
  const { stdout } = await runMain('explain', '-c', config, '--topic', '$aws/a', '--payload', '{"t":1}');
  expect(stdout).toContain('broker   takes it');
  expect(stdout).toContain('line     m,thing=a t=1 ');
});

test.each([
  [['--topic', 'a', '--payload', '1', '--file', 'x'], '--payload and --file exclude each other'],
  [['--follow', '#', '--topic', 'a'], '--follow names the topics'],
  [['--topic', 'a', '--payload', '1', '--count', '2'], '--count and --timeout belong to --follow'],
  [['--payload', '1'], '--topic is needed'],
])('wrong usage: %j', async (args, problem) => {
  const { exitCode, stderr } = await runMain('explain', ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(problem);
});

test('docs/rules.md shows what is printed for its rules', async () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'rules.md'), 'utf8');
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, /```yaml\n(rules:\n.*?)```/s.exec(page)![1]!);
  const [, topic, payload, receivedAt, shown] =
    /\$ sluice explain -c sluice\.yaml --topic (\S+) --payload '(.*?)' \\\n +--received-at (\S+)\n(.*?)```/s.exec(
      page,
    )!;
  const { stdout } = await runMain(
    ...['explain', '-c', file, '--topic', topic!, '--payload', payload!, '--received-at', receivedAt!],
  );
  expect(stdout).toBe(shown);
});

test('what the gateway remembers is known: a budget that is used up there parks here', async () => {
  const root = tempDirectory();
  const directory = dataDirectory(join(root, 'data'));
  await prepareDataDirectory(directory);
  const states = new PartitionStates();
  const journal = await StateJournal.open(
    stateFolder(directory.checkpoints, CONSUMER_READER),
    undefined,
    states,
    () => undefined,
  );
  states
    .of('log')
    .table<string>('series/m')
    .set('known', `${Math.floor(Date.now() / 86_400_000)} somebody`);
  journal.append(states.takeChanges());
  await journal.flush();
  await new FileCheckpointStore(directory.checkpoints, CONSUMER_READER).save({
    position: '0',
    ledger: NO_RECORDS,
    deadLetterEnd: { file: 0, bytes: 0 },
    stateEnd: journal.end,
  });
  await journal.close();
  const file = join(root, 'sluice.yaml');
  const budget = (series: number) =>
    `stream: { log: { directory: ./data/log } }\nrules: [{ name: r, topic: "#", measurement: m, policies: { cardinality: { series: ${series}, clientShare: 100 } } }]\n`;
  const outcomeWith = async (series: number) => {
    writeFileSync(file, budget(series));
    return (await runMain('explain', '-c', file, '--topic', 'a/b', '--payload', '{"v":1}')).stdout;
  };
  expect(await outcomeWith(1)).toContain('parked   too-many-series: "m" has 1 series already');
  expect(await outcomeWith(2)).toContain('line     m v=1');
});
