import { describe, expect, it } from 'vitest';
import type { Arrival, ArrivalReport, ArrivalsScope } from '../../src/arrivals/arrival.js';
import { Arrivals, MAX_FOLLOWED, MAX_SEARCHES } from '../../src/arrivals/arrivals.js';
import { MAX_LAST } from '../../src/arrivals/last-arrivals.js';
import { ARRIVALS_PER_SECOND } from '../../src/arrivals/watcher.js';
import { sampleRecord } from '../rules/sample-record.js';
import { SetClock } from '../support/clock.js';

function setUp(sees: ArrivalsScope['sees'] = 'whole-path') {
  const clock = new SetClock();
  const watched: boolean[] = [];
  let follows = 0;
  const arrivals = new Arrivals({
    scope: { sees },
    clock,
    onWatched: (isWatched) => void watched.push(isWatched),
    onFollow: () => {
      follows += 1;
    },
  });
  const watch = (search?: string) => {
    const shown: Arrival[] = [];
    return { shown, ...arrivals.watch(search, (arrival) => void shown.push(arrival)) };
  };
  /** A record that is durable at once. */
  const receive = (topic: string, receivedAtNs: bigint, clientId = 'c') =>
    arrivals.accepted(sampleRecord('{"t":1}', { topic, receivedAtNs, clientId }), () => undefined)();
  const report = (id: bigint, more: Partial<ArrivalReport> = {}) =>
    arrivals.take({
      reports: [
        { id: String(id), result: { outcome: 'stored' }, steps: { storedMs: 9 }, names: [], ...more },
      ],
      omitted: [],
    });
  return { clock, arrivals, watched, follows: () => follows, watch, receive, report };
}

const ids = (shown: readonly Arrival[]) => shown.map(({ id, outcome }) => `${id} ${outcome}`);

describe('without a search', () => {
  it('shows one message a second, first as waiting, and again with its outcome', () => {
    const { clock, arrivals, watch, receive, report } = setUp();
    const { shown } = watch();
    receive('a', 1n);
    receive('b', 2n);
    clock.elapsedMs = 999;
    receive('c', 3n);
    clock.elapsedMs = 1_000;
    receive('d', 4n);
    expect(arrivals.takeQuestion()).toEqual({
      isWatched: true,
      chooses: 'devices',
      wantsSample: true,
      searches: [],
      follow: ['1', '4'],
    });
    expect(arrivals.takeQuestion().follow).toEqual([]);
    report(1n);
    report(2n);
    expect(ids(shown)).toEqual(['1 waiting', '4 waiting', '1 stored']);
    expect(shown[2]?.steps).toEqual({ receivedMs: 0, loggedMs: 1_795_000_000_000, storedMs: 9 });
  });

  it('shows a message only once it is durable', () => {
    const { arrivals, watch } = setUp();
    const { shown } = watch();
    let isAnswered = false;
    const stored = arrivals.accepted(sampleRecord('{}', { receivedAtNs: 1n }), () => {
      isAnswered = true;
    });
    expect([shown.length, isAnswered]).toEqual([0, false]);
    stored();
    expect([shown.length, isAnswered]).toEqual([1, true]);
  });

  it('gives back the callback of a record that nobody is shown', () => {
    const { arrivals, watch, receive } = setUp();
    watch();
    receive('a', 1n);
    const stored = () => undefined;
    expect(arrivals.accepted(sampleRecord('{}', { receivedAtNs: 2n }), stored)).toBe(stored);
  });

  it('shows the sample of the consumer where no broker runs, and not what only a search has found', () => {
    const { arrivals, watch, report } = setUp('storing');
    const { shown } = watch();
    watch('kitchen');
    const message = { atMs: 0, topic: 'kitchen', client: 'c', qos: 1, payloadBytes: 0 } as const;
    expect(arrivals.takeQuestion().chooses).toBe('all');
    report(1n, { message: { id: '1', ...message } });
    report(2n, { message: { id: '2', ...message }, isSample: true });
    expect(ids(shown)).toEqual(['2 stored']);
  });
});

