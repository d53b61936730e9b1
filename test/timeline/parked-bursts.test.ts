import { expect, it } from 'vitest';
import { ParkedBursts } from '../../src/timeline/parked-bursts.js';

it('many messages of one reason within a minute are found, until none has come for a minute', () => {
  const bursts = new ParkedBursts();
  let nowMs = 0;
  const look = (count: number) => {
    nowMs += 1_000;
    return bursts.look({ 'payload-not-json': count, 'rule-none': 500 }, nowMs);
  };
  // What was parked before is not new.
  expect(look(1_000)).toEqual([]);
  expect(look(1_009)).toEqual([]);
  expect(bursts.unknownCodes).toEqual([]);
  expect(look(1_010)).toEqual([
    {
      key: 'many-parked:payload-not-json',
      state: 'failing',
      cause: 'many-parked',
      subject: 'payload-not-json',
      detail: '10 messages are set aside (payload-not-json)',
    },
  ]);
  expect(bursts.unknownCodes).toEqual(['payload-not-json']);
  bursts.name('payload-not-json', { topic: 'pump/1', reason: 'NaN is no number' });
  expect(bursts.unknownCodes).toEqual([]);
  nowMs += 50_000;
  expect(look(1_014)).toMatchObject([
    { subject: 'pump/1', detail: '14 messages are set aside (payload-not-json): NaN is no number' },
  ]);
  nowMs += 58_000;
  expect(look(1_014)).toHaveLength(1);
  expect(look(1_014)).toEqual([]);
});

it('a reason that comes for the first time is counted from 0', () => {
  const bursts = new ParkedBursts();
  expect(bursts.look({}, 0)).toEqual([]);
  expect(bursts.look({ 'rule-none': 12 }, 1_000)).toMatchObject([
    { detail: '12 messages are set aside (rule-none)' },
  ]);
});

it('single ones now and then are not many', () => {
  const bursts = new ParkedBursts();
  for (let i = 0; i < 100; i += 1) expect(bursts.look({ 'rule-none': i }, i * 10_000)).toEqual([]);
});
