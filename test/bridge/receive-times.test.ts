import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EPOCH_FILE, readEpochs, writeEpochs } from '../../src/bridge/epoch-file.js';
import type { ReceiveTimes, StoredEpochs } from '../../src/bridge/receive-times.js';
import { checkedJson } from '../../src/lib/checked-json.js';
import { SetClock } from '../support/clock.js';
import { damages } from '../support/damages.js';
import { receiveTimesOf } from '../support/receive-times.js';
import { tempDirectory } from '../support/temp-directory.js';

const SEED = 20_261_129;
const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** A gateway with a data directory whose records all become durable; `restart` is a kill and a new start. */
class Gateway {
  readonly clock = new SetClock();
  readonly times = new Set<bigint>();
  saves = 0;
  #stored: StoredEpochs | undefined;
  #last = 0n;
  #receiveTimes = this.#start();

  get newest(): bigint {
    return this.#last;
  }

  receive(): bigint {
    const ns = this.#receiveTimes.next(this.clock.wallNs);
    expect(this.times.has(ns), `${ns} was used before`).toBe(false);
    this.times.add(ns);
    this.#last = ns;
    return ns;
  }

  /** The process is killed before this record is durable. */
  receiveAndLose(): void {
    this.#receiveTimes.next(this.clock.wallNs);
    this.restart();
  }

  pass(ns: bigint): void {
    this.clock.wallNs += ns;
    this.clock.elapsedMs += Number(ns / 1_000_000n);
  }

  set(byNs: bigint): void {
    this.clock.wallNs += byNs;
  }

  restart(offForNs = SECOND): void {
    this.clock.wallNs += offForNs;
    this.clock.elapsedMs = 0;
    this.#receiveTimes = this.#start();
  }

  #start(): ReceiveTimes {
    return receiveTimesOf({
      clock: this.clock,
      lastReceivedAtNs: this.#last,
      stored: this.#stored,
      save: (epochs) => {
        this.saves += 1;
        this.#stored = structuredClone(epochs);
      },
    });
  }
}

const distance = (left: bigint, right: bigint) => (left > right ? left - right : right - left);

describe('receive times after the clock was wrong', () => {
  it('follow the clock back after one start 400 days ahead', () => {
    const gateway = new Gateway();
    gateway.set(400n * DAY);
    gateway.receive();
    gateway.set(-400n * DAY);
    gateway.restart();
    expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThan(MINUTE);
  });

  it('follow the clock back while the gateway runs, and again when it comes to the times of that day', () => {
    const gateway = new Gateway();
    gateway.receive();
    gateway.set(DAY);
    for (let i = 0; i < 100; i += 1) {
      gateway.pass(MINUTE);
      gateway.receive();
    }
    gateway.set(-DAY);
    for (let i = 0; i < 2 * 24 * 60; i += 1) {
      gateway.pass(MINUTE);
      expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThan(SECOND);
    }
  });

  it('follow a clock that is two hours wrong for a day, though each of its hours was used', () => {
    const gateway = new Gateway();
    for (let round = 0; round < 20; round += 1) {
      for (let i = 0; i < 300; i += 1) {
        gateway.pass(MINUTE);
        expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThan(SECOND);
      }
      gateway.set(-2n * HOUR);
    }
  });

  it('stay unique when a machine without a battery starts in 1970 a hundred times', () => {
    const gateway = new Gateway();
    for (let boot = 0; boot < 100; boot += 1) {
      gateway.clock.wallNs = 20n * SECOND;
      gateway.restart();
      for (let i = 0; i < 20; i += 1) {
        gateway.receive();
        gateway.pass(SECOND);
      }
      gateway.clock.wallNs = 1_795_000_000n * SECOND + BigInt(boot) * HOUR;
      expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThan(SECOND);
    }
  });

  it.each([-5n, 0n, 2n ** 63n, 2n ** 64n + 7n])('have no time that a store cannot hold: clock %d', (ns) => {
    const gateway = new Gateway();
    gateway.receive();
    gateway.clock.wallNs = ns;
    for (let i = 0; i < 3; i += 1) expect(gateway.receive()).toBeLessThan(2n ** 63n);
    expect(gateway.newest).toBeGreaterThan(0n);
  });
});

