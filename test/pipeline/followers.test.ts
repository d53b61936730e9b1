import { expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_JSON_LIMITS } from '../../src/formats/json/json-value.js';
import { StateTables } from '../../src/lib/state-tables.js';
import { Followers } from '../../src/pipeline/followers.js';
import { type Mapping, RulesInForce } from '../../src/pipeline/rules-in-force.js';
import type { FollowedRecord, FollowedRecords } from '../../src/rules/followed-record.js';
import { formatExplanation } from '../../src/rules/format-explanation.js';
import { fitPoint, type StoredType } from '../../src/rules/policies/field-types.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { sampleRecord } from '../rules/sample-record.js';
import { SetClock } from '../support/clock.js';

function setUp() {
  const clock = new SetClock();
  const followers = new Followers(clock);
  const mapping = new RulesInForce({
    rules: DEFAULT_RULES,
    payload: DEFAULT_JSON_LIMITS,
    types: { otherwise: 'park' },
  }).current;
  const map = followers.watching(mapping);
  const send = (topic: string, payload: string | Buffer = '{"t":1}') =>
    map(sampleRecord(payload, { topic }), new StateTables());
  return { clock, followers, mapping, send };
}

const topicsOf = ({ records }: FollowedRecords) =>
  records.map((record) => (JSON.parse(record) as FollowedRecord).topic);

test('a follower gets the records of its filter since it asked last', async () => {
  const { followers, send } = setUp();
  send('home/before');
  const id = followers.follow('home/#');
  expect(send('home/a')).toMatchObject({ kind: 'points' });
  send('other/b');
  send('home/c', 'no JSON');
  const first = await followers.next(id);
  expect(topicsOf(first)).toEqual(['home/a', 'home/c']);
  expect(first.skipped).toBe(0);
  expect(JSON.parse(first.records[1]!)).toMatchObject({ outcome: 'parked', code: 'payload-not-json' });
  send('home/d');
  expect(topicsOf(await followers.next(id))).toEqual(['home/d']);
});

test('a follower sees the types that the store has, as far as they are known', async () => {
  const { mapping } = setUp();
  const types = new Map<string, StoredType>([['t', { type: 'int', isCertain: true }]]);
  const followers = new Followers(new SetClock(), {
    fitTypes: (point) => fitPoint(point, (field) => types.get(field), 'park'),
  });
  const map = followers.watching(mapping);
  const id = followers.follow('#');
  for (const payload of ['{"t":21.0}', '{"t":21.5,"u":1}', '{"u":1}']) {
    map(sampleRecord(payload, { topic: 'home/a' }), new StateTables());
  }
  const { records } = await followers.next(id);
  const [whole, half, other] = records.map((record) => JSON.parse(record) as FollowedRecord);
  expect(whole).toMatchObject({
    outcome: 'written',
    types: [{ field: 't', type: 'float', storedType: 'int', outcome: 'float-to-int' }],
  });
  expect(whole!.lines[0]).toContain(' t=21i ');
  expect(half).toMatchObject({
    outcome: 'parked',
    code: 'field-type-conflict',
    types: [{ field: 't', type: 'float', storedType: 'int', outcome: 'parked' }],
    lines: [],
  });
  expect(formatExplanation(half!)).toContain('type     t is float, the store has int: parked');
  expect(other).toMatchObject({ outcome: 'written' });
  expect(other!.types).toBeUndefined();
});

test('who asks before there is a record is answered with the next one', async () => {
  const { followers, send } = setUp();
  const id = followers.follow('#');
  const asked = followers.next(id);
  send('a/b');
  expect(topicsOf(await asked)).toEqual(['a/b']);
});

test('a quiet topic is answered after a second', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { followers } = setUp();
  const asked = followers.next(followers.follow('#'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await asked).toEqual({ records: [], skipped: 0 });
});

