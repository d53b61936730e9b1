import { describe, expect, it } from 'vitest';
import { ClockWatch } from '../../src/gateway/clock-watch.js';
import { RELEASED_AT_MS } from '../../src/lib/package-root.js';
import { SetClock } from '../support/clock.js';

const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;

function watched(change: (clock: SetClock) => void = () => undefined, lastReceivedAtNs?: () => bigint) {
  const clock = new SetClock();
  clock.wallNs = BigInt(RELEASED_AT_MS) * 1_000_000n + 30n * DAY;
  change(clock);
  const lines: string[] = [];
  const watch = new ClockWatch({
    clock,
    warn: ({ code, from, to }) => lines.push([code, from, to].filter((part) => part !== undefined).join(' ')),
    info: (_fields, sentence) => lines.push(sentence),
    lastReceivedAtNs,
  });
  const pass = (seconds: bigint, steppedNs = 0n) => {
    clock.wallNs += seconds * SECOND + steppedNs;
    clock.elapsedMs += Number(seconds) * 1_000;
    watch.check();
  };
  return { clock, watch, lines, pass, texts: () => watch.notes().map(({ note }) => note) };
}

describe('a clock', () => {
  it('that runs, or is corrected by less than a minute, is not mentioned', () => {
    const { watch, lines, pass, texts } = watched();
    for (let i = 0; i < 10; i += 1) pass(1n, 59n * SECOND);
    pass(600n);
    pass(1n, -59n * SECOND);
    expect([lines, texts(), watch.facts()]).toEqual([[], [], { isImplausible: false, steps: 0 }]);
  });

  it('that is set is logged with both times, counted, and noted for an hour', () => {
    const { clock, watch, lines, pass, texts } = watched((c) => {
      c.wallNs = BigInt(Date.UTC(2027, 0, 1)) * 1_000_000n;
    });
    pass(1n, 400n * DAY);
    pass(1n, -400n * DAY);
    expect(lines).toEqual([
      'CLOCK_STEPPED 2027-01-01T00:00:01.000Z 2028-02-05T00:00:01.000Z',
      'CLOCK_STEPPED 2028-02-05T00:00:02.000Z 2027-01-01T00:00:02.000Z',
    ]);
    expect(watch.facts().steps).toBe(2);
    expect(texts()).toEqual([expect.stringContaining('within the last hour')]);
    clock.elapsedMs += 3_600_000;
    expect(texts()).toEqual([]);
  });

  it('of 1970 is logged, noted and counted until it is set, and that is logged too', () => {
    const { watch, lines, pass, texts } = watched((c) => {
      c.wallNs = 20n * SECOND;
    });
    expect(lines).toEqual(['CLOCK_IMPLAUSIBLE']);
    expect(texts()).toEqual([expect.stringContaining('1970-01-01T00:00:20.000Z cannot be correct')]);
    expect(watch.facts().isImplausible).toBe(true);
    pass(1n);
    pass(1n, BigInt(RELEASED_AT_MS) * 1_000_000n);
    expect(lines.slice(1)).toEqual([
      expect.stringContaining('CLOCK_STEPPED 1970-01-01T00:00:22.000Z'),
      'the clock is plausible again',
    ]);
    expect(watch.facts().isImplausible).toBe(false);
  });

  it('that ran ahead in an earlier process is known from the newest record', () => {
    let lastNs = 0n;
    const { clock, lines, texts } = watched(
      (c) => {
        lastNs = c.wallNs + 400n * DAY;
      },
      () => lastNs,
    );
    expect(lines).toEqual([expect.stringMatching(/^CLOCK_STEPPED/)]);
    expect(texts()).toEqual([
      expect.stringContaining('within the last hour'),
      expect.stringContaining('is ahead of the clock'),
    ]);
    lastNs = clock.wallNs;
    expect(texts()).toHaveLength(1);
  });
});