describe('what is on disk', () => {
  it('is written once at a start, not for each record, and not for a short restart', () => {
    const gateway = new Gateway();
    for (let i = 0; i < 1_000; i += 1) {
      gateway.pass(MINUTE);
      gateway.receive();
    }
    expect(gateway.saves).toBe(1);
    gateway.restart();
    gateway.receive();
    expect(gateway.saves).toBe(1);
  });

  it('is read back as it was written', () => {
    const path = join(tempDirectory(), EPOCH_FILE);
    const epochs: StoredEpochs = {
      closed: [
        { firstNs: 0n, lastNs: 2n ** 62n, lane: -2 },
        { firstNs: 7n, lastNs: 9n, lane: 31 },
      ],
      current: { firstNs: 2n ** 63n - 1n, lane: -1 },
    };
    for (let i = 0; i < 2; i += 1) writeEpochs(path, epochs);
    expect(readEpochs(path)).toEqual(epochs);
  });

  it('an epoch that was never used does not hide the times before it', () => {
    const gateway = new Gateway();
    gateway.receive();
    gateway.set(400n * DAY);
    gateway.receive();
    gateway.set(-400n * DAY);
    gateway.receiveAndLose();
    expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThan(MINUTE);
  });

  it('without the file the spans of the log are stepped over', () => {
    const clock = new SetClock();
    const span = { firstNs: clock.wallNs - DAY, lastNs: clock.wallNs + DAY };
    const future = { firstNs: clock.wallNs + 400n * DAY, lastNs: clock.wallNs + 400n * DAY };
    const receiveTimes = receiveTimesOf({ clock, lastReceivedAtNs: future.lastNs, logSpans: [span, future] });
    expect(receiveTimes.next(clock.wallNs)).toBe(span.lastNs + 1n);
    expect(receiveTimes.next(clock.wallNs)).toBe(span.lastNs + 2n);
  });

  it('an epoch that cannot be saved is not begun: times go on behind the last one, and it is tried again', () => {
    const clock = new SetClock();
    let isFull = false;
    const failures: unknown[] = [];
    const receiveTimes = receiveTimesOf({
      clock,
      save: () => {
        if (isFull) throw new Error('ENOSPC');
      },
      onSaveFailed: (thrown) => failures.push(thrown),
    });
    const first = receiveTimes.next(clock.wallNs);
    isFull = true;
    clock.wallNs -= HOUR;
    for (let i = 1n; i <= 100n; i += 1n) expect(receiveTimes.next(clock.wallNs)).toBe(first + i);
    expect(failures.length).toBe(1);
    isFull = false;
    clock.elapsedMs += 1_000;
    expect(distance(receiveTimes.next(clock.wallNs), clock.wallNs)).toBeLessThan(SECOND);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"format":1,"current":{"first":"1","lane":-1},"closed":[]}',
    checkedJson('receiveTimes', { format: 2 }),
    checkedJson('receiveTimes', { format: 1, current: { first: 1 }, closed: [] }),
  ])('a file with %j is refused, and no file is none', (text) => {
    const path = join(tempDirectory(), EPOCH_FILE);
    expect(readEpochs(path)).toBeUndefined();
    writeFileSync(path, text);
    expect(() => readEpochs(path)).toThrow(EPOCH_FILE);
  });

  it('any truncation and any flipped bit of the file is refused: no other time is read by chance', () => {
    const path = join(tempDirectory(), EPOCH_FILE);
    const epochs = { closed: [{ firstNs: 7n, lastNs: 9n, lane: 3 }], current: { firstNs: 10n, lane: -1 } };
    writeEpochs(path, epochs);
    const whole = readFileSync(path);
    for (const damaged of damages(whole)) {
      // The line feed at the end has no meaning.
      if (damaged.subarray(0, -1).equals(whole.subarray(0, -1)) || damaged.equals(whole.subarray(0, -1)))
        continue;
      writeFileSync(path, damaged);
      expect(() => readEpochs(path), damaged.toString()).toThrow(EPOCH_FILE);
    }
  });
});

it('no two records share a receive time, and it is the clock within a minute, whatever is done to the clock', () => {
  const step = fc.bigInt({ min: -400n * DAY, max: 400n * DAY });
  const smallStep = fc.bigInt({ min: -3n * HOUR, max: 3n * HOUR });
  const action = fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('receive'), ns: fc.bigInt(0n, 20n * MINUTE) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('set'), ns: fc.oneof(step, smallStep) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart'), ns: fc.bigInt(0n, 2n * DAY) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill'), ns: fc.constant(0n) }) },
  );
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 120 }), (actions) => {
      const gateway = new Gateway();
      for (const { kind, ns } of actions) {
        if (kind === 'set') gateway.set(ns);
        else if (kind === 'restart') gateway.restart(ns);
        else if (kind === 'kill') gateway.receiveAndLose();
        else {
          gateway.pass(ns);
          for (let i = 0; i < 3; i += 1) {
            expect(distance(gateway.receive(), gateway.clock.wallNs)).toBeLessThanOrEqual(MINUTE);
          }
        }
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});