test('at most a hundred records are explained in a second, and the others are counted', async () => {
  const { clock, followers, send } = setUp();
  const id = followers.follow('#');
  for (let at = 0; at < 150; at += 1) send(`a/${at}`);
  const first = await followers.next(id);
  expect([first.records.length, first.skipped]).toEqual([100, 50]);
  clock.elapsedMs += 500;
  for (let at = 0; at < 150; at += 1) send(`b/${at}`);
  const second = await followers.next(id);
  expect([second.records.length, second.skipped]).toEqual([50, 100]);
});

test('explanations take at most a twentieth of the time of the pipeline', async () => {
  const { clock, followers, mapping } = setUp();
  const slow = { ...mapping, ruleSet: mapping.ruleSet };
  vi.spyOn(slow.ruleSet, 'matches').mockImplementation(() => {
    clock.elapsedMs += 100;
    return [];
  });
  const map = followers.watching({ ...slow, apply: () => ({ kind: 'filtered', rule: 'r' }) });
  const id = followers.follow('#');
  const explainedOf = async (records: number) => {
    for (let at = 0; at < records; at += 1) map(sampleRecord('{"t":1}'), new StateTables());
    return (await followers.next(id)).records.length;
  };
  // The first takes 100 ms or more of the 50 ms of a second.
  expect(await explainedOf(10)).toBe(1);
  clock.elapsedMs += 500;
  map(sampleRecord('{"t":1}'), new StateTables());
  clock.elapsedMs += 10_000;
  expect(await explainedOf(10)).toBe(1);
});

test('what waits for a follower that does not ask is bounded', async () => {
  const { clock, followers, send } = setUp();
  const id = followers.follow('#');
  const payload = JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at])));
  for (let at = 0; at < 100; at += 1) {
    clock.elapsedMs += 1_000;
    send('a/b', payload);
  }
  const { records, skipped } = await followers.next(id);
  expect(records.length + skipped).toBe(100);
  expect(skipped).toBeGreaterThan(50);
  expect(records.join('').length).toBeLessThan(1024 * 1024);
});

test('after its end a follower gets nothing more, and the mapping does no more for it', async () => {
  const { followers, mapping, send } = setUp();
  const id = followers.follow('#');
  const asked = followers.next(id);
  followers.end(id);
  expect(await asked).toEqual({ records: [], skipped: 0, isEnded: true });
  const explained = vi.spyOn(mapping.ruleSet, 'apply');
  send('a/b');
  expect(explained).toHaveBeenCalledTimes(1);
  expect(await followers.next(id)).toMatchObject({ isEnded: true });
});

test('a few may follow at once, and all of them end with the pipeline', async () => {
  const { followers } = setUp();
  const ids = [1, 2, 3, 4].map(() => followers.follow('#'));
  expect(() => followers.follow('#')).toThrow('4 others follow this gateway already');
  followers.end(ids[0]!);
  const asked = followers.next(followers.follow('#'));
  followers.close();
  expect(await asked).toMatchObject({ isEnded: true });
});

test('a malformed filter is refused', () => {
  expect(() => setUp().followers.follow('a/#/b')).toThrow('the topic filter: ');
});

test('an explanation that fails ends the follower and no record', async () => {
  const { followers, mapping } = setUp();
  const broken = { ...mapping, ruleSet: undefined } as unknown as Mapping;
  const id = followers.follow('#');
  expect(followers.watching(broken)(sampleRecord('{"t":1}'), new StateTables())).toMatchObject({
    kind: 'points',
  });
  expect(await followers.next(id)).toMatchObject({ isEnded: true });
});

test('whole payloads are only for the follower that asks for them', async () => {
  const { followers, send } = setUp();
  const ids = [followers.follow('#', true), followers.follow('#')];
  send('home/a', '{"t":1}');
  const answers = await Promise.all(ids.map((id) => followers.next(id)));
  const payloads = answers.map(({ records }) => (JSON.parse(records[0]!) as FollowedRecord).payloadBase64);
  expect(payloads).toEqual([Buffer.from('{"t":1}').toString('base64'), undefined]);
});
