import { expect, onTestFinished, test } from 'vitest';
import { checkInfluxRetention } from '../../../src/commands/doctor/influx-retention.js';
import { DEFAULT_RULES, type RuleOptions } from '../../../src/rules/rule-options.js';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { startFakeStore } from '../../support/fake-store.js';

const DAY_MS = 86_400_000;
const V2 = { version: 2, org: 'o', bucket: 'b', token: 't' } as const;
const V1 = { version: 1, database: 'd' } as const;

function ruleTaking(pastMs: number): RuleOptions {
  const [rule] = DEFAULT_RULES;
  return { ...rule!, name: 'late', time: { path: 't', unit: 'auto', maxPastMs: pastMs, maxFutureMs: 0 } };
}

async function retention(
  options: Omit<InfluxSinkOptions, 'url'>,
  answer: unknown,
  rules: readonly RuleOptions[],
) {
  const store = await startFakeStore(() => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(answer),
  }));
  onTestFinished(() => store.stop());
  return checkInfluxRetention({ ...options, url: store.url }, rules, 1_000);
}

const bucketKeeping = (everySeconds: number) => ({
  buckets: [{ id: '1', orgID: '2', name: 'b', retentionRules: [{ type: 'expire', everySeconds }] }],
});
const policies = (...rows: readonly (readonly [string, string, boolean])[]) => ({
  results: [
    {
      series: [
        {
          columns: ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
          values: rows.map(([name, duration, isDefault]) => [name, duration, '24h0m0s', 1, isDefault]),
        },
      ],
    },
  ],
});

test('a bucket that forgets sooner than a rule takes readings is warned of, with both times', async () => {
  expect(await retention(V2, bucketKeeping(86_400), [ruleTaking(3 * DAY_MS)])).toMatchObject({
    name: 'retention',
    state: 'warn',
    found: 'bucket b keeps points for 1d; rule "late" takes readings up to 3d old',
    advice: expect.stringContaining('time.window.past'),
  });
  expect(await retention(V2, bucketKeeping(86_400), [ruleTaking(DAY_MS)])).toMatchObject({ state: 'ok' });
  expect(
    await retention(V2, { buckets: [{ name: 'b', retentionRules: [] }] }, [ruleTaking(DAY_MS)]),
  ).toMatchObject({ state: 'ok', found: expect.stringContaining('for ever') });
});

test('the default window of an obvious time key counts, and a rule without device times does not', async () => {
  expect(await retention(V2, bucketKeeping(3_600), DEFAULT_RULES)).toMatchObject({ state: 'warn' });
  const [rule] = DEFAULT_RULES;
  expect(await retention(V2, bucketKeeping(3_600), [{ ...rule!, time: undefined }])).toMatchObject({
    state: 'ok',
  });
});

test('of InfluxDB 1 the configured retention policy counts, else the default one', async () => {
  const answer = policies(['autogen', '0s', false], ['short', '1h0m0s', true], ['long', '168h0m0s', false]);
  const rules = [ruleTaking(DAY_MS)];
  expect(await retention(V1, answer, rules)).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('retention policy short of database d keeps points for 1h'),
  });
  expect(await retention({ ...V1, retentionPolicy: 'long' }, answer, rules)).toMatchObject({ state: 'ok' });
  expect(await retention({ ...V1, retentionPolicy: 'autogen' }, answer, rules)).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('for ever'),
  });
});

test.each([
  [V1, { results: [{ error: 'error authorizing query' }] }],
  [V1, policies(['autogen', 'soon', true])],
  [V2, { code: 'not found' }],
  [V2, { buckets: [] }],
  [{ version: 3, database: 'd', token: 't' } as const, {}],
])('%o without an answer is not compared', async (options, answer) => {
  expect(await retention(options, answer, [ruleTaking(DAY_MS)])).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('not compared'),
  });
});
