import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import { type ParkedRecord, parkedRecord } from '../../src/dead-letter/parked-record.js';
import { GatewayParkedGroups, type ParkedGroupsParts } from '../../src/gateway/gateway-parked-groups.js';
import type { RulesInUse } from '../../src/gateway/gateway-reload.js';
import type { TriedRecord } from '../../src/replay/try-parked.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const HOUR_MS = 3_600_000;
/** Half past two in the afternoon, by the clock of the machine. */
const NOW_MS = new Date(2026, 10, 29, 14, 30).getTime();

const RULES = `rules:
  - name: weather
    topic: weather/+device
    measurement: weather
    fields: { humidity: { path: payload.humidity, type: float, range: [0, 100] } }
`;

function rulesSince(sinceMs: number): RulesInUse {
  const result = parseConfig(RULES, 'sluice.yaml', '/', {});
  if (!result.ok) throw new Error('rules');
  return { loaded: { ...result.loaded, file: 'sluice.yaml' }, sinceMs };
}

function parked(n: number, parkedAtMs: number, code: ParkCode = 'field-out-of-range'): ParkedRecord {
  const reason = 'the field "humidity" is the number 100.4, outside the range 0 to 100';
  const why = code === 'rule-none' ? { code, reason: 'none' } : { code, reason, rule: 'weather' };
  return parkedRecord({ ...testRecord(n), topic: 'weather/a' }, why, parkedAtMs);
}

async function opened(
  options: { rules?: 'none'; maxSizeBytes?: number; limits?: ParkedGroupsParts['limits'] } = {},
) {
  const directory = join(tempDirectory(), 'dead-letter');
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: options.maxSizeBytes ?? 1 << 26 });
  onTestFinished(() => writer.close());
  const state = {
    nowMs: NOW_MS,
    rules: options.rules === 'none' ? undefined : rulesSince(1),
    outcomeOf: (_id: string): TriedRecord => ({ outcome: 'written' }),
    asked: [] as number[],
    parked: {} as Record<string, number>,
  };
  const make = () =>
    new GatewayParkedGroups({
      directory,
      worker: {
        report: {},
        ask: async (request) => {
          if (request.kind !== 'try') throw new Error(request.kind);
          state.asked.push(request.places.length);
          return request.places.map(({ id }) => state.outcomeOf(id));
        },
      },
      ledger: () => ({
        parkedOnlyCounted: 3,
        reasons: { parked: state.parked, filtered: {}, lost: {} },
      }),
      rules: () => state.rules,
      size: () => ({ bytes: 5, maxBytes: 9 }),
      nowMs: () => state.nowMs,
      ...(options.limits && { limits: options.limits }),
    });
  return { writer, state, make };
}

it('counts hours and today by the clock of the gateway', async () => {
  const { writer, make } = await opened();
  const times = [
    // The hour that is going on, the one before, and the last of yesterday.
    NOW_MS - 1,
    NOW_MS - HOUR_MS,
    NOW_MS - HOUR_MS,
    new Date(2026, 10, 28, 23, 59).getTime(),
    // The first of the 24 hours, and just before it.
    new Date(2026, 10, 28, 15, 0).getTime(),
    new Date(2026, 10, 28, 14, 59).getTime(),
  ].sort((one, other) => one - other);
  await writer.append(times.map((atMs, n) => parked(n, atMs)));
  const { groups, ...answer } = await make().groups();
  expect(answer).toMatchObject({ asOfMs: NOW_MS, records: 6, today: 3, onlyCounted: 3, ofOtherGroups: 0 });
  expect(answer).toMatchObject({ sizeBytes: 5, maxSizeBytes: 9, finished: [] });
  expect(answer).not.toHaveProperty('incomplete');
  const [group] = groups;
  expect(group).toMatchObject({ code: 'field-out-of-range', rule: 'weather', count: 6, countToday: 3 });
  expect(group).toMatchObject({
    firstMs: times[0],
    lastMs: NOW_MS - 1,
    topics: [{ topic: 'weather/a', count: 6 }],
  });
  const expected = Array.from({ length: 24 }, () => 0);
  expected[23] = 1;
  expected[22] = 2;
  expected[8] = 1;
  expected[0] = 1;
  expect(group!.perHour).toEqual(expected);
});

