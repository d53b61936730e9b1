// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const RULES = `rules:
  - name: climate
    topic: sensors/+site/+device
    where: payload.t > -60.0
    measurement: climate
    time: { path: ts, unit: s }
    tags: { site: topic.site, device: device, owner: user }
    fields: { t: { path: payload.t, type: float }, note: { path: payload.note, type: string } }
sink: { influx: { url: "http://127.0.0.1:1", org: o, bucket: b, token: "\${SLUICE_TEST_NOT_SET}" } }
`;
const LINE = 'climate,device=hall,site=hall t=21.5';

/** Runs the cases, given as the contents of files, against the rules above. */
async function check(files: Readonly<Record<string, string>>) {
  const directory = tempDirectory();
  const samples = join(directory, 'samples');
  mkdirSync(samples);
  writeFileSync(join(directory, 'sluice.yaml'), RULES);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(samples, name)), { recursive: true });
    writeFileSync(join(samples, name), text);
  }
  const outcome = await runMain('check', '-c', join(directory, 'sluice.yaml'), '--samples', samples);
  return { ...outcome, samples };
}

describe('recorded messages', () => {
  test('pass when lines, filtered and parked are as expected, without a gateway and its secrets', async () => {
    const { exitCode, stdout, stderr } = await check({
      'climate.yaml': `
- name: a reading
  topic: sensors/hall/1
  receivedAt: 2026-03-01T12:00:00Z
  payload: { t: 21.5, ts: 1772366390, note: "a 5" }
  expect:
    lines: ['climate,device=hall,site=hall t=21.5,note="a 5" 1772366390000000000']
- topic: sensors/hall/1
  payload: '{"t": 21.5}'
  expect: { lines: ['${LINE}'] }
- { topic: sensors/hall/1, payload: { t: -99 }, expect: { filtered: climate } }
- { topic: sensors/hall/1, payload: { t: 1, note: 5 }, expect: { parked: field-wrong-type } }
- { topic: other, payload: '', expect: { parked: rule-none } }
- { topic: sensors/hall/1, user: ops, payload: { t: 1 }, expect: { lines: ['climate,device=hall,owner=ops,site=hall t=1'] } }
`,
      'families/more.yml':
        '- { topic: sensors/hall/1, payloadFile: hall.json, expect: { lines: ["climate,device=hall,site=hall t=21.5"] } }\n',
      'families/hall.json': '{"t": 21.5}',
    });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '7 passed, 0 failed\n', stderr: '' });
  });

  test('that fail are listed with their places and what differs, all at once, exit code 1', async () => {
    const { exitCode, stdout, samples } = await check({
      'a.yaml': `- name: two lines
  topic: sensors/hall/1
  payload: { t: 1 }
  expect:
    lines: ['climate,device=hall,site=hall t=2', 'another x=1']
- { topic: sensors/hall/1, payload: { t: 1 }, expect: { filtered: climate } }
- { topic: sensors/hall/1, payload: { t: cold }, expect: { lines: ['climate t=1'] } }
- { topic: sensors/hall/1, payload: { t: 21.5 }, expect: { lines: ['${LINE} 5'] } }
- { topic: sensors/hall/1, payload: { t: 21.5 }, expect: { lines: ['${LINE}'] } }
`,
    });
    expect(exitCode).toBe(1);
    const at = (place: string) => `(${join(samples, 'a.yaml')}:${place})`;
    expect(stdout).toContain(`FAIL two lines ${at('1:3')}
  - line      climate,device=hall,site=hall t=2
  + line      climate,device=hall,site=hall t=1
  - line      another x=1
`);
    expect(stdout).toContain(`FAIL case 2 ${at('6:3')}
  - filtered  climate
  + line      climate,device=hall,site=hall t=1 1767225600000000000
