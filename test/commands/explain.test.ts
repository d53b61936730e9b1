import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