it('names the newest record with its reason, and the part of the rule that decides', async () => {
  const { writer, make } = await opened();
  await writer.append([parked(1, NOW_MS - 9), parked(2, NOW_MS - 5), parked(3, NOW_MS - 7, 'rule-none')]);
  const { groups, rulesSinceMs, rulesFile } = await make().groups();
  expect([rulesSinceMs, rulesFile]).toEqual([1, 'sluice.yaml']);
  expect(groups[0]!.sample).toMatchObject({ id: parked(2, 0).id, reason: parked(2, 0).reason });
  expect(groups[0]!.rulePart).toMatchObject({
    file: 'sluice.yaml',
    line: 5,
    key: 'rules[0].fields.humidity',
  });
  expect(groups[1]).not.toHaveProperty('rule');
  expect(groups[1]).not.toHaveProperty('rulePart');
});

it('says of some records what a replay would make of them, and tries them again by other rules only', async () => {
  const { writer, state, make } = await opened();
  await writer.append(Array.from({ length: 100 }, (_, n) => parked(n, NOW_MS + n)));
  const odd: TriedRecord[] = [
    { outcome: 'written' },
    { outcome: 'filtered', code: 'x', reason: 'y' },
    { outcome: 'parked', code: 'no-fields', reason: 'none' },
  ];
  let tries = 0;
  state.outcomeOf = () => odd[tries++ % 3]!;
  const groups = make();
  const first = (await groups.groups()).groups[0]!.replay!;
  expect(first).toMatchObject({ tried: 20, fits: 7, filtered: 7 });
  expect(first.parkedAgain).toEqual({ code: 'no-fields', reason: 'none' });
  expect(first.outcomes.slice(0, 3)).toEqual(['written', 'filtered', 'parked']);
  expect(state.asked).toEqual([20]);

  const again = async () => {
    groups.forget();
    return (await groups.groups()).groups[0]!.replay;
  };
  expect(await again()).toEqual(first);
  expect(state.asked).toEqual([20]);
  state.rules = rulesSince(2);
  state.outcomeOf = () => ({ outcome: 'written' });
  expect(await again()).toMatchObject({ tried: 20, fits: 20, filtered: 0 });
  state.nowMs += 61_000;
  await again();
  expect(state.asked).toEqual([20, 20, 20]);
});

it('tries nothing where no rules run', async () => {
  const { writer, state, make } = await opened({ rules: 'none' });
  await writer.append([parked(1, NOW_MS)]);
  const answer = await make().groups();
  expect(answer.groups[0]).not.toHaveProperty('replay');
  expect(answer.groups[0]).not.toHaveProperty('rulePart');
  expect(answer).not.toHaveProperty('rulesSinceMs');
  expect(state.asked).toEqual([]);
});

it('shares an answer between those who ask at once, and asks again after a failure', async () => {
  const { writer, state, make } = await opened();
  await writer.append([parked(1, NOW_MS)]);
  const groups = make();
  const [one, other] = await Promise.all([groups.groups(), groups.groups()]);
  expect(one).toBe(other);
  groups.forget();
  state.rules = rulesSince(2);
  state.outcomeOf = () => {
    throw new Error('the worker is gone');
  };
  await expect(groups.groups()).rejects.toThrow('the worker is gone');
  state.outcomeOf = () => ({ outcome: 'written' });
  expect((await groups.groups()).groups[0]!.replay).toMatchObject({ fits: 1 });
});

it('takes from the ledger how many there are while not all files have been read', async () => {
  const { writer, state, make } = await opened({
    maxSizeBytes: 1 << 19,
    limits: { maxBytes: 1, maxMs: 60_000 },
  });
  for (let n = 0; n < 150; n += 1)
    await writer.append([{ ...parked(n, NOW_MS), payload: Buffer.alloc(800, 'x') }]);
  state.parked = { 'field-out-of-range': 150, 'rule-none': 4, purged: 7, unreadable: 1 };
  const groups = make();
  const answer = await groups.groups();
  const read = answer.groups[0]!.count;
  expect(read).toBeLessThan(150);
  expect(answer).toMatchObject({ incomplete: true, records: 154 });
  expect(answer.unread).toEqual({ 'field-out-of-range': 150 - read, 'rule-none': 4 });
  let whole = answer;
  while (whole.incomplete) {
    groups.forget();
    whole = await groups.groups();
  }
  expect(whole).toMatchObject({ records: 150 });
  expect(whole).not.toHaveProperty('unread');
});
