import { expect, onTestFinished, test } from 'vitest';
import type { InfluxSinkOptions } from '../../../src/sink/influx/influx-options.js';
import { InfluxSink } from '../../../src/sink/influx/influx-sink.js';
import { SetClock } from '../../support/clock.js';
import { type Script, type ScriptedAnswer, startFakeStore } from '../../support/fake-store.js';

const NS_PER_DAY = 86_400_000_000_000n;
const json = (answer: unknown, status = 200): ScriptedAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(answer),
});
/** As InfluxDB 1 and 3 answer SHOW RETENTION POLICIES. */
const policies = (...values: readonly (readonly [name: string, duration: string, isDefault: boolean])[]) =>
  json({ results: [{ series: [{ columns: ['name', 'duration', 'default'], values }] }] });
const buckets = (...found: readonly { name: string; everySeconds: number }[]) =>
  json({
    buckets: found.map(({ name, everySeconds }) => ({
      ...{ id: name, name, orgID: 'o' },
      retentionRules: everySeconds === 0 ? [] : [{ type: 'expire', everySeconds }],
    })),
  });

const OPTIONS = {
  1: { version: 1, database: 'd' },
  2: { version: 2, org: 'iot', bucket: 'plant', token: 't' },
  3: { version: 3, database: 'd', token: 't' },
} as const;

async function sinkOn(script: Script, options: Omit<InfluxSinkOptions, 'url'>) {
  const store = await startFakeStore(script);
  const clock = new SetClock();
  const sink = new InfluxSink({ url: store.url, ...options }, { clock, warn: () => {} });
  onTestFinished(async () => {
    await sink.close();
    await store.stop();
  });
  const keptDays = () => {
    const oldestNs = sink.oldestKeptNs();
    return oldestNs === undefined ? undefined : Number((clock.wallNs - oldestNs) / NS_PER_DAY);
  };
  return { store, clock, keptDays };
}

test.each<[string, Omit<InfluxSinkOptions, 'url'>, ScriptedAnswer, number]>([
  ['the default policy', OPTIONS[1], policies(['autogen', '0s', false], ['month', '720h0m0s', true]), 30],
  [
    'the policy that is configured',
    { ...OPTIONS[1], retentionPolicy: 'week' },
    policies(['autogen', '720h0m0s', true], ['week', '168h0m0s', false]),
    7,
  ],
  [
    'the bucket',
    OPTIONS[2],
    buckets({ name: 'other', everySeconds: 60 }, { name: 'plant', everySeconds: 864_000 }),
    10,
  ],
  ['the database', OPTIONS[3], policies(['autogen', '48h0m0s', true]), 2],
])('points are kept as long as %s says', async (_what, options, answer, days) => {
  const { keptDays, store } = await sinkOn(() => answer, options);
  expect(keptDays()).toBeUndefined();
  await expect.poll(keptDays).toBe(days);
  expect(store.calls).toHaveLength(1);
});

test.each<[string, Omit<InfluxSinkOptions, 'url'>, Script]>([
  ['keeps points for ever', OPTIONS[1], () => policies(['autogen', '0s', true])],
  [
    'has no such policy',
    { ...OPTIONS[1], retentionPolicy: 'x' },
    () => policies(['autogen', '24h0m0s', true]),
  ],
  ['does not let the gateway ask', OPTIONS[2], () => json({ message: 'unauthorized' }, 401)],
  ['does not have the bucket yet', OPTIONS[2], () => json({ message: 'bucket "plant" not found' }, 404)],
  ['does not say it', OPTIONS[3], () => json({ results: [{}] })],
  ['does not answer', OPTIONS[3], () => 'cut'],
])('nothing is known to be deleted by a store that %s', async (_what, options, script) => {
  const { keptDays, store, clock } = await sinkOn(script, options);
  expect(keptDays()).toBeUndefined();
  await expect.poll(() => store.calls.length).toBe(1);
  clock.elapsedMs += 300_000;
  // The second question comes behind the first answer.
  await expect
    .poll(() => {
      clock.elapsedMs += 300_000;
      expect(keptDays()).toBeUndefined();
      return store.calls.length;
    })
    .toBeGreaterThan(1);
});

test('a retention that is changed is found within minutes, and one that cannot be asked for again stays', async () => {
  let answer: ScriptedAnswer | 'cut' = policies(['autogen', '24h0m0s', true]);
  const { keptDays, store, clock } = await sinkOn(() => answer, OPTIONS[1]);
  await expect.poll(keptDays).toBe(1);
  answer = policies(['autogen', '72h0m0s', true]);
  expect(keptDays()).toBe(1);
  expect(store.calls).toHaveLength(1);
  clock.elapsedMs += 300_000;
  await expect.poll(keptDays).toBe(3);
  answer = 'cut';
  clock.elapsedMs += 300_000;
  expect(keptDays()).toBe(3);
  await expect.poll(() => store.calls.length).toBe(3);
  expect(keptDays()).toBe(3);
});