describe('with a search', () => {
  it('shows every message whose topic, client or device has it, in any case', () => {
    const { watch, receive, report } = setUp();
    const { shown } = watch('kitchen');
    receive('home/KITCHEN/t', 1n);
    receive('home/hall/t', 2n, 'Kitchen-7');
    receive('home/hall/t', 3n);
    const message = { id: '4', atMs: 0, topic: 'x', client: 'c', qos: 1, payloadBytes: 0 } as const;
    report(4n, { message, names: ['The Kitchen'] });
    report(5n, { message: { ...message, id: '5' }, names: ['hall'] });
    expect(ids(shown)).toEqual(['1 waiting', '2 waiting', '4 stored']);
  });

  it('counts what is above its bound instead of showing it, each once', () => {
    const { arrivals, clock, watch, receive, report } = setUp();
    const { shown, takeOmitted } = watch('a');
    for (let n = 1; n <= ARRIVALS_PER_SECOND + 5; n += 1) receive('a', BigInt(n));
    expect([shown.length, takeOmitted(), takeOmitted()]).toEqual([ARRIVALS_PER_SECOND, 5, 0]);
    // Another one is shown it, so it is followed, and its outcome is no second message.
    const sampler = watch();
    receive('a', 100n);
    report(100n);
    expect(ids(sampler.shown)).toEqual(['100 waiting', '100 stored']);
    expect([shown.length, takeOmitted()]).toEqual([ARRIVALS_PER_SECOND, 1]);
    arrivals.take({ reports: [], omitted: [{ search: 'a', records: 3 }] });
    expect(takeOmitted()).toBe(3);
    clock.elapsedMs = 1_000;
    receive('a', 101n);
    expect(shown.at(-1)?.id).toBe('101');
  });

  it('has room for some different searches, and for more of the same', () => {
    const { arrivals, watch } = setUp();
    for (let n = 0; n < MAX_SEARCHES; n += 1) watch(`search ${n}`);
    expect(arrivals.hasRoomFor('another')).toBe(false);
    expect(arrivals.hasRoomFor('search 0')).toBe(true);
    expect(arrivals.hasRoomFor(undefined)).toBe(true);
  });
});

describe('those who watch', () => {
  it('are noticed when the first begins and the last ends, and get nothing after their end', () => {
    const { arrivals, watched, follows, watch, receive, report } = setUp();
    const one = watch();
    const other = watch('b');
    expect(watched).toEqual([true]);
    receive('a', 1n);
    expect(follows()).toBe(1);
    one.end();
    one.end();
    report(1n);
    other.end();
    expect(watched).toEqual([true, false]);
    expect(ids(one.shown)).toEqual(['1 waiting']);
    expect(arrivals.takeQuestion()).toMatchObject({ isWatched: false, searches: [], follow: [] });
  });
});

describe('the last message', () => {
  it('is found by device and by topic, with what is known of it', () => {
    const { arrivals, watch, receive, report } = setUp();
    watch('home');
    receive('home/a', 1n);
    expect(arrivals.last({ topic: 'home/a' })).toMatchObject({ outcome: 'waiting' });
    expect(arrivals.last({ device: 'a-1' })).toBeUndefined();
    report(1n, { names: ['a-1', 'attic'] });
    expect(arrivals.last({ device: 'a-1' })).toMatchObject({ id: '1', outcome: 'stored' });
    expect(arrivals.last({ device: 'attic' })).toEqual(arrivals.last({ topic: 'home/a' }));
  });

  it('is not replaced by an older one that was stored later', () => {
    const { arrivals, watch, receive, report } = setUp();
    watch('home');
    receive('home/a', 1n);
    receive('home/a', 2n);
    report(2n);
    report(1n);
    expect(arrivals.last({ topic: 'home/a' })?.id).toBe('2');
  });

  it('is unknown when nobody watched any more, or when there were too many to follow', () => {
    const { arrivals, clock, watch, receive } = setUp();
    const { end } = watch('home');
    receive('home/a', 1n);
    for (let n = 0; n < MAX_FOLLOWED; n += 1) {
      clock.elapsedMs += 1_000;
      receive(`home/b${n}`, BigInt(n + 2));
    }
    expect(arrivals.last({ topic: 'home/a' })).toMatchObject({ outcome: 'unknown' });
    expect(arrivals.last({ topic: 'home/b0' })).toMatchObject({ outcome: 'waiting' });
    end();
    expect(arrivals.last({ topic: 'home/b0' })).toMatchObject({ outcome: 'unknown' });
  });

  it('is followed however many others are done meanwhile', () => {
    const { arrivals, clock, watch, receive, report } = setUp();
    watch('home');
    receive('home/a', 1n);
    for (let n = 2n; n < BigInt(MAX_FOLLOWED * 2); n += 1n) {
      clock.elapsedMs += 1_000;
      receive('home/b', n);
      report(n);
    }
    expect(arrivals.last({ topic: 'home/a' })).toMatchObject({ outcome: 'waiting' });
  });

  it('is kept of a bounded number of topics', () => {
    const { arrivals, clock, watch, receive } = setUp();
    watch('t');
    for (let n = 0; n < MAX_LAST * 3; n += 1) {
      clock.elapsedMs += 100;
      receive(`t${n}`, BigInt(n + 1));
    }
    const kept = Array.from({ length: MAX_LAST * 3 }, (_, n) => arrivals.last({ topic: `t${n}` }));
    expect(kept.filter((one) => one !== undefined).length).toBeLessThanOrEqual(MAX_LAST);
    expect(kept.at(-1)).toBeDefined();
  });
});
