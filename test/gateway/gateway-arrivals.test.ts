import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ArrivalsAnswer, ArrivalsQuestion } from '../../src/arrivals/arrival.js';
import type { RecordObserver } from '../../src/bridge/bridge.js';
import { GatewayArrivals } from '../../src/gateway/gateway-arrivals.js';
import type { GatewayOptions } from '../../src/gateway/gateway-options.js';
import type { ConsumeRequest } from '../../src/pipeline/consume-protocol.js';
import { sampleRecord } from '../rules/sample-record.js';
import { SetClock } from '../support/clock.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OPTIONS = { role: 'all', consume: {} } as unknown as GatewayOptions;

function setUp(options: Pick<GatewayOptions, 'role' | 'consume'> = OPTIONS) {
  const questions: ArrivalsQuestion[] = [];
  const answers: ((answer: ArrivalsAnswer) => void)[] = [];
  const consumer = {
    ask: (request: ConsumeRequest) => {
      if (request.kind === 'arrivals') questions.push(request.question);
      return new Promise<ArrivalsAnswer>((resolve) => void answers.push(resolve));
    },
  };
  const arrivals = new GatewayArrivals(options, consumer, new SetClock());
  const observers: (RecordObserver | undefined)[] = [];
  arrivals.connect({ observe: (observer) => void observers.push(observer) });
  /** Answers the questions that are asked until there are no more. */
  const answer = async (reports: ArrivalsAnswer['reports'] = []) => {
    for (let next = answers.shift(); next !== undefined; next = answers.shift()) {
      next({ reports, omitted: [] });
      await vi.advanceTimersByTimeAsync(0);
    }
  };
  return { arrivals, questions, observers, answer };
}

it('shows the bridge and asks the consumer nothing without a page, and stops both with the last one', async () => {
  const { arrivals, questions, observers, answer } = setUp();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([questions, observers]).toEqual([[], [undefined]]);
  const watch = arrivals.source.watch(undefined, () => undefined);
  await answer();
  expect(observers.at(-1)).toBeDefined();
  expect(questions.map(({ isWatched }) => isWatched)).toEqual([true]);
  watch.end();
  await answer();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(observers.at(-1)).toBeUndefined();
  expect(questions.map(({ isWatched }) => isWatched)).toEqual([true, false]);
  expect(vi.getTimerCount()).toBe(0);
});

it('asks at once about a record that is shown, one question at a time, and shows the answer', async () => {
  const { arrivals, questions, observers, answer } = setUp();
  const shown: string[] = [];
  arrivals.source.watch(undefined, ({ outcome }) => void shown.push(outcome));
  observers.at(-1)?.(sampleRecord('{}', { receivedAtNs: 7n }), () => undefined)();
  expect(questions.map(({ follow }) => follow)).toEqual([[]]);
  await answer();
  expect(questions.map(({ follow }) => follow)).toEqual([[], ['7']]);
  await vi.advanceTimersByTimeAsync(200);
  await answer([{ id: '7', result: { outcome: 'stored' }, steps: {}, names: [] }]);
  expect(shown).toEqual(['waiting', 'stored']);
});

it('asks no more after a stop', async () => {
  const { arrivals, questions, answer } = setUp();
  arrivals.source.watch(undefined, () => undefined);
  await answer();
  arrivals.stop();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(questions.length).toBe(1);
});

describe('what it cannot know', () => {
  it.each([
    ['ingest', {}, 'receiving', /known to the gateway that stores it/],
    ['consume', {}, 'storing', /once it is read from Kinesis/],
    ['all', { kinesis: { reader: {} } }, 'whole-path', undefined],
    ['all', { kinesis: { reader: { leases: {} } } }, 'whole-path', /stays "waiting" here/],
  ] as const)('with --role %s and %j is said: it sees %s', (role, consume, sees, note) => {
    const { arrivals } = setUp({ role, consume } as unknown as GatewayOptions);
    expect(arrivals.source.scope.sees).toBe(sees);
    if (note === undefined) expect(arrivals.source.scope.note).toBeUndefined();
    else expect(arrivals.source.scope.note).toMatch(note);
  });
});