`);
    expect(stdout).toMatch(/ {2}- line {6}climate t=1\n {2}\+ parked {4}rule-where-failed\n {4}why: .*\n/);
    expect(stdout).toContain(`  - line      ${LINE} 5\n  + line      ${LINE} 1767225600000000000\n`);
    expect(stdout).toMatch(/\n1 passed, 4 failed\n$/);
  });

  test('without an expected outcome fail, and show the one to write down', async () => {
    const { exitCode, stdout } = await check({
      'a.yaml': '- { topic: sensors/hall/1, payload: { t: 21.5 } }\n',
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`it has no expect; the outcome is\n  + line      ${LINE} 17672256`);
  });

  test('keep the nulls and the texts with ${…} of their payloads', async () => {
    const { stdout } = await check({
      'a.yaml': [
        `- { topic: sensors/hall/1, payload: { t: 1, note: "$\{X}" }, expect: { lines: ['climate,device=hall,site=hall t=1,note="$\{X}"'] } }`,
        '- { topic: sensors/hall/1, payload: null, expect: { parked: payload-not-object } }',
      ].join('\n'),
    });
    expect(stdout).toBe('2 passed, 0 failed\n');
  });
});

describe('a file of cases that is wrong', () => {
  test.each([
    [
      'an unknown key',
      '- { topc: t, payload: 1 }',
      ':1:5: [0].topc: got an unknown key, expected the keys name, topic,',
    ],
    ['no topic', '- { payload: 1 }', ':1:3: [0].topic: expected a text; it is missing'],
    ['no payload', '- { topic: t }', ':1:3: [0]: expected either payload or payloadFile'],
    ['two payloads', '- { topic: t, payload: 1, payloadFile: x }', ':1:3: [0]: expected either payload'],
    [
      'a payload file that is not there',
      '- { topic: t, payloadFile: x.bin }',
      ':1:15: [0].payloadFile: expected a file',
    ],
    ['another QoS', '- { topic: t, payload: 1, qos: 3 }', ':1:27: [0].qos: expected 0, 1 or 2'],
    ['no time', '- { topic: t, payload: 1, receivedAt: noon }', ':1:27: [0].receivedAt: expected RFC 3339'],
    [
      'two outcomes',
      '- { topic: t, payload: 1, expect: { filtered: a, parked: b } }',
      ':1:27: [0].expect: expected one of',
    ],
    ['no outcome', '- { topic: t, payload: 1, expect: {} }', ':1:27: [0].expect: expected one of lines'],
    [
      'lines as a text',
      '- { topic: t, payload: 1, expect: { lines: a } }',
      ':1:37: [0].expect.lines: expected a list of lines',
    ],
    ['a section', 'topic: t', ': expected a list of cases'],
    ['no YAML', '- topic: @t', ':1:10: got a value that begins with @'],
  ])('%s', async (_what, yaml, line) => {
    const { exitCode, stdout, stderr, samples } = await check({ 'a.yaml': yaml });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${join(samples, 'a.yaml')}${line}`);
  });

  test.each([
    ['a directory without cases', {}, 'has no case in a file *.yaml'],
    ['a file without cases', { 'a.yaml': '[]' }, 'has no case in a file *.yaml'],
  ])('%s', async (_what, files, text) => {
    const { exitCode, stderr } = await check(files);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(text);
  });

  test('a directory that is not there', async () => {
    const { exitCode, stderr } = await runMain('check', '--samples', '/nowhere/samples');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--samples: the directory cannot be read');
  });
});

test('problems of the configuration come before the cases', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'sluice.yaml'), 'rules: 5\n');
  const { exitCode, stderr } = await runMain(
    'check',
    '-c',
    join(directory, 'sluice.yaml'),
    '--samples',
    directory,
  );
  expect(exitCode).toBe(2);
  expect(stderr).toContain('sluice.yaml:1:1: rules: ');
});

test('the cases of docs/rules.md pass with the rules there', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'rules.md'), 'utf8');
  const [rules, cases] = [page, page.slice(page.indexOf('## Test your rules'))].map(
    (text) => /```yaml\n(.*?)```/s.exec(text)?.[1] ?? '',
  );
  const directory = tempDirectory();
  writeFileSync(join(directory, 'rules.txt'), rules!);
  writeFileSync(join(directory, 'cases.yaml'), cases!);
  const files = ['-c', join(directory, 'rules.txt'), '--samples', directory];
  expect(await runMain('check', ...files)).toMatchObject({ exitCode: 0, stdout: '3 passed, 0 failed\n' });
});
