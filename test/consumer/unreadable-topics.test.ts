import { describe, expect, test } from 'vitest';
import { parkRejected, prepareBatch } from '../../src/consumer/prepare-batch.js';
import {
  MAX_TOPIC_CHARACTERS,
  MAX_UNREADABLE_TOPICS,
  UnreadableTopics,
} from '../../src/consumer/unreadable-topics.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { Mapped } from '../../src/rules/mapped.js';
import { sampleRecord } from '../rules/sample-record.js';

const START_MS = 1_796_000_000_000;
const POINT = {
  series: { measurement: 'm', tags: [] },
  fields: [{ name: 'v', type: 'float' as const, value: 1 }],
  timestampNs: 1n,
};
const READABLE: Mapped = { kind: 'points', rule: 'r', points: [POINT] };
const PARKED: Mapped = { kind: 'parked', rule: 'r', code: 'payload-not-json', reason: 'expected a value' };
const PARTLY: Mapped = { ...PARKED, points: [POINT] };
const MADE = {
  good: READABLE,
  bad: PARKED,
  partly: PARTLY,
  ignored: { kind: 'filtered', rule: 'f' },
} as const;

/** One message: its topic, what becomes of it, and how many seconds after the start it was received. */
type Message = readonly [topic: string, made: keyof typeof MADE, second: number];

function noted(
  topics: UnreadableTopics,
  messages: readonly Message[],
  rejectedPoints: readonly number[] = [],
) {
  const records = messages.map(([topic, made, second]) =>
    sampleRecord(made, {
      topic,
      clientId: `c-${topic}`,
      receivedAtNs: BigInt(START_MS + second * 1_000) * 1_000_000n,
    }),
  );
  const part = { partition: 'p', records, lost: { damaged: 0, dropped: 0 } };
  const prepared = prepareBatch(
    { parts: [part], position: '', release: () => undefined },
    ({ payload }) => MADE[payload.toString() as keyof typeof MADE],
    () => new StateTables(),
    START_MS,
  );
  const rejections = rejectedPoints.map((index) => ({ index, code: 'store-refused' as const, reason: 'no' }));
  topics.note(prepared, parkRejected(prepared, rejections, START_MS));
}

function listed(...batches: readonly (readonly Message[])[]) {
  const topics = new UnreadableTopics();
  for (const batch of batches) noted(topics, batch);
  return topics.list(START_MS).map(({ topic, sinceMs, lastMs, count }) => {
    return [topic, (sinceMs - START_MS) / 1_000, (lastMs - START_MS) / 1_000, count];
  });
}

describe('a topic is unreadable', () => {
  test('since its first message that was parked, with what is known of the last', () => {
    const topics = new UnreadableTopics();
    noted(topics, [
      ['a', 'bad', 1],
      ['b', 'good', 2],
      ['a', 'bad', 3],
    ]);
    expect(topics.list(START_MS)).toEqual([
      {
        topic: 'a',
        clientId: 'c-a',
        rule: 'r',
        code: 'payload-not-json',
        reason: 'expected a value',
        sinceMs: START_MS + 1_000,
        lastMs: START_MS + 3_000,
        count: 2,
      },
    ]);
  });

  test('until one is written, in whatever batch', () => {
    expect(listed([['a', 'bad', 1]], [['a', 'good', 2]])).toEqual([]);
    expect(
      listed([
        ['a', 'bad', 1],
        ['a', 'good', 2],
      ]),
    ).toEqual([]);
    expect(
      listed([
        ['a', 'good', 1],
        ['a', 'bad', 2],
      ]),
    ).toEqual([['a', 2, 2, 1]]);
    expect(
      listed([
        ['a', 'bad', 1],
        ['a', 'good', 2],
        ['a', 'bad', 3],
      ]),
    ).toEqual([['a', 3, 3, 1]]);
  });

  test('also where points of its message are written, or messages are filtered, or other topics are written', () => {
    expect(listed([['a', 'partly', 1]])).toEqual([['a', 1, 1, 1]]);
    expect(
      listed(
        [['a', 'bad', 1]],
        [
          ['a', 'ignored', 2],
          ['b', 'good', 3],
        ],
      ),
    ).toEqual([['a', 1, 1, 1]]);
  });

  test('where the store rejects the points of its message', () => {
    const topics = new UnreadableTopics();
    noted(
      topics,
      [
        ['a', 'good', 1],
        ['b', 'good', 2],
      ],
      [0],
    );
    expect(topics.list(START_MS).map(({ topic, code }) => [topic, code])).toEqual([['a', 'store-refused']]);
  });

  test('until a replay has written its newest message', () => {
    const topics = new UnreadableTopics();
    noted(topics, [
      ['a', 'bad', 1],
      ['a', 'bad', 2],
    ]);
    const at = (second: number) => ({
      topic: 'a',
      receivedAtNs: BigInt(START_MS + second * 1_000) * 1_000_000n,
    });
    topics.written(at(1));
    expect(topics.list(START_MS)).toHaveLength(1);
    topics.written(at(2));
    expect(topics.list(START_MS)).toEqual([]);
  });

  test('for a day after its last message', () => {
    const topics = new UnreadableTopics();
    noted(topics, [['a', 'bad', 0]]);
    expect(topics.list(START_MS + 86_400_000)).toHaveLength(1);
    expect(topics.list(START_MS + 86_400_001)).toEqual([]);
    expect(topics.list(START_MS)).toEqual([]);
  });
});

test('of too many topics those whose last message is the oldest are forgotten, and long ones are never kept', () => {
  const topics = new UnreadableTopics();
  const all = Array.from({ length: MAX_UNREADABLE_TOPICS }, (_, nth): Message => [`t${nth}`, 'bad', nth]);
  noted(topics, [...all, ['t0', 'bad', 20_000], ['one more', 'bad', 20_001]]);
  noted(topics, [['x'.repeat(MAX_TOPIC_CHARACTERS + 1), 'bad', 20_002]]);
  const kept = topics.list(START_MS).map(({ topic }) => topic);
  expect(kept).toHaveLength(MAX_UNREADABLE_TOPICS);
  expect(kept.at(-1)).toBe('one more');
  expect(kept).toContain('t0');
  expect(kept).not.toContain('t1');
});
